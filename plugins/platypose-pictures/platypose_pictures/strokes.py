"""Skeletons as lines: which points are joined, in which colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from platypose.skeleton import Skeleton

Array = NDArray[Any]
Pair = tuple[int, int]

LEFT = "#0072B2"
RIGHT = "#D55E00"
MIDDLE = "#1A1A1A"
"""Blue and vermilion of Okabe and Ito, which people with any colour vision tell apart."""

_LIMBS = (
    ("shoulder", "elbow"),
    ("elbow", "wrist"),
    ("hip", "knee"),
    ("knee", "ankle"),
    ("shoulder", "hip"),
)
_KEYPOINT_LIMBS = (
    *((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in _LIMBS),
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
)


def keypoint_limbs(names: Sequence[str], skeleton: Skeleton) -> tuple[Pair, ...]:
    """The limbs between keypoints, by name: those of every detector, and the skeleton's bones."""
    bones = ((skeleton.joints[a], skeleton.joints[b]) for a, b in skeleton.bones)
    pairs = dict.fromkeys((*_KEYPOINT_LIMBS, *bones))
    return tuple((names.index(a), names.index(b)) for a, b in pairs if {a, b} <= set(names))


def colour(*names: str) -> str:
    """Of a point or limb: a side's if it touches that side alone, else the middle's."""
    sides = {name.partition("_")[0] for name in names} & {"left", "right"}
    if len(sides) != 1:
        return MIDDLE
    return LEFT if "left" in sides else RIGHT


def skeletons(
    points: Array,
    names: Sequence[str],
    limbs: Iterable[Pair],
    *,
    width: float,
    opacity: float,
) -> LineCollection:
    """Skeletons as one artist.

    Arguments:
        points: (H, K, 2) on the page, in data units.
        names: of the K points.
        limbs: pairs of points.
        width: of a line, points.
        opacity: of a line, 0 to 1.
    """
    pairs = np.array(list(limbs), int).reshape(-1, 2)
    colours = [colour(names[a], names[b]) for a, b in pairs]
    return LineCollection(
        list(points[:, pairs].reshape(-1, 2, 2)),
        colors=colours * len(points),
        linewidths=width,
        alpha=opacity,
        capstyle="round",
    )


def translucency(hypotheses: int) -> float:
    """An opacity at which so many skeletons over each other still show where most of them are."""
    return float(np.clip(1.6 / np.sqrt(hypotheses), 0.1, 0.9))
