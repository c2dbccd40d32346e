"""What was seen: keypoints, heatmaps, 3D joints, cameras; the file and its validation."""

from __future__ import annotations

from platypose.evidence.detections import Detections, Track
from platypose.evidence.evidence import Camera, Evidence
from platypose.evidence.observed import Observed, observe

__all__ = ["Camera", "Detections", "Evidence", "Observed", "Track", "observe"]
