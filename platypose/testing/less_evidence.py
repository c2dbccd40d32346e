"""The same evidence with less in it."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.evidence import Evidence

_BY_VIEW = ("keypoints", "confidence", "covariance", "heatmaps", "cell_to_pixel")
_BY_FRAME = ("joints_3d", "joints_3d_mask", "root")


def first(evidence: Evidence, *, frames: int, views: int) -> Evidence:
    """The first frames of the first views."""
    changed: dict[str, Any] = {"cameras": evidence.cameras[:views]}
    for name, array in _arrays(evidence, *_BY_VIEW):
        changed[name] = array[:frames, :views]
    for name, array in _arrays(evidence, *_BY_FRAME):
        changed[name] = array[:frames]
    return attrs.evolve(evidence, **changed)


def without_last_keypoint(evidence: Evidence) -> Evidence:
    """As from a detector that does not know its last keypoint."""
    last = len(evidence.keypoint_names) - 1
    changed: dict[str, Any] = {"keypoint_names": evidence.keypoint_names[:last]}
    for name, array in _arrays(evidence, *_BY_VIEW):
        # An affine may serve all keypoints.
        changed[name] = array[:, :, :last] if array.shape[2] > last else array
    return attrs.evolve(evidence, **changed)


def last_point_missing(evidence: Evidence, *, at: float) -> Evidence:
    """The last keypoint and the last 3D joint were not seen.

    Arguments:
        evidence: with keypoints, heatmaps or 3D joints.
        at: what it holds for their coordinates, px or m.
    """
    changed: dict[str, Any] = {}
    if evidence.keypoint_names:
        shape = (evidence.num_frames, len(evidence.cameras), len(evidence.keypoint_names))
        known = evidence.confidence
        changed["confidence"] = np.ones(shape) if known is None else known.copy()
        changed["confidence"][:, :, -1] = 0
    for name, value in (("keypoints", at), ("heatmaps", 0)):
        for _, array in _arrays(evidence, name):
            changed[name] = array.copy()
            changed[name][:, :, -1] = value
    if evidence.joints_3d is not None:
        mask, joints = evidence.joints_3d_mask, evidence.joints_3d.copy()
        joints[:, -1] = at
        mask = np.ones(joints.shape[:2], bool) if mask is None else mask.copy()
        mask[:, -1] = False
        changed |= {"joints_3d": joints, "joints_3d_mask": mask}
    return attrs.evolve(evidence, **changed)


def _arrays(evidence: Evidence, *names: str) -> list[tuple[str, NDArray[Any]]]:
    """Those of the named arrays that the evidence has."""
    arrays = [(name, getattr(evidence, name)) for name in names]
    return [(name, array) for name, array in arrays if array is not None]
