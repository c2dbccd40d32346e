"""Projected hypotheses over the evidence, in every view."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_pictures.chosen_frames import chosen_frames
from platypose_pictures.config import PicturesConfig
from platypose_pictures.heat import heat
from platypose_pictures.page import INK, SMALL, page, panel_width, plain
from platypose_pictures.strokes import colour, keypoint_limbs, skeletons, translucency

Array = NDArray[Any]

WASH = LinearSegmentedColormap.from_list("wash", ["#ffffff", "#d8d8d8", "#a8a8a8", "#787878"])
"""Greys, which take nothing from the colours of the sides."""
MARGIN = 1.25
"""Size of a panel over that of the person."""
STAYS = 1.5
"""A person whose whole way is at most so many times their size is shown in a fixed window."""
CELLS = 120
"""Points across a panel at which heatmaps are read."""


@attrs.frozen(kw_only=True, eq=False)
class Window:
    """The part of an image that is shown, px."""

    centre: Array
    size: Array

    @property
    def left_right(self) -> tuple[float, float]:
        """Limits in x."""
        return self.centre[0] - self.size[0] / 2, self.centre[0] + self.size[0] / 2

    @property
    def bottom_top(self) -> tuple[float, float]:
        """Limits in y, which points down."""
        return self.centre[1] + self.size[1] / 2, self.centre[1] - self.size[1] / 2


def overlay(result: Result, evidence: Evidence, config: PicturesConfig) -> Figure:
    """One row a view and one column a frame; of a single frame, one column a view.

    Arguments:
        result: with projected keypoints of at least one view.
        evidence: of the same views and frames.
        config: how many frames and hypotheses.
    """
    frames = chosen_frames(result.projected.shape[1], config.frames)
    views = range(result.projected.shape[2])
    cells = [[(frame, view) for frame in frames] for view in views]
    if len(frames) == 1:
        cells = [[cell for row in cells for cell in row]]
    windows, fixed = _windows(result, frames)
    shared = fixed and len(frames) > 1
    columns, gap = len(cells[0]), (0.08 if shared else 0.3, 0.2)
    width = panel_width(columns, gap[0], 2.8)
    size = windows[frames[0], 0].size
    figure, axes = page(
        len(cells),
        columns,
        panel=(width, float(width * size[1] / size[0])),
        gap=gap,
        title="Hypotheses projected onto the evidence",
        caption=_caption(result, evidence, config),
    )
    for row, line in zip(cells, axes):
        for (frame, view), ax in zip(row, line):
            _panel(ax, result, evidence, frame, view, windows[frame, view], config)
            ax.tick_params(labelleft=not shared or frame == frames[0])
            moment, camera = (
                f"{frame / result.frame_rate:.2f} s",
                plain(evidence.cameras[view].name),
            )
            if len(frames) == 1:
                ax.set_title(f"{camera}, {moment}", size=SMALL, color=INK, pad=3)
            elif view == 0:
                ax.set_title(moment, size=SMALL, color=INK, pad=3)
            if ax is line[0]:
                label = "y (px)" if len(frames) == 1 else f"{camera}: y (px)"
                ax.set_ylabel(label, size=SMALL, labelpad=2)
            if row is cells[-1]:
                ax.set_xlabel("x (px)", size=SMALL, labelpad=1.5)
    return figure


def _panel(
    ax: Axes,
    result: Result,
    evidence: Evidence,
    frame: int,
    view: int,
    window: Window,
    config: PicturesConfig,
) -> None:
    names = result.keypoint_names
    if evidence.heatmaps is not None and evidence.cell_to_pixel is not None:
        _wash(ax, evidence.heatmaps, evidence.cell_to_pixel, frame, view, window)
    drawn = result.projected[: config.hypotheses, frame, view]
    limbs = keypoint_limbs(names, result.skeleton)
    opacity = translucency(len(drawn))
    ax.add_collection(skeletons(drawn, names, limbs, width=0.8, opacity=opacity), autolim=False)
    weights = np.clip(result.weights[frame, view], 0, 1)
    seen = weights > 0
    if evidence.heatmaps is None and seen.any():
        x, y = result.observed[frame, view, seen].T
        ax.scatter(
            x,
            y,
            s=13,
            c=[colour(name) for name, there in zip(names, seen) if there],
            alpha=weights[seen],
            edgecolors="white",
            linewidths=0.6,
            zorder=3,
        )
    ax.set(xlim=window.left_right, ylim=window.bottom_top, aspect="equal")
    ax.xaxis.set_major_locator(MaxNLocator(3))
    ax.yaxis.set_major_locator(MaxNLocator(5))


def _wash(
    ax: Axes, heatmaps: Array, cell_to_pixel: Array, frame: int, view: int, window: Window
) -> None:
    (left, right), (bottom, top) = window.left_right, window.bottom_top
    step = (right - left) / CELLS
    x = np.arange(left + step / 2, right, step)
    y = np.arange(top + step / 2, bottom, step)
    ax.imshow(
        heat(heatmaps[frame, view], cell_to_pixel[frame, view], x, y) / heatmaps.max(initial=1e-12),
        extent=(left, left + step * len(x), top + step * len(y), top),
        cmap=WASH,
        vmin=0,
        vmax=1,
        interpolation="bilinear",
        zorder=0,
    )


def _windows(result: Result, frames: tuple[int, ...]) -> tuple[dict[tuple[int, int], Window], bool]:
    """Around the person in every frame and view, of one shape, and of one size in each view.

    Returns:
        them, and whether those of a view are all the same: where the person stays in about one
        place.
    """
    views = range(result.projected.shape[2])
    boxes = np.array([[box(result, frame, view) for view in views] for frame in frames])
    extent = (boxes[:, :, 1] - boxes[:, :, 0]).max(0)
    whole = np.stack([boxes[:, :, 0].min(0), boxes[:, :, 1].max(0)], 1)
    fixed = bool((whole[:, 1] - whole[:, 0] <= STAYS * extent).all())
    if fixed:
        boxes[:] = whole
        extent = whole[:, 1] - whole[:, 0]
    aspect = float(np.clip((extent[:, 1] / extent[:, 0]).max(), 0.8, 1.8))
    width = MARGIN * np.maximum(extent[:, 0], extent[:, 1] / aspect)
    windows = {
        (frame, view): Window(
            centre=boxes[i, view].mean(0), size=np.array([width[view], width[view] * aspect])
        )
        for i, frame in enumerate(frames)
        for view in views
    }
    return windows, fixed


def box(result: Result, frame: int, view: int) -> tuple[Array, Array]:
    """Corners of what was seen, or else of the hypotheses, grown towards most hypotheses."""
    projected = np.nan_to_num(result.projected[:, frame, view].astype(np.float64))
    seen = result.observed[frame, view][result.weights[frame, view] > 0]
    points = seen if len(seen) > 1 else np.median(projected, 0)
    low, high = points.min(0), points.max(0)
    # Hypotheses that are far off may not push the person aside.
    reach = max((high - low).max(), 1e-6) / 4
    most = np.quantile(projected, [0.1, 0.9], axis=0)
    low = np.clip(most[0].min(0), low - reach, low)
    high = np.clip(most[1].max(0), high, high + reach)
    middle = (low + high) / 2
    half = np.maximum((high - low) / 2, 0.5 * reach)
    return middle - half, middle + half


def _caption(result: Result, evidence: Evidence, config: PicturesConfig) -> str:
    count = min(len(result.projected), config.hypotheses)
    lines = f"Lines: hypotheses ({count} of {len(result.projected)})."
    what = "Dots: observed keypoints, the fainter the less confident."
    if evidence.heatmaps is not None:
        what = f"Shading: heatmaps of {len(evidence.keypoint_names)} keypoints, the highest score."
    return f"{lines} {what} {result.credit}".strip()
