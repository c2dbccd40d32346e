"""What a preparation left out, and why."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

CAUSES = (
    "unreadable",
    "given twice",
    "no numbers",
    "leg length",
    "bone lengths vary",
    "left and right",
    "vertical axis",
    "jumps",
    "in the air",
    "too short",
    "duplicate",
)
"""The kinds of fault that are counted."""


@attrs.frozen(kw_only=True)
class Rejection:
    """A recording, or a part of one, that a preparation left out.

    Attributes:
        name: the recording.
        cause: one of `CAUSES`.
        reason: what is wrong with it, with the figure and the bound.
        seconds: how much of it was left out; 0 where that cannot be known.
    """

    name: str
    cause: str = attrs.field(validator=attrs.validators.in_(CAUSES))
    reason: str
    seconds: float = 0.0


def count(rejections: Iterable[Rejection]) -> dict[str, dict[str, float]]:
    """How many parts were left out, and how many seconds, by cause in the order of `CAUSES`."""
    causes: dict[str, dict[str, float]] = {}
    for rejection in sorted(rejections, key=lambda r: CAUSES.index(r.cause)):
        counted = causes.setdefault(rejection.cause, {"parts": 0, "seconds": 0.0})
        counted["parts"] += 1
        counted["seconds"] = round(counted["seconds"] + rejection.seconds, 2)
    return causes
