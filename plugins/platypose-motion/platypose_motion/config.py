"""Configuration of the data sets."""

from __future__ import annotations

import attrs

from platypose.api import Config, field


@attrs.frozen(kw_only=True)
class CmuConfig(Config):
    """How the CMU motion capture database is prepared."""

    frame_rate: float = field(
        30.0,
        doc="Frames a second of the prepared set.",
        check=lambda value: 1 <= value <= 120,
        needs="a number from 1 to 120",
    )
