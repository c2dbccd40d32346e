"""A made-up walker on the cgspeed skeleton, as text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

# Joint, parent and offset in CMU units, with the zero offsets of the conversion.
_SKELETON: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("Hips", "", (0, 0, 0)),
    ("LHipJoint", "Hips", (0, 0, 0)),
    ("LeftUpLeg", "LHipJoint", (1.6, -1.8, 0.6)),
    ("LeftLeg", "LeftUpLeg", (2.4, -6.6, 0)),
    ("LeftFoot", "LeftLeg", (2.5, -6.9, 0)),
    ("LeftToeBase", "LeftFoot", (0.2, -0.5, 2.0)),
    ("LeftToeBase End", "LeftToeBase", (0, 0, 1)),
    ("RHipJoint", "Hips", (0, 0, 0)),
    ("RightUpLeg", "RHipJoint", (-1.6, -1.8, 0.6)),
    ("RightLeg", "RightUpLeg", (-2.4, -6.6, 0)),
    ("RightFoot", "RightLeg", (-2.5, -6.9, 0)),
    ("RightToeBase", "RightFoot", (-0.2, -0.5, 2.0)),
    ("RightToeBase End", "RightToeBase", (0, 0, 1)),
    ("LowerBack", "Hips", (0, 0, 0)),
    ("Spine", "LowerBack", (0, 2.0, -0.2)),
    ("Spine1", "Spine", (0, 2.0, -0.1)),
    ("Neck", "Spine1", (0, 0, 0)),
    ("Neck1", "Neck", (0, 1.6, 0.2)),
    ("Head", "Neck1", (0, 1.6, -0.1)),
    ("Head End", "Head", (0, 1.6, 0)),
    ("LeftShoulder", "Spine1", (0, 0, 0)),
    ("LeftArm", "LeftShoulder", (3.5, 0.9, 0)),
    ("LeftForeArm", "LeftArm", (5, 0, 0)),
    ("LeftHand", "LeftForeArm", (3.4, 0, 0)),
    ("LeftFingerBase", "LeftHand", (0, 0, 0)),
    ("LeftHandIndex1", "LeftFingerBase", (0.7, 0, 0)),
    ("LeftHandIndex1 End", "LeftHandIndex1", (0.5, 0, 0)),
    ("LThumb", "LeftHand", (0, 0, 0)),
    ("LThumb End", "LThumb", (0.6, 0, 0.6)),
    ("RightShoulder", "Spine1", (0, 0, 0)),
    ("RightArm", "RightShoulder", (-3.5, 0.9, 0)),
    ("RightForeArm", "RightArm", (-5, 0, 0)),
    ("RightHand", "RightForeArm", (-3.4, 0, 0)),
    ("RightFingerBase", "RightHand", (0, 0, 0)),
    ("RightHandIndex1", "RightFingerBase", (-0.7, 0, 0)),
    ("RightHandIndex1 End", "RightHandIndex1", (-0.5, 0, 0)),
    ("RThumb", "RightHand", (0, 0, 0)),
    ("RThumb End", "RThumb", (-0.6, 0, 0.6)),
)

Edit = Callable[[npt.NDArray[np.float64]], None]


def _joint(name: str) -> list[str]:
    offset = next(offset for joint, _, offset in _SKELETON if joint == name)
    children = [joint for joint, parent, _ in _SKELETON if parent == name]
    if name.endswith(" End"):
        return ["End Site", "{", f"OFFSET {offset[0]} {offset[1]} {offset[2]}", "}"]
    rotations = "Zrotation Yrotation Xrotation"
    root = name == "Hips"
    lines = [
        f"{'ROOT' if root else 'JOINT'} {name}",
        "{",
        f"OFFSET {offset[0]} {offset[1]} {offset[2]}",
        f"CHANNELS 6 Xposition Yposition Zposition {rotations}"
        if root
        else f"CHANNELS 3 {rotations}",
    ]
    for child in children:
        lines += _joint(child)
    return [*lines, "}"]


def _column(joint: str) -> int:
    """The column of a joint's Z rotation; Y and X follow."""
    moving = [name for name, _, _ in _SKELETON if not name.endswith(" End")]
    return 3 + 3 * moving.index(joint)


def _trial(frames: int = 241, edit: Edit | None = None, frame_time: float = 1 / 120) -> str:
    """A T-pose frame, then a person who walks 1.2 m/s towards z with bent left elbow."""
    seconds = np.arange(frames - 1) / 120
    values = np.zeros((frames, _column("RThumb") + 3))
    values[:, 1] = 16.0
    walk = values[1:]
    walk[:, 2] = 1.2 * seconds / 0.05644
    walk[:, _column("LeftUpLeg") : _column("LeftUpLeg") + 3] = [-20, 0, 0]
    walk[:, _column("RightUpLeg") : _column("RightUpLeg") + 3] = [20, 0, 0]
    walk[:, _column("LeftUpLeg") + 2] = 25 * np.sin(2 * np.pi * seconds)
    walk[:, _column("RightUpLeg") + 2] = -25 * np.sin(2 * np.pi * seconds)
    walk[:, _column("LeftForeArm") + 1] = -60
    if edit:
        edit(walk)
    rows = [" ".join(f"{value:.5f}" for value in row) for row in values]
    return "\n".join(
        [
            "HIERARCHY",
            *_joint("Hips"),
            "MOTION",
            f"Frames: {frames}",
            f"Frame Time: {frame_time:.7f}",
            *rows,
            "",
        ]
    )


@pytest.fixture(scope="session")
def trial() -> Callable[..., str]:
    """`trial(frames=241, edit=None, frame_time=1/120)`: the text of a .bvh file.

    `edit` changes the channels (frames - 1, channels) after the T-pose in place.
    """
    return _trial


@pytest.fixture(scope="session")
def column() -> Callable[[str], int]:
    """`column(joint)`: the index of the joint's Z rotation among the channels."""
    return _column
