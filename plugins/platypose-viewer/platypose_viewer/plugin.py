"""What this distribution offers; imports no numpy."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Spec, Writer, hookimpl
from platypose_viewer.config import PageConfig, RerunConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_writers() -> Iterable[Spec[Writer]]:
    """The page, and a recording for another viewer."""
    yield Spec(
        "page",
        PageConfig,
        "platypose_viewer.writer:build",
        "One HTML file that shows the hypotheses over the evidence and in 3D, in any browser.",
    )
    yield Spec(
        "rerun",
        RerunConfig,
        "platypose_viewer.recording:build",
        "A recording for the Rerun viewer; needs its SDK.",
    )
