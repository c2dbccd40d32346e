"""What this distribution offers; imports no matplotlib."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Spec, Writer, hookimpl
from platypose_pictures.config import PicturesConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_writers() -> Iterable[Spec[Writer]]:
    """The pictures."""
    yield Spec(
        "pictures",
        PicturesConfig,
        "platypose_pictures.writer:build",
        "Hypotheses over the evidence, in 3D from two sides and over time, as PNG.",
    )
