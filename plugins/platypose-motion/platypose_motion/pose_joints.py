"""Which points of each published skeleton make the 17 joints of the pose.

Limbs are joint centres everywhere: the foot is the ankle, the wrist the wrist. The hip is the
middle of the two hip joints, whatever a file calls its root. The trunk and the head follow the
proportions of Human3.6M: the spine is half-way up the trunk, the thorax the base of the neck just
above the shoulders, the neck the base of the skull, and the head lies as far above it as it above
the thorax. Where a skeleton has no joint at such a place, it is a fixed combination of the two
next to it, whose weights sum to one; a weight outside 0 to 1 continues a bone beyond its end.

The combinations were fixed by the mean bone lengths over people that they give; the table in the
README of this distribution compares them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from platypose.api import UserError
from platypose.skeleton import H36M_17

Array = npt.NDArray[np.float64]
Combinations = dict[str, dict[str, float]]

ACCLAIM: Combinations = {
    "hip": {"lhipjoint": 0.5, "rhipjoint": 0.5},
    "right_hip": {"rhipjoint": 1.0},
    "right_knee": {"rfemur": 1.0},
    "right_foot": {"rtibia": 1.0},
    "left_hip": {"lhipjoint": 1.0},
    "left_knee": {"lfemur": 1.0},
    "left_foot": {"ltibia": 1.0},
    "spine": {"lowerback": 0.75, "upperback": 0.25},
    "thorax": {"upperback": -0.4, "thorax": 1.4},
    "neck": {"lowerneck": 0.25, "upperneck": 0.75},
    "head": {"head": 1.0},
    "left_shoulder": {"lclavicle": 1.0},
    "left_elbow": {"lhumerus": 1.0},
    "left_wrist": {"lradius": 0.5, "lwrist": 0.5},
    "right_shoulder": {"rclavicle": 1.0},
    "right_elbow": {"rhumerus": 1.0},
    "right_wrist": {"rradius": 0.5, "rwrist": 0.5},
}
"""The bones of the Acclaim skeletons of CMU and HDM05; a bone stands for its end.

The thorax bone ends 5 cm below the shoulders, so it is continued by 0.4 of its length. The bone
"wrist" is the half of the radius again and ends in the palm, so the wrist is its middle: a forearm
is then 0.85 of an upper arm, as people's are."""

ACCLAIM_TOES = ("lfoot", "rfoot")

DAZ: Combinations = {
    "hip": {"lThigh": 0.5, "rThigh": 0.5},
    "right_hip": {"rThigh": 1.0},
    "right_knee": {"rShin": 1.0},
    "right_foot": {"rFoot": 1.0},
    "left_hip": {"lThigh": 1.0},
    "left_knee": {"lShin": 1.0},
    "left_foot": {"lFoot": 1.0},
    "spine": {"abdomen": 0.5, "chest": 0.5},
    "thorax": {"neck": 1.0},
    "neck": {"head": 0.75, "crown": 0.25},
    "head": {"crown": 1.0},
    "left_shoulder": {"lShldr": 1.0},
    "left_elbow": {"lForeArm": 1.0},
    "left_wrist": {"lHand": 1.0},
    "right_shoulder": {"rShldr": 1.0},
    "right_elbow": {"rForeArm": 1.0},
    "right_wrist": {"rHand": 1.0},
}
"""The joints of the daz-friendly conversion. `crown` is not of the file: it lies straight above
the joint `head`, as high as the end of the Acclaim head."""

DAZ_TOES = ("lFoot End", "rFoot End")

REACTIDLE: Combinations = {
    "hip": {"thigh.L": 0.5, "thigh.R": 0.5},
    "right_hip": {"thigh.R": 1.0},
    "right_knee": {"shin.R": 1.0},
    "right_foot": {"foot.R": 1.0},
    "left_hip": {"thigh.L": 1.0},
    "left_knee": {"shin.L": 1.0},
    "left_foot": {"foot.L": 1.0},
    "spine": {"spine.001": 1.0},
    "thorax": {"neck": 1.0},
    "neck": {"neck": 0.4, "face": 0.6},
    "head": {"neck": -0.2, "face": 1.2},
    "left_shoulder": {"upper_arm.L": 1.0},
    "left_elbow": {"forearm.L": 1.0},
    "left_wrist": {"forearm.L End": 1.0},
    "right_shoulder": {"upper_arm.R": 1.0},
    "right_elbow": {"forearm.R": 1.0},
    "right_wrist": {"forearm.R End": 1.0},
}
"""The joints of ReActIdle. The forearm's end site is the wrist. `face` ends a bone from the base
of the neck through the whole head, so it gives both the neck and the head."""

REACTIDLE_TOES = ("foot.L End", "foot.R End")


def combine(points: Mapping[str, Array], combinations: Combinations) -> Array:
    """The 17 joints, (frames, 17, 3).

    Arguments:
        points: (frames, 3) of every point that `combinations` names.
        combinations: for each joint of the pose the weights of points.
    """
    joints = [
        sum((weight * points[name] for name, weight in combinations[joint].items()), np.zeros(3))
        for joint in H36M_17.joints
    ]
    return np.stack(joints, axis=1)


def require_points(
    file: str, points: Mapping[str, Array], combinations: Combinations, toes: tuple[str, ...]
) -> None:
    """Refuse a file that lacks a point of the combinations or a toe.

    Raises:
        UserError: it does.
    """
    needed = {name for weights in combinations.values() for name in weights} | set(toes)
    missing = sorted(needed - set(points))
    if missing:
        raise UserError(f"{file} has no joint {', '.join(missing)}.")
