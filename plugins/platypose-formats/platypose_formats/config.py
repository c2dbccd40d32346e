"""Configuration of the readers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from platypose.api import Config, field

_SET = "Keypoint set of the file; auto goes by the number of keypoints"
_FIRST = field(
    None,
    doc="Number of the video's first frame; none takes the least number in the file, which is "
    "wrong where nobody is seen at first.",
    check=lambda value: value is None or value >= 0,
    needs="a number of at least 0",
)


@attrs.frozen(kw_only=True)
class OpenPoseConfig(Config):
    """How a folder of OpenPose's JSON files is read."""

    keypoint_set: Literal["auto", "body-25", "body-25b", "coco-18"] = field(
        "auto", doc=f"{_SET}, and for 25 by where the middle of the hips is."
    )


@attrs.frozen(kw_only=True)
class CocoConfig(Config):
    """How keypoint results in COCO's JSON are read."""

    keypoint_set: str = field("auto", doc=f"{_SET}.")
    first_frame: int | None = _FIRST


@attrs.frozen(kw_only=True)
class AlphaPoseConfig(Config):
    """How AlphaPose's JSON is read."""

    keypoint_set: str = field("auto", doc=f"{_SET}.")
    first_frame: int | None = _FIRST


@attrs.frozen(kw_only=True)
class MMPoseConfig(Config):
    """How the predictions that MMPose saves are read."""

    keypoint_set: str = field(
        "auto", doc="Keypoint set of the file; auto goes by its meta_info, else by the number."
    )


@attrs.frozen(kw_only=True)
class MediaPipeConfig(Config):
    """How landmarks of MediaPipe as JSON are read."""

    image_size: tuple[int, int] | None = field(
        None,
        doc="Width and height of the video, px; landmarks are fractions of it. None takes width "
        "and height of the file.",
        check=lambda value: value is None or min(value) > 0,
        needs="two numbers above 0",
    )
    frame_rate: float | None = field(
        None,
        doc="Frames per second; none takes fps of the file.",
        check=lambda value: value is None or value > 0,
        needs="a number above 0",
    )


@attrs.frozen(kw_only=True)
class DeepLabCutConfig(Config):
    """How DeepLabCut's tables of a video, CSV or H5, are read."""

    keypoint_set: str = field("coco-17", doc="Keypoint set that the body parts become.")
    bodyparts: Path | None = field(
        None,
        doc="YAML file with a line `keypoint: body part` for each keypoint; none takes the body "
        "parts that are called as keypoints are, whatever their case and punctuation.",
    )


@attrs.frozen(kw_only=True)
class VideoPose3DConfig(Config):
    """How one video of a data_2d_*.npz of VideoPose3D is read."""

    subject: str | None = field(None, doc="Subject, or name of the video; none takes the only one.")
    action: str | None = field(None, doc="Action; none takes the only one.")
    camera: int | None = field(
        None,
        doc="Which of the cameras, from 0; none takes the only one.",
        check=lambda value: value is None or value >= 0,
        needs="a number of at least 0",
    )
