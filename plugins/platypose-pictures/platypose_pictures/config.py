"""Options of the pictures."""

from __future__ import annotations

import attrs

from platypose.api import Config, field


@attrs.frozen(kw_only=True)
class PicturesConfig(Config):
    """Options of the writer `pictures`."""

    frames: int = field(
        6,
        doc="Frames drawn, spread evenly over the clip.",
        check=lambda value: 1 <= value <= 24,
        needs="a whole number from 1 to 24",
    )
    dpi: int = field(
        110,
        doc="Pixels per inch; a figure is at most 10 inches wide, whatever the number of frames.",
        check=lambda value: 30 <= value <= 600,
        needs="a whole number from 30 to 600",
    )
    hypotheses: int = field(
        50,
        doc="Hypotheses drawn at most; means, medians and bands are of all.",
        check=lambda value: value >= 1,
        needs="a whole number above 0",
    )
    format: str = field(
        "png",
        doc="png, or pdf or svg, whose lines and letters stay sharp at any size.",
        check=lambda value: value in ("png", "pdf", "svg"),
        needs="png, pdf or svg",
    )


@attrs.frozen(kw_only=True)
class MovieConfig(Config):
    """Options of the writers `gif` and `mp4`."""

    frame_rate: float = field(
        15.0,
        doc="Pictures per second at most.",
        check=lambda value: 1 <= value <= 120,
        needs="a number from 1 to 120",
    )
    speed: float = field(
        1.0,
        doc="Of the film; 0.25 is slow motion.",
        check=lambda value: 0.01 <= value <= 100,
        needs="a number from 0.01 to 100",
    )
    dpi: int = field(
        100,
        doc="Pixels per inch; the film is at most 9.5 inches wide.",
        check=lambda value: 30 <= value <= 300,
        needs="a whole number from 30 to 300",
    )
    hypotheses: int = field(
        20,
        doc="Hypotheses drawn at most; means are of all.",
        check=lambda value: value >= 1,
        needs="a whole number above 0",
    )


@attrs.frozen(kw_only=True)
class EvaluationPicturesConfig(Config):
    """Options of the report `pictures`."""

    dpi: int = field(
        130,
        doc="Pixels per inch.",
        check=lambda value: 30 <= value <= 600,
        needs="a whole number from 30 to 600",
    )
