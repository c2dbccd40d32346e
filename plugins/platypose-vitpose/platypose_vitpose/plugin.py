"""What this distribution offers; imports neither torch nor transformers."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Detector, Spec, hookimpl
from platypose_vitpose.config import VitPoseConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_detectors() -> Iterable[Spec[Detector]]:
    """ViTPose."""
    yield Spec(
        "vitpose",
        VitPoseConfig,
        "platypose_vitpose.detector:build",
        "ViTPose of Hugging Face's transformers: 17 keypoints of COCO, with heatmaps.",
    )
