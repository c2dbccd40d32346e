"""What this distribution offers; imports no torch."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, Spec, hookimpl
from platypose_keypoints.config import (
    BoneLengthConfig,
    Joints3DConfig,
    NormalisedReprojectionConfig,
    ReprojectionConfig,
    SmoothnessConfig,
)

PLATYPOSE_API = 1


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    """The energies on keypoints, bones and motion."""
    yield Spec(
        "reprojection",
        ReprojectionConfig,
        "platypose_keypoints.reprojection:build",
        "Likelihood of observed 2D keypoints, Gaussian or Student-t, in pixels.",
    )
    yield Spec(
        "normalised-reprojection",
        NormalisedReprojectionConfig,
        "platypose_keypoints.normalised_reprojection:build",
        "Mean squared 2D error in half image widths, as in the Platypose paper.",
    )
    yield Spec(
        "joints-3d",
        Joints3DConfig,
        "platypose_keypoints.joints_3d:build",
        "Likelihood of observed 3D joints, for inpainting.",
    )
    yield Spec(
        "bone-length",
        BoneLengthConfig,
        "platypose_keypoints.bone_length:build",
        "Bones of given length, or of one length over time and on both sides.",
    )
    yield Spec(
        "smoothness",
        SmoothnessConfig,
        "platypose_keypoints.smoothness:build",
        "Small accelerations of the joints.",
    )
