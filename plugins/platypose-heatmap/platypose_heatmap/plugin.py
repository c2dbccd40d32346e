"""What this distribution offers; imports no torch."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, Spec, hookimpl
from platypose_heatmap.config import HeatmapConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    """The heatmap energy."""
    yield Spec(
        "heatmap",
        HeatmapConfig,
        "platypose_heatmap.energy:build",
        "Likelihood of projected keypoints under a detector's heatmaps, several modes each.",
    )
