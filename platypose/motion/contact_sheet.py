"""Poses of a motion set side by side, to be looked at. Needs matplotlib."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import UserError
from platypose.files import write_atomically
from platypose.motion.motion_set import Clip, MotionSet
from platypose.motion.stance import STANCES, stance
from platypose.skeleton import H36M_17

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]

COLUMNS = 8
LEFT, RIGHT, MIDDLE = "#0072B2", "#D55E00", "#1A1A1A"
"""Blue and vermilion of Okabe and Ito, which people with any colour vision tell apart."""
_TURN, _TILT = np.radians(25), np.radians(18)
_REACH = 0.8
"""Half the side of a panel's floor, metres."""


@attrs.frozen(kw_only=True, eq=False)
class Shown:
    """One pose of the sheet.

    Attributes:
        name: of its clip, shortened.
        pose: (17, 3) metres, z up, x and y about the root.
        floor: height of the floor, metres.
    """

    name: str
    pose: Array
    floor: float


def write_contact_sheet(motion: MotionSet, path: Path) -> None:
    """Draw poses of every stance that the set holds, a row each, as PNG.

    A pose is seen from its front, 25° towards its left and from 18° above, so that its left is to
    the right; one whose trunk is level is seen from the side. The floor lies where the lowest
    joint of the clip is when it is lowest, with the pose's shadow on it.

    Arguments:
        motion: a set of the skeleton "h36m-17".
        path: the file.

    Raises:
        UserError: matplotlib is missing, the skeleton another, or the file cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise UserError(f"{path} is no name of a PNG file; it must end in .png.")
    if motion.skeleton != H36M_17.name:
        raise UserError(
            f'A contact sheet needs the skeleton "{H36M_17.name}", not "{motion.skeleton}".'
        )
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError(
            "A contact sheet needs matplotlib; install it with: pip install platypose-pictures"
        ) from error
    found = np.concatenate([stance(motion.of(clip)) for clip in motion.clips])
    rows = {name: np.flatnonzero(found == name) for name in STANCES if (found == name).any()}
    figure = Figure(figsize=(1.25 * COLUMNS, 1.45 * len(rows) + 0.5), facecolor="white")
    FigureCanvasAgg(figure)
    _write_title(figure, motion)
    grid = figure.add_gridspec(
        len(rows),
        COLUMNS,
        left=0.045,
        right=0.995,
        top=1 - 0.45 / figure.get_figheight(),
        bottom=0.02,
        wspace=0.04,
        hspace=0.08,
    )
    for row, (name, frames) in enumerate(rows.items()):
        for column, shown in enumerate(_chosen(motion, frames)):
            ax = figure.add_subplot(grid[row, column])
            _draw(ax, shown)
            if column == 0:
                share = 100 * len(frames) / len(found)
                ax.set_ylabel(f"{name}, {share:.2g} %", size=8, labelpad=2)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=140)
    with write_atomically(path) as file:
        file.write(content.getvalue())


def _chosen(motion: MotionSet, frames: npt.NDArray[np.int64]) -> list[Shown]:
    """Poses spread evenly over the frames of one stance, and so over the clips."""
    places = np.linspace(0, len(frames) - 1, min(COLUMNS, len(frames)) + 2)[1:-1]
    starts = np.array([clip.start for clip in motion.clips])
    shown = []
    for frame in frames[np.round(places).astype(int)]:
        clip = motion.clips[int(np.searchsorted(starts, frame, side="right")) - 1]
        pose = motion.positions[frame].astype(np.float64)
        floor = _floor(motion, clip) if clip.absolute else float(pose[:, 2].min())
        pose[:, :2] -= pose[0, :2]
        shown.append(Shown(name=clip.name.rpartition("/")[2][:26], pose=pose, floor=floor))
    return shown


def _floor(motion: MotionSet, clip: Clip) -> float:
    return float(np.quantile(motion.of(clip)[..., 2].min(axis=1), 0.02))


def _across(pose: Array) -> Array:
    """The horizontal unit vector that becomes the page's right: left, or the level trunk."""
    joint = {name: index for index, name in enumerate(H36M_17.joints)}
    trunk = pose[joint["thorax"]] - pose[joint["hip"]]
    width = sum(pose[joint[f"left_{p}"]] - pose[joint[f"right_{p}"]] for p in ("hip", "shoulder"))
    level = np.linalg.norm(trunk[:2]) > abs(trunk[2])
    across: Array = np.asarray(trunk if level else width)[:2]
    return across / max(float(np.linalg.norm(across)), 1e-9)


def _page(points: Array, across: Array) -> Array:
    """Points (..., 3) seen in parallel projection: (..., 2), to the right and up."""
    right = points[..., :2] @ across
    near = points[..., :2] @ np.array([across[1], -across[0]])
    turned = np.cos(_TURN) * right + np.sin(_TURN) * near
    nearer = np.cos(_TURN) * near - np.sin(_TURN) * right
    up = np.cos(_TILT) * points[..., 2] - np.sin(_TILT) * nearer
    return np.stack([turned, up], axis=-1)


def _draw(ax: Axes, shown: Shown) -> None:
    from matplotlib.collections import LineCollection

    across = _across(shown.pose)
    pose = shown.pose - [0, 0, shown.floor]
    corners = np.array([(x, y, 0.0) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    turn = np.array([[across[0], -across[1]], [across[1], across[0]]])
    corners[:, :2] = _REACH * corners[:, :2] @ turn.T
    ax.fill(*_page(corners, across).T, color="#eeeeee", linewidth=0)
    bones = np.array(H36M_17.bones)
    for points, colours, width in (
        (pose * [1, 1, 0], "#c4c4c4", 1.0),
        (pose, [_colour(H36M_17.joints[child]) for _, child in bones], 1.6),
    ):
        lines = _page(points, across)[bones]
        ax.add_collection(LineCollection(list(lines), colors=colours, linewidths=width))
    ax.set(xlim=(-1.05, 1.05), ylim=(-0.5, 1.95), aspect="equal", xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.text(0.5, 0.0, shown.name, size=5, color="#777777", ha="center", transform=ax.transAxes)


def _colour(joint: str) -> str:
    return {"left": LEFT, "right": RIGHT}.get(joint.partition("_")[0], MIDDLE)


def _write_title(figure: Figure, motion: MotionSet) -> None:
    hours = sum(motion.hours().values())
    height = figure.get_figheight()
    top: dict[str, Any] = {"size": 8, "va": "top", "y": 1 - 0.1 / height}
    text = (
        f"{len(motion.clips)} clips, {60 * hours:.1f} minutes, "
        f"{len({clip.subject for clip in motion.clips})} people"
    )
    figure.text(0.01, s=text, color=MIDDLE, weight="bold", **top)
    for place, word, colour in ((0.86, "left", LEFT), (0.91, "right", RIGHT)):
        figure.text(place, s=word, color=colour, weight="bold", **top)
    credit = motion.credit.replace("$", r"\$")
    figure.text(0.01, 1 - 0.27 / height, credit[:150], size=5.5, va="top", color="#777777")
