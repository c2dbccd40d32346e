"""The options of each format of camera files."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import attrs

from platypose.api import Config, field

Direction = tuple[float, float, float]


def _direction(value: Sequence[float] | None) -> bool:
    return value is None or (all(map(isfinite, value)) and any(value))


def _positive(value: float | None) -> bool:
    return value is None or 0 < value < float("inf")


@attrs.frozen(kw_only=True)
class WorldConfig(Config):
    """What the file itself does not say of its world."""

    up: Direction = field(
        (0.0, 0.0, 1.0),
        doc="The direction in the file's world that points up.",
        check=_direction,
        needs="three finite numbers, not all 0",
    )
    scale: float = field(
        1.0,
        doc="Metres in one unit of the file's lengths: 0.001 for millimetres.",
        check=_positive,
        needs="a finite number above 0",
    )


@attrs.frozen(kw_only=True)
class QualisysConfig(Config):
    """What the file itself does not say of its world."""

    up: Direction = field(
        (0.0, 0.0, 1.0),
        doc="The direction in the file's world that points up.",
        check=_direction,
        needs="three finite numbers, not all 0",
    )


@attrs.frozen(kw_only=True)
class ColmapConfig(Config):
    """What pictures alone do not tell, so that both must be given."""

    up: Direction | None = field(
        None,
        doc="The direction in the file's world that points up.",
        check=_direction,
        needs="three finite numbers, not all 0",
    )
    scale: float | None = field(
        None,
        doc="Metres in one unit of the file's lengths.",
        check=_positive,
        needs="a finite number above 0",
    )
    moving: bool = field(
        False, doc="Whether all images are frames of one camera, by the numbers in their names."
    )
