"""What this distribution offers; imports no torch."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, Spec, hookimpl
from platypose_floor.config import FloorContactConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    """The floor."""
    yield Spec(
        "floor-contact",
        FloorContactConfig,
        "platypose_floor.energy:build",
        "Ankles that do not sink into the floor, and may have to stand on it.",
    )
