from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Energy, EnergyConfig, Spec, hookimpl

PLATYPOSE_API = 1


class Wind:
    def __init__(self, config: EnergyConfig, context: object) -> None:
        pass

    def __call__(self, joints: object) -> str:
        return "south"


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    yield Spec("wind", EnergyConfig, "fixture_south:Wind", "From the south.")
