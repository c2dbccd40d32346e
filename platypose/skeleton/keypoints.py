"""Keypoint sets that detectors give, and how pose joints make them.

An observed keypoint is a fixed linear combination of pose joints. What has none (a nose, an eye, a
toe) is left out of the maps, and so of every energy.
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

_COCO = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
)
_FEET_LEFT_FIRST = (
    *("left_big_toe", "left_small_toe", "left_heel"),
    *("right_big_toe", "right_small_toe", "right_heel"),
)
_BODY_25 = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist"),
    *("left_shoulder", "left_elbow", "left_wrist", "mid_hip"),
    *("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"),
    *("right_eye", "left_eye", "right_ear", "left_ear"),
    *_FEET_LEFT_FIRST,
)
_MEDIAPIPE = (
    *("nose", "left_eye_inner", "left_eye", "left_eye_outer"),
    *("right_eye_inner", "right_eye", "right_eye_outer"),
    *("left_ear", "right_ear", "mouth_left", "mouth_right"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
    *("left_heel", "right_heel", "left_foot_index", "right_foot_index"),
)

KEYPOINT_SETS = {
    entry.name: entry
    for entry in (
        KeypointSet(
            name="h36m-17",
            keypoints=H36M_17.joints,
            maps={"h36m-17": {joint: ((joint, 1.0),) for joint in H36M_17.joints}},
        ),
        KeypointSet(name="coco-17", keypoints=_COCO, maps={"h36m-17": _LIMBS}),
        KeypointSet(
            name="body-25",
            keypoints=_BODY_25,
            maps={"h36m-17": {**_LIMBS, "neck": _MID_SHOULDER, "mid_hip": _MID_HIP}},
        ),
        KeypointSet(
            name="body-25b",
            keypoints=(*_COCO, "upper_neck", "head_top", *_FEET_LEFT_FIRST),
            maps={"h36m-17": _LIMBS},
        ),
        KeypointSet(name="mediapipe-33", keypoints=_MEDIAPIPE, maps={"h36m-17": _LIMBS}),
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
