from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, EnergyConfig, Spec, hookimpl

PLATYPOSE_API = 99


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    yield Spec("too-new", EnergyConfig, "fixture_wrong_api:build", "")
