"""Options of the detector."""

from __future__ import annotations

import attrs

from platypose.api import Config, field


@attrs.frozen(kw_only=True)
class VitPoseConfig(Config):
    """Options of the detector `vitpose`."""

    model: str = field(
        "usyd-community/vitpose-base-simple",
        doc="A ViTPose network with the 17 keypoints of COCO: its name on the Hugging Face hub, or "
        "a folder.",
    )
    person_detector: str = field(
        "PekingU/rtdetr_r50vd_coco_o365",
        doc="A network that finds objects of the class person: a name on the hub, or a folder.",
    )
    score: float = field(
        0.5,
        doc="Least score of a person.",
        check=lambda value: 0 < value < 1,
        needs="a number between 0 and 1",
    )
    people: int = field(
        10,
        doc="How many people of a frame are looked at, those with the highest score.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    batch: int = field(
        8,
        doc="Frames that are looked at together.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
