"""From a video to what a detector saw in it."""

from __future__ import annotations

from platypose.detection.detect import detect_video
from platypose.detection.video import Video

__all__ = ["Video", "detect_video"]
