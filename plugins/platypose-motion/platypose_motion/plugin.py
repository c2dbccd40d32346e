"""What this distribution adds to Platypose."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Dataset, Spec, hookimpl
from platypose_motion.config import CmuConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_datasets() -> Iterable[Spec[Dataset]]:
    """The motion data sets."""
    yield Spec(
        "cmu",
        CmuConfig,
        "platypose_motion.cmu:build",
        "CMU Graphics Lab Motion Capture Database, cgspeed BVH conversion",
    )
