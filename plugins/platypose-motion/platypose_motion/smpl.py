"""The joints of SMPL as the 17 of the pose."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from platypose_motion.pose_joints import Combinations, combine

Array = npt.NDArray[np.float64]

JOINTS = (
    *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2"),
    *("left_ankle", "right_ankle", "spine3", "left_toes", "right_toes", "neck"),
    *("left_collar", "right_collar", "head", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist"),
)
"""The first 22 joints of SMPL, SMPL+H and SMPL-X."""

COMBINATIONS: Combinations = {
    "hip": {"left_hip": 0.5, "right_hip": 0.5},
    "spine": {"spine1": 2 / 3, "spine2": 1 / 3},
    "thorax": {"left_collar": 0.5, "right_collar": 0.5},
    "neck": {"neck": 1.0},
    "head": {"neck": -0.3, "head": 1.3},
    **{
        f"{side}_{joint}": {f"{side}_{source}": 1.0}
        for side in ("left", "right")
        for joint, source in {
            "hip": "hip",
            "knee": "knee",
            "foot": "ankle",
            "shoulder": "shoulder",
            "elbow": "elbow",
            "wrist": "wrist",
        }.items()
    },
}
"""The collars begin at the base of the neck. SMPL's head joint is inside the skull; the bone to it
is continued by 0.3 of its length, to where Human3.6M has the head."""


def pose_and_toes(joints: Array) -> tuple[Array, Array]:
    """The pose, (F, 17, 3), and the left and the right toes, (F, 2, 3).

    Arguments:
        joints: (F, 22 or more, 3) of SMPL, in any unit and axes.
    """
    points = {name: joints[:, index] for index, name in enumerate(JOINTS)}
    toes = np.stack([points["left_toes"], points["right_toes"]], axis=1)
    return combine(points, COMBINATIONS), toes
