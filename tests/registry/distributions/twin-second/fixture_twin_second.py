from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, EnergyConfig, Spec, hookimpl

PLATYPOSE_API = 1


class Twin:
    def __init__(self, config: EnergyConfig, context: object) -> None:
        pass

    def __call__(self, joints: object) -> object:
        return joints


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    yield Spec("twin-second", EnergyConfig, "fixture_twin_second:Twin", "")
