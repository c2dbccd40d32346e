"""What this distribution adds to Platypose."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Reader, Spec, hookimpl
from platypose_formats.config import (
    AlphaPoseConfig,
    CocoConfig,
    DeepLabCutConfig,
    MediaPipeConfig,
    MMPoseConfig,
    OpenPoseConfig,
    VideoPose3DConfig,
)

PLATYPOSE_API = 1


@hookimpl
def platypose_readers() -> Iterable[Spec[Reader]]:
    """The formats of 2D keypoints."""
    yield Spec(
        "openpose",
        OpenPoseConfig,
        "platypose_formats.openpose:OpenPose",
        "OpenPose, a folder with a JSON file for each frame: BODY_25, BODY_25B, COCO 18",
    )
    yield Spec(
        "coco",
        CocoConfig,
        "platypose_formats.coco:Coco",
        "COCO keypoint results, a JSON list with image_id",
    )
    yield Spec(
        "alphapose",
        AlphaPoseConfig,
        "platypose_formats.alphapose:AlphaPose",
        "AlphaPose, JSON, with identities or without: COCO 17, Halpe 26 and 136, MPII 16",
    )
    yield Spec(
        "mmpose",
        MMPoseConfig,
        "platypose_formats.mmpose:MMPose",
        "MMPose, saved predictions: COCO 17 and 133, Halpe 26, Human3.6M 17, MPII 16",
    )
    yield Spec(
        "mediapipe",
        MediaPipeConfig,
        "platypose_formats.mediapipe:MediaPipe",
        "MediaPipe's 33 pose landmarks, JSON, a list of frames",
    )
    yield Spec(
        "deeplabcut",
        DeepLabCutConfig,
        "platypose_formats.deeplabcut:DeepLabCut",
        "DeepLabCut, CSV or H5, one animal or several; body parts are mapped by name",
    )
    yield Spec(
        "videopose3d",
        VideoPose3DConfig,
        "platypose_formats.videopose3d:VideoPose3D",
        "VideoPose3D's data_2d_*.npz, one of its videos",
    )
