from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, EnergyConfig, Spec, hookimpl

PLATYPOSE_API = 1


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    yield Spec("again", EnergyConfig, "fixture_gives_twice:one", "")
    yield Spec("again", EnergyConfig, "fixture_gives_twice:other", "")
