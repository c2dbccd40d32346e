"""Heatmaps small enough for a page."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.evidence import Evidence

Array = NDArray[Any]

MOST_CELLS = 32_000_000
"""Of all frames together."""
COARSEST = 8
"""Cells across, below which a heatmap shows nothing."""


@attrs.frozen(kw_only=True, eq=False)
class Heat:
    """What is left of the heatmaps.

    Attributes:
        scores: (F, V, K, h, w) with 255 the highest of all; K is 1 where all keypoints have the
            same cells, of which the highest score counts.
        cell_to_pixel: (F, V, K or 1, 2, 3) affine from cell (x, y, 1) to pixel.
    """

    scores: NDArray[np.uint8]
    cell_to_pixel: NDArray[np.float32]


def small_heat(evidence: Evidence) -> Heat | None:
    """The heatmaps in as many cells as a page bears; None without any, or where too few are left.

    Neighbouring cells become one that has the highest score of them.
    """
    if evidence.heatmaps is None or evidence.cell_to_pixel is None:
        return None
    heatmaps = evidence.heatmaps
    if evidence.cell_to_pixel.shape[2] == 1:
        heatmaps = heatmaps.max(2, keepdims=True)
    size, factor = heatmaps.size, 1
    while size / factor**2 > MOST_CELLS:
        factor *= 2
    if factor > 1 and min(heatmaps.shape[3:]) < COARSEST * factor:
        return None
    scores = _coarser(heatmaps, factor)
    highest = max(float(scores.max()), 1e-12)
    middle = (factor - 1) / 2  # of the cells that became the first, in the old count
    wider = np.array([[factor, 0, middle], [0, factor, middle], [0, 0, 1]])
    return Heat(
        scores=np.rint(scores * (255 / highest)).astype(np.uint8),
        cell_to_pixel=(evidence.cell_to_pixel.astype(np.float64) @ wider).astype(np.float32),
    )


def _coarser(heatmaps: Array, factor: int) -> Array:
    *rest, h, w = heatmaps.shape
    rows, columns = -(-h // factor), -(-w // factor)
    room = [(0, 0)] * len(rest) + [(0, rows * factor - h), (0, columns * factor - w)]
    cells = np.pad(heatmaps, room).reshape(*rest, rows, factor, columns, factor)
    coarse: Array = cells.max((-3, -1))
    return coarse
