"""How uncertain each joint is over time, along the line of sight and across it."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from platypose.evidence import Camera, Evidence
from platypose.lifting.result import Result
from platypose_pictures.page import INK, PALE, SMALL, page
from platypose_pictures.strokes import colour

Array = NDArray[Any]

COLUMNS = (
    ("left_shoulder", "left_elbow", "left_wrist", "left_hip", "left_knee", "left_foot"),
    ("head", "neck", "thorax", "spine", "hip"),
    ("right_shoulder", "right_elbow", "right_wrist", "right_hip", "right_knee", "right_foot"),
)
PERSPECTIVE = ("pinhole", "fisheye")
"""Cameras whose sight lines meet in one point; those of the others are parallel."""


@attrs.frozen(kw_only=True, eq=False)
class Deviation:
    """Standard deviations over the hypotheses, mm.

    Attributes:
        along: (F, J) the line of sight.
        across: (F, J) it: the root mean square of the two directions.
    """

    along: Array
    across: Array


def uncertainty(result: Result, evidence: Evidence) -> Figure:
    """A panel for each joint, with time across.

    Arguments:
        result: the hypotheses, of more than one frame.
        evidence: whose first camera looks; without one, a joint has a single curve.
    """
    camera = evidence.cameras[0] if evidence.cameras else None
    curves = deviation(result, camera)
    time = np.arange(result.samples.shape[1]) / result.frame_rate
    rows = max(map(len, COLUMNS))
    figure, axes = page(
        rows,
        3,
        panel=(2.85, 0.85),
        gap=(0.12, 0.22),
        title="Uncertainty of each joint",
        caption=_caption(result, camera),
    )
    top = 1.08 * max(float(curves.along.max()), float(curves.across.max()), 1.0)
    for column, joints in enumerate(COLUMNS):
        for row in range(rows):
            ax = axes[row][column]
            if row >= len(joints):
                ax.set_axis_off()
                continue
            index = result.skeleton.joints.index(joints[row])
            shade = colour(joints[row])
            ax.fill_between(time, curves.along[:, index], color=shade, alpha=0.14, linewidth=0)
            ax.plot(time, curves.along[:, index], color=shade, linewidth=1.3)
            if camera is not None:
                ax.plot(time, curves.across[:, index], color=shade, linewidth=1.0, linestyle=":")
            _finish(ax, joints[row].replace("_", " "), (time[0], time[-1]), top)
            ax.tick_params(labelleft=column == 0, labelbottom=row == len(joints) - 1)
            if column == 0:
                ax.set_ylabel("± (mm)", size=SMALL, labelpad=2)
            if row == len(joints) - 1:
                ax.set_xlabel("time (s)", size=SMALL, labelpad=2)
    return figure


def deviation(result: Result, camera: Camera | None) -> Deviation:
    """Standard deviations of each joint: of the root in the world, of the others about the root.

    Arguments:
        result: the hypotheses.
        camera: that looks; without one both fields are the root mean square of all directions.
    """
    points = result.samples.astype(np.float64)
    points[:, :, 0] = result.root
    off = points - points.mean(0)
    total = (off**2).sum(-1).mean(0)
    if camera is None:
        every = 1000 * np.sqrt(total / 3)
        return Deviation(along=every, across=every)
    sight = sight_lines(camera, result.joints.mean(0))
    along = ((off * sight).sum(-1) ** 2).mean(0)
    return Deviation(
        along=1000 * np.sqrt(along), across=1000 * np.sqrt(np.maximum(total - along, 0) / 2)
    )


def sight_lines(camera: Camera, points: Array) -> Array:
    """(F, J, 3) unit vectors in the world from a camera to points, (F, J, 3) metres."""
    axis = np.broadcast_to(camera.rotation[..., 2, :], (len(points), 3))[:, None]
    if camera.projection not in PERSPECTIVE:
        return np.broadcast_to(axis, points.shape)
    centre = -(np.swapaxes(camera.rotation, -1, -2) @ camera.translation[..., None])[..., 0]
    line = points - np.broadcast_to(centre, (len(points), 3))[:, None]
    return np.asarray(line / np.linalg.norm(line, axis=-1, keepdims=True))


def _finish(ax: Axes, name: str, limits: tuple[float, float], top: float) -> None:
    ax.set(xlim=limits, ylim=(0, top))
    ax.grid(color="#ececec", linewidth=0.5)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.text(
        0.02, 0.95, name, transform=ax.transAxes, size=SMALL, color=INK, va="top", weight="bold"
    )
    ax.tick_params(color=PALE)


def _caption(result: Result, camera: Camera | None) -> str:
    lines = "Standard deviation in any one direction."
    if camera is not None:
        name = f"camera {camera.name}"
        lines = f"Solid: standard deviation along the line of sight of {name}. Dotted: across it."
    return (
        f"{lines} {len(result.samples)} hypotheses. Of the hip in the world, of every other joint "
        f"relative to the hip. {result.credit}"
    ).strip()
