from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, EnergyConfig, Spec, hookimpl

PLATYPOSE_API = 1


@hookimpl
def platypose_energys() -> Iterable[Spec[Energy]]:
    yield Spec("misspelt", EnergyConfig, "fixture_misspelt_hook:build", "")
