from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, EnergyConfig, Spec, hookimpl

PLATYPOSE_API = 1


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    yield Spec("half", EnergyConfig, "fixture_raising_hook:build", "Announced before the fall.")
    raise RuntimeError("the licence server is down")
