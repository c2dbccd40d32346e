"""What this distribution offers; imports no interpreter."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Detector, Spec, hookimpl
from platypose_blazepose.config import BlazePoseConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_detectors() -> Iterable[Spec[Detector]]:
    """MediaPipe's pose model."""
    yield Spec(
        "blazepose",
        BlazePoseConfig,
        "platypose_blazepose.detector:build",
        "MediaPipe's pose model: 33 keypoints, with heatmaps of 64 x 64 cells.",
    )
