"""Hypotheses in 3D, from the front and from the side."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_pictures.chosen_frames import chosen_frames
from platypose_pictures.config import PicturesConfig
from platypose_pictures.heading import front_view, mean_left_of, side_view
from platypose_pictures.page import INK, SMALL, page, panel_width
from platypose_pictures.strokes import skeletons, translucency

Array = NDArray[Any]

SIDES = (
    ("front", "leftward (m)", front_view),
    ("side", "forward (m)", side_view),
)
NEARLY_ALL = 0.998
"""Share of the joints that the panels hold; a wild hypothesis does not make all others small."""


def poses(result: Result, evidence: Evidence, config: PicturesConfig) -> Figure:
    """Front above side, one column a frame; of a single frame, front beside side.

    Every hypothesis stands with its root on the vertical axis, at the median root's height.

    Arguments:
        result: the hypotheses.
        evidence: whose joints measured in 3D, if any, are drawn too.
        config: how many frames and hypotheses.
    """
    chosen = list(chosen_frames(result.samples.shape[1], config.frames))
    mean = result.samples.mean(0)
    height = np.median(result.root[..., 2], axis=0)
    ground = float((mean[..., 2].min(-1) + height).min())
    lift = np.zeros((len(chosen), 1, 3))
    lift[..., 2] = (height - ground)[chosen, None]
    left = mean_left_of(result.samples, result.skeleton)
    drawn = result.samples[: config.hypotheses, chosen] + lift
    measured = _measured(result, evidence, ground)

    cells = [[(side, column) for column in range(len(chosen))] for side in SIDES]
    if len(chosen) == 1:
        cells = [[cell for row in cells for cell in row]]
    low, high = limits(np.concatenate([view(drawn, left) for _, _, view in SIDES]), NEARLY_ALL)
    gap = (0.08 if len(chosen) > 1 else 0.45, 0.42)
    width = panel_width(len(cells[0]), gap[0], 2.8)
    figure, axes = page(
        len(cells),
        len(cells[0]),
        panel=(width, float(width * (high - low)[1] / (high - low)[0])),
        gap=gap,
        title="Hypotheses in 3D, roots aligned",
        caption=_caption(result, config, evidence),
    )
    for row, line in zip(cells, axes):
        for ((name, across, view), column), ax in zip(row, line):
            frame = chosen[column]
            floor(ax, low, high)
            draw(ax, result, view(drawn[:, column], left), width=0.7)
            draw(ax, result, view(mean[None, frame] + lift[column], left), width=2.0, opacity=1.0)
            if measured is not None:
                x, y = view(measured[frame], left).T
                ax.scatter(x, y, s=14, facecolors="none", edgecolors=INK, linewidths=0.8)
            if line is axes[0]:
                ax.set_title(f"{frame / result.frame_rate:.2f} s", size=SMALL, color=INK, pad=3)
            ax.set_xlabel(across, size=SMALL, labelpad=1)
            if column == 0:
                ax.set_ylabel(f"{name}: height (m)", size=SMALL, labelpad=2)
            else:
                ax.tick_params(labelleft=False)
    return figure


def draw(
    ax: Axes, result: Result, points: Array, *, width: float, opacity: float | None = None
) -> None:
    """Add skeletons, (H, J, 2) on the page; the opacity suits their number unless given."""
    bones = skeletons(
        points,
        result.skeleton.joints,
        result.skeleton.bones,
        width=width,
        opacity=translucency(len(points)) if opacity is None else opacity,
    )
    ax.add_collection(bones, autolim=False)


def limits(points: Array, share: float = 1.0) -> tuple[Array, Array]:
    """Corners of a panel that holds that share of the points, with x = 0 in the middle.

    Arguments:
        points: (..., 2) on the page, metres; 0 is the ground.
        share: of the points, along each axis.
    """
    flat = points.reshape(-1, 2)
    reach = max(float(np.quantile(np.abs(flat[:, 0]), share)) + 0.1, 0.65)
    top, bottom = np.quantile(flat[:, 1], [share, 1 - share])
    return np.array([-reach, min(bottom, 0) - 0.1]), np.array([reach, top + 0.12])


def floor(ax: Axes, low: Array, high: Array) -> None:
    """A panel in metres with the ground and a grid of half metres."""
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    # A number at the very edge would run into the next panel's.
    side = 0.5 * np.floor((high[0] - 0.12) / 0.5)
    ax.set_xticks(np.arange(-side, side + 0.1, 0.5))
    ax.yaxis.set_major_locator(MultipleLocator(0.5))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:.1f}")
    ax.grid(color="#ececec", linewidth=0.5)
    ax.set_axisbelow(True)
    ax.axhline(0, color="#9a9a9a", linewidth=0.8, zorder=0.9)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _measured(result: Result, evidence: Evidence, ground: float) -> list[Array] | None:
    """The joints measured in 3D in each frame, beneath the median root, above the ground."""
    if evidence.joints_3d is None:
        return None
    mask = evidence.joints_3d_mask
    if mask is None:
        mask = np.ones(evidence.joints_3d.shape[:2])
    origin = np.median(result.root, axis=0)
    origin[:, 2] = ground
    relative = evidence.joints_3d - origin[:, None]
    return [points[there > 0] for points, there in zip(relative, mask)]


def _caption(result: Result, config: PicturesConfig, evidence: Evidence) -> str:
    count = min(len(result.samples), config.hypotheses)
    text = (
        f"Thin: hypotheses ({count} of {len(result.samples)}). Bold: their mean. "
        "Orthographic, turned to the person's mean heading; 0 is the lowest joint of the mean."
    )
    if evidence.joints_3d is not None:
        text += " Rings: joints measured in 3D."
    return f"{text} {result.credit}".strip()
