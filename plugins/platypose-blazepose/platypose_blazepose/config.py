"""Options of the detector."""

from __future__ import annotations

from typing import Literal

import attrs

from platypose.api import Config, field


@attrs.frozen(kw_only=True)
class BlazePoseConfig(Config):
    """Options of the detector `blazepose`."""

    model: Literal["heavy", "full", "lite"] = field(
        "heavy", doc="The network of the keypoints; the lighter ones are faster and less exact."
    )
    people: int = field(
        5,
        doc="How many people are followed at once.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    search: int = field(
        15,
        doc="Frames after which the picture is searched again for people who are not followed.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    tiles: int = field(
        4,
        doc="Where nobody is found, the picture is cut into 2 x 2 overlapping tiles, and so on up "
        "to this many each way, for people who are small in it; 1 cuts nothing.",
        check=lambda value: 1 <= value <= 8,
        needs="a whole number from 1 to 8",
    )
    threads: int = field(
        0,
        doc="Processor threads; 0 for as many as there are cores, and at most 4.",
        check=lambda value: value >= 0,
        needs="a whole number of at least 0",
    )
    weights: str = field(
        "",
        doc="Folder with pose_detection.tflite and pose_landmark_<model>.tflite; empty for the "
        "user's cache, into which they are downloaded on first use.",
    )
