"""Joint sets and the linear maps between them, as data. Imports neither torch nor numpy."""

from __future__ import annotations

from platypose.skeleton.keypoints import KEYPOINT_SETS, KeypointSet, keypoint_set
from platypose.skeleton.pose import H36M_17, SKELETONS, Skeleton, skeleton

__all__ = [
    "H36M_17",
    "KEYPOINT_SETS",
    "SKELETONS",
    "KeypointSet",
    "Skeleton",
    "keypoint_set",
    "skeleton",
]
