from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, EnergyConfig, Spec

PLATYPOSE_API = 1


def platypose_energies() -> Iterable[Spec[Energy]]:
    yield Spec("unmarked", EnergyConfig, "fixture_unmarked_hook:build", "")
