"""What this distribution offers; imports no matplotlib."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Report, Spec, Writer, hookimpl
from platypose_pictures.config import EvaluationPicturesConfig, PicturesConfig

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


@hookimpl
def platypose_reports() -> Iterable[Spec[Report]]:
    """The pictures of an evaluation."""
    yield Spec(
        "pictures",
        EvaluationPicturesConfig,
        "platypose_pictures.evaluation:build",
        "The calibration curve, and errors by joint, stance and action, as PNG.",
    )
