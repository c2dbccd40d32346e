"""What this distribution offers to Platypose; imports no torch."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Calibration, Projection, Spec, hookimpl
from platypose_cameras.calibration.config import ColmapConfig, QualisysConfig, WorldConfig
from platypose_cameras.config import (
    FisheyeConfig,
    OrthographicConfig,
    PinholeConfig,
    WeakPerspectiveConfig,
)

PLATYPOSE_API = 1


@hookimpl
def platypose_projections() -> Iterable[Spec[Projection]]:
    """Two central cameras and two parallel projections."""
    return [
        Spec(
            "pinhole",
            PinholeConfig,
            "platypose_cameras.pinhole:Pinhole",
            "Perspective camera with the Brown–Conrady lens distortion, as in OpenCV.",
        ),
        Spec(
            "fisheye",
            FisheyeConfig,
            "platypose_cameras.fisheye:Fisheye",
            "Wide-angle camera with the Kannala–Brandt lens model, as in OpenCV.",
        ),
        Spec(
            "weak-perspective",
            WeakPerspectiveConfig,
            "platypose_cameras.parallel:WeakPerspective",
            "Parallel projection with a scale, for a person whose distance hardly varies.",
        ),
        Spec(
            "orthographic",
            OrthographicConfig,
            "platypose_cameras.parallel:orthographic",
            "Parallel projection that keeps x and y in metres: one pixel is one metre.",
        ),
    ]


@hookimpl
def platypose_calibrations() -> Iterable[Spec[Calibration]]:
    """Four formats of camera files."""
    return [
        Spec(
            "pose2sim",
            WorldConfig,
            "platypose_cameras.calibration.pose2sim:Pose2Sim",
            "TOML of Pose2Sim, Caliscope, Anipose and FreeMoCap.",
        ),
        Spec(
            "qualisys",
            QualisysConfig,
            "platypose_cameras.calibration.qualisys:Qualisys",
            "Calibration that Qualisys Track Manager exports, .qca.txt.",
        ),
        Spec(
            "opencv",
            WorldConfig,
            "platypose_cameras.calibration.opencv:OpenCV",
            "YAML of OpenCV, ROS and EasyMocap.",
        ),
        Spec(
            "colmap",
            ColmapConfig,
            "platypose_cameras.calibration.colmap:Colmap",
            "Text model of COLMAP: a folder with cameras.txt and images.txt.",
        ),
    ]
