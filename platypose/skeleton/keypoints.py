"""Keypoint sets that detectors give, and how pose joints make them.

An observed keypoint is a fixed linear combination of pose joints. What has none (a nose, an eye, a
toe) is left out of the maps, and so of every energy. Left out as well are the upper neck and the
top of the head of detectors: no fixed combination of the pose's neck and head stays on them when
the head nods.
"""

from __future__ import annotations

import attrs

from platypose.api.errors import UserError
from platypose.skeleton.pose import H36M_17, Skeleton

Weights = tuple[tuple[str, float], ...]


@attrs.frozen(kw_only=True)
class KeypointSet:
    """The keypoints of one detector family.

    Attributes:
        name: as written in evidence files.
        keypoints: names in the detector's order.
        maps: skeleton name to {keypoint: ((joint, weight), …)}.
    """

    name: str
    keypoints: tuple[str, ...]
    maps: dict[str, dict[str, Weights]]

    def expressible(self, skeleton: Skeleton) -> dict[str, Weights]:
        """The keypoints that the skeleton's joints can express, in the detector's order."""
        known = self.maps.get(skeleton.name, {})
        return {name: known[name] for name in self.keypoints if name in known}


_LIMBS: dict[str, Weights] = {
    f"{side}_{keypoint}": ((f"{side}_{joint}", 1.0),)
    for side in ("left", "right")
    for keypoint, joint in {
        "shoulder": "shoulder",
        "elbow": "elbow",
        "wrist": "wrist",
        "hip": "hip",
        "knee": "knee",
        "ankle": "foot",
    }.items()
}
_MID_SHOULDER: Weights = (("left_shoulder", 0.5), ("right_shoulder", 0.5))
_MID_HIP: Weights = (("left_hip", 0.5), ("right_hip", 0.5))

_SAME: dict[str, Weights] = {joint: ((joint, 1.0),) for joint in H36M_17.joints}

_COCO_17 = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
)
_COCO_18 = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist"),
    *("left_shoulder", "left_elbow", "left_wrist"),
    *("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"),
    *("right_eye", "left_eye", "right_ear", "left_ear"),
)
_FEET_LEFT_FIRST = (
    *("left_big_toe", "left_small_toe", "left_heel"),
    *("right_big_toe", "right_small_toe", "right_heel"),
)
_BODY_25 = (*_COCO_18[:8], "mid_hip", *_COCO_18[8:], *_FEET_LEFT_FIRST)
_BODY_25B = (*_COCO_17, "upper_neck", "head_top", *_FEET_LEFT_FIRST)
_HALPE_26 = (
    *_COCO_17,
    *("head_top", "upper_neck", "mid_hip"),
    *("left_big_toe", "right_big_toe", "left_small_toe", "right_small_toe"),
    *("left_heel", "right_heel"),
)
_MPII_16 = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("pelvis", "thorax", "upper_neck", "head_top"),
    *("right_wrist", "right_elbow", "right_shoulder"),
    *("left_shoulder", "left_elbow", "left_wrist"),
)
_MEDIAPIPE_33 = (
    *("nose", "left_eye_inner", "left_eye", "left_eye_outer"),
    *("right_eye_inner", "right_eye", "right_eye_outer"),
    *("left_ear", "right_ear", "mouth_left", "mouth_right"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
    *("left_heel", "right_heel", "left_foot_index", "right_foot_index"),
)
_H36M_32 = (
    *("hip", "right_hip", "right_knee", "right_foot", "right_toe_base", "right_toe_end"),
    *("left_hip", "left_knee", "left_foot", "left_toe_base", "left_toe_end"),
    *("hip_again", "spine", "thorax", "neck", "head"),
    *("thorax_left", "left_shoulder", "left_elbow", "left_wrist", "left_wrist_again"),
    *("left_thumb", "left_hand", "left_hand_again"),
    *("thorax_right", "right_shoulder", "right_elbow", "right_wrist", "right_wrist_again"),
    *("right_thumb", "right_hand", "right_hand_again"),
)
_H36M_DOUBLES: dict[str, Weights] = {
    "hip_again": (("hip", 1.0),),
    "thorax_left": (("thorax", 1.0),),
    "thorax_right": (("thorax", 1.0),),
    "left_wrist_again": (("left_wrist", 1.0),),
    "right_wrist_again": (("right_wrist", 1.0),),
}
_3DHP_28 = (
    *("spine3", "spine4", "spine2", "spine", "pelvis", "neck", "head", "head_top"),
    *("left_clavicle", "left_shoulder", "left_elbow", "left_wrist", "left_hand"),
    *("right_clavicle", "right_shoulder", "right_elbow", "right_wrist", "right_hand"),
    *("left_hip", "left_knee", "left_ankle", "left_foot", "left_toe"),
    *("right_hip", "right_knee", "right_ankle", "right_foot", "right_toe"),
)
_3DHP_17 = (
    *("head_top", "neck", "right_shoulder", "right_elbow", "right_wrist"),
    *("left_shoulder", "left_elbow", "left_wrist", "right_hip", "right_knee", "right_ankle"),
    *("left_hip", "left_knee", "left_ankle", "pelvis", "spine", "head"),
)
_3DHP_TRUNK: dict[str, Weights] = {
    "pelvis": (("hip", 1.0),),
    "spine": (("spine", 1.0),),
    "neck": (("thorax", 1.0),),
    "head": (("neck", 1.0),),
    "head_top": (("head", 1.0),),
}
_SMPL_24 = (
    *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2"),
    *("left_ankle", "right_ankle", "spine3", "left_toes", "right_toes", "neck"),
    *("left_collar", "right_collar", "head", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand"),
)
_SMPL_HEAD: dict[str, Weights] = {
    "neck": (("neck", 1.0),),
    "head": (("neck", 3 / 13), ("head", 10 / 13)),
}
"""SMPL's head is inside the skull: the pose's head lies beyond it by 0.3 of the bone to it."""


def _set(name: str, keypoints: tuple[str, ...], h36m: dict[str, Weights]) -> KeypointSet:
    return KeypointSet(name=name, keypoints=keypoints, maps={"h36m-17": h36m})


KEYPOINT_SETS = {
    entry.name: entry
    for entry in (
        _set("h36m-17", H36M_17.joints, _SAME),
        _set("h36m-32", _H36M_32, {**_SAME, **_H36M_DOUBLES}),
        _set("coco-17", _COCO_17, _LIMBS),
        _set("coco-18", _COCO_18, {**_LIMBS, "neck": _MID_SHOULDER}),
        _set("mpii-16", _MPII_16, {**_LIMBS, "pelvis": _MID_HIP, "thorax": _MID_SHOULDER}),
        _set("body-25", _BODY_25, {**_LIMBS, "neck": _MID_SHOULDER, "mid_hip": _MID_HIP}),
        _set("body-25b", _BODY_25B, _LIMBS),
        _set("halpe-26", _HALPE_26, {**_LIMBS, "mid_hip": _MID_HIP}),
        _set("mediapipe-33", _MEDIAPIPE_33, _LIMBS),
        _set("3dhp-28", _3DHP_28, {**_LIMBS, **_3DHP_TRUNK}),
        _set("3dhp-17", _3DHP_17, {**_LIMBS, **_3DHP_TRUNK}),
        _set("smpl-24", _SMPL_24, {**_LIMBS, **_SMPL_HEAD}),
    )
}


def keypoint_set(name: str) -> KeypointSet:
    """The keypoint set of that name.

    Raises:
        UserError: there is none.
    """
    if name not in KEYPOINT_SETS:
        raise UserError(
            f"There is no keypoint set {name!r}; there are {', '.join(sorted(KEYPOINT_SETS))}."
        )
    return KEYPOINT_SETS[name]
