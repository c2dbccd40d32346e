"""Skeletons that a prior knows."""

from __future__ import annotations

import attrs

from platypose.api.errors import UserError


@attrs.frozen(kw_only=True)
class Skeleton:
    """Named joints in a tree.

    Attributes:
        name: as written in files.
        joints: joint names; joint 0 is the root.
        parents: index of each joint's parent, −1 for the root; parents come before children.
        mirror: for each joint, the joint that it becomes when left and right change places.
        standing: an adult of middle size who stands upright and faces −y, each joint relative to
            the root, metres, z up.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    mirror: tuple[int, ...]
    standing: tuple[tuple[float, float, float], ...]

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) of every bone, in the order of the children."""
        return tuple((p, child) for child, p in enumerate(self.parents) if p >= 0)


def _mirrored(joints: tuple[str, ...]) -> tuple[int, ...]:
    swap = {"left": "right", "right": "left"}
    side = [joint.partition("_") for joint in joints]
    names = [f"{swap[s]}_{rest}" if s in swap else s + sep + rest for s, sep, rest in side]
    return tuple(joints.index(name) for name in names)


_H36M_JOINTS = (
    "hip",
    "right_hip",
    "right_knee",
    "right_foot",
    "left_hip",
    "left_knee",
    "left_foot",
    "spine",
    "thorax",
    "neck",
    "head",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
)

H36M_17 = Skeleton(
    name="h36m-17",
    joints=_H36M_JOINTS,
    parents=(-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15),
    mirror=_mirrored(_H36M_JOINTS),
    standing=(
        (0.0, 0.0, 0.0),
        (-0.13, 0.0, 0.0),
        (-0.13, 0.0, -0.44),
        (-0.13, 0.0, -0.885),
        (0.13, 0.0, 0.0),
        (0.13, 0.0, -0.44),
        (0.13, 0.0, -0.885),
        (0.0, 0.0, 0.24),
        (0.0, 0.0, 0.495),
        (0.0, 0.0, 0.61),
        (0.0, 0.0, 0.725),
        (0.15, 0.0, 0.46),
        (0.17, 0.0, 0.18),
        (0.18, 0.0, -0.065),
        (-0.15, 0.0, 0.46),
        (-0.17, 0.0, 0.18),
        (-0.18, 0.0, -0.065),
    ),
)
"""The 17 joints of Human3.6M; a foot is the ankle, the neck lies between thorax and head."""

SKELETONS = {H36M_17.name: H36M_17}


def skeleton(name: str) -> Skeleton:
    """The skeleton of that name.

    Raises:
        UserError: there is none.
    """
    if name not in SKELETONS:
        raise UserError(f"There is no skeleton {name!r}; there is {', '.join(SKELETONS)}.")
    return SKELETONS[name]
