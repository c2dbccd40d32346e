"""Which keypoints are joined by a line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from platypose.skeleton import Skeleton

_LIMB = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"), ("shoulder", "hip")
_OF_A_SIDE = [(a, b) for chain in _LIMB for a, b in pairwise(chain)]
_KEYPOINTS = [
    *((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in _OF_A_SIDE),
    *((f"left_{joint}", f"right_{joint}") for joint in ("shoulder", "hip")),
]


def limbs(names: Sequence[str], skeleton: Skeleton) -> list[tuple[int, int]]:
    """Pairs of keypoints, by index: a detector's limbs and the skeleton's bones, where both are."""
    bones = [(skeleton.joints[a], skeleton.joints[b]) for a, b in skeleton.bones]
    pairs = dict.fromkeys([*_KEYPOINTS, *bones])
    return [(names.index(a), names.index(b)) for a, b in pairs if {a, b} <= set(names)]


def side(*names: str) -> str:
    """The side of a point or limb: left or right if it touches that alone, else middle."""
    sides = {name.partition("_")[0] for name in names} & {"left", "right"}
    return sides.pop() if len(sides) == 1 else "middle"
