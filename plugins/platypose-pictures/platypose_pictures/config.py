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


@attrs.frozen(kw_only=True)
class EvaluationPicturesConfig(Config):
    """Options of the report `pictures`."""

    dpi: int = field(
        130,
        doc="Pixels per inch.",
        check=lambda value: 30 <= value <= 600,
        needs="a whole number from 30 to 600",
    )
