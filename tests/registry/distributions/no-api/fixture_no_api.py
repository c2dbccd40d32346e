from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, EnergyConfig, Spec, hookimpl


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    yield Spec("careless", EnergyConfig, "fixture_no_api:build", "")
