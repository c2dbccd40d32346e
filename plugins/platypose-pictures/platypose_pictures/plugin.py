"""What this distribution offers; imports no matplotlib."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Report, Spec, Writer, hookimpl
from platypose_pictures.config import EvaluationPicturesConfig, MovieConfig, PicturesConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_writers() -> Iterable[Spec[Writer]]:
    """Pictures and films."""
    yield Spec(
        "pictures",
        PicturesConfig,
        "platypose_pictures.writer:build",
        "Hypotheses over the evidence, in 3D from two sides and over time, as PNG, PDF or SVG.",
    )
    yield Spec(
        "gif",
        MovieConfig,
        "platypose_pictures.film:build_gif",
        "A film of the hypotheses over the evidence and in 3D, as GIF.",
    )
    yield Spec(
        "mp4",
        MovieConfig,
        "platypose_pictures.film:build_mp4",
        "The same film as MP4; needs PyAV.",
    )


@hookimpl
def platypose_reports() -> Iterable[Spec[Report]]:
    """The pictures of an evaluation."""
    yield Spec(
        "pictures",
        EvaluationPicturesConfig,
        "platypose_pictures.evaluation:build",
        "Calibration curves and errors of an evaluation, a prior or a comparison, as PNG.",
    )
