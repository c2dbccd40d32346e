"""Heatmaps laid into their image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def heat(heatmaps: Array, cell_to_pixel: Array, x: Array, y: Array) -> Array:
    """The highest score of all keypoints at every point of a grid of pixels.

    Scores are interpolated linearly between the cells' centres and are 0 outside the heatmap.

    Arguments:
        heatmaps: (K, h, w) scores.
        cell_to_pixel: (K or 1, 2, 3) affine from cell (x, y, 1) to pixel.
        x: (N,) px.
        y: (M,) px.

    Returns:
        (M, N) scores.
    """
    pixels = np.stack(np.meshgrid(x, y))
    wash = np.zeros((len(y), len(x)))
    affines = np.broadcast_to(cell_to_pixel, (len(heatmaps), 2, 3)).astype(np.float64)
    for scores, affine in zip(heatmaps, affines):
        offset = pixels - affine[:, 2, None, None]
        column, row = np.einsum("ij,jmn->imn", np.linalg.inv(affine[:, :2]), offset)
        np.maximum(wash, _at(scores, row, column), out=wash)
    return wash


def _at(scores: Array, row: Array, column: Array) -> Array:
    """`scores` at fractional rows and columns."""
    h, w = scores.shape
    # A rim of zero cells makes the score fall to 0 within one cell and stay there.
    padded = np.pad(scores.astype(np.float64), 1)
    row, column = np.clip(row + 1, 0, h + 1), np.clip(column + 1, 0, w + 1)
    top, left = np.minimum(row.astype(int), h), np.minimum(column.astype(int), w)
    down, across = row - top, column - left
    upper = padded[top, left] * (1 - across) + padded[top, left + 1] * across
    lower = padded[top + 1, left] * (1 - across) + padded[top + 1, left + 1] * across
    result: Array = upper * (1 - down) + lower * down
    return result
