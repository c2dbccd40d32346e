"""How a person stands, sits or lies, judged from one pose."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from platypose.skeleton import H36M_17

STANCES = ("upright", "bent", "seated", "crouched", "lying", "inverted")

LOW_HIP = 0.8
"""Hip height over leg length, below which somebody sits, crouches or lies."""
LYING_HIP = 0.35
"""The same, below which somebody with a level trunk lies."""
FLOOR_HIP = 0.2
"""The same, below which somebody with an upright trunk sits on the floor."""
FEET_AHEAD = 0.25
"""Of a leg length; with the feet farther ahead of the trunk than this, they do not carry it."""
LEVEL_COSINE = 0.5
"""Of the angle between trunk and vertical: a level trunk is more than 60° from either end."""

_JOINT = {name: index for index, name in enumerate(H36M_17.joints)}


def stance(pose: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """The stance of each pose.

    The trunk is the line from hip to thorax, the height of the hip is measured from the pose's own
    lowest joint, and a leg's length is that of thigh and shin. The first that holds is taken:

    - inverted: the trunk is more than 120° from upright, and both feet are higher than the hip;
    - lying: the trunk is level (60° to 120°) and the hip no higher than 0.35 legs;
    - bent: the trunk is more than 60° from upright, and the hip at least 0.8 legs high;
    - upright: the hip is at least 0.8 legs high: standing, walking, running, leaping;
    - seated: the trunk is within 60° of upright, and either the hip is no higher than 0.2 legs or
      the middle of the feet lies more than 0.25 legs ahead of the middle of the trunk, where they
      cannot carry it;
    - crouched: all else: squatting, kneeling, lunging, on all fours.

    Arguments:
        pose: (..., 17, 3) joints of "h36m-17", metres, z up; absolute or relative to the root.

    Returns:
        (...) names out of `STANCES`.
    """
    pose = np.asarray(pose, np.float64)
    hip, thorax = pose[..., _JOINT["hip"], :], pose[..., _JOINT["thorax"], :]
    trunk = thorax - hip
    cosine = trunk[..., 2] / np.maximum(np.linalg.norm(trunk, axis=-1), 1e-9)
    leg = np.maximum(_leg_length(pose), 1e-9)
    height = (hip[..., 2] - pose[..., 2].min(axis=-1)) / leg
    feet = pose[..., [_JOINT["left_foot"], _JOINT["right_foot"]], :]

    left = pose[..., _JOINT["left_hip"], :2] - pose[..., _JOINT["right_hip"], :2]
    left = left / np.maximum(np.linalg.norm(left, axis=-1, keepdims=True), 1e-9)
    forward = np.stack([left[..., 1], -left[..., 0]], axis=-1)
    reach = feet[..., :2].mean(axis=-2) - (hip + thorax)[..., :2] / 2
    ahead = (reach * forward).sum(axis=-1) / leg

    tall, risen = height >= LOW_HIP, cosine >= LEVEL_COSINE
    feet_up = (feet[..., 2] > hip[..., 2:]).all(axis=-1)
    names: npt.NDArray[np.str_] = np.select(
        [
            (cosine < -LEVEL_COSINE) & feet_up,
            (abs(cosine) < LEVEL_COSINE) & (height <= LYING_HIP),
            tall & ~risen,
            tall,
            risen & ((height <= FLOOR_HIP) | (ahead > FEET_AHEAD)),
        ],
        ["inverted", "lying", "bent", "upright", "seated"],
        "crouched",
    )
    return names


def _leg_length(pose: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(...) thigh and shin, the mean of both sides."""
    bones = [
        np.linalg.norm(
            pose[..., _JOINT[f"{side}_{b}"], :] - pose[..., _JOINT[f"{side}_{a}"], :], axis=-1
        )
        for side in ("left", "right")
        for a, b in (("hip", "knee"), ("knee", "foot"))
    ]
    length: npt.NDArray[np.float64] = np.sum(bones, axis=0) / 2
    return length
