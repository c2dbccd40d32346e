"""Components that a configuration can choose."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from platypose.api import EnergyConfig, field
from platypose.api.kinds.energy import KIND as ENERGY
from platypose.registry import Plugins, plugins, use


@attrs.frozen(kw_only=True)
class SpringConfig(EnergyConfig):
    stiffness: float = field(2.0, doc="N/m.", check=lambda v: v > 0, needs="a number above 0")
    axes: tuple[str, ...] = field(("x", "y"), doc="Which pull.")
    lengths: dict[str, float] | None = field(None, doc="At rest, m.")

    def __attrs_post_init__(self) -> None:
        if self.scale > self.stiffness:
            raise ValueError(f"scale is {self.scale} but needs at most the stiffness")


@pytest.fixture(autouse=True)
def _two_energies() -> Iterator[None]:
    use(Plugins())
    energies = plugins().registry(ENERGY)
    energies.register("spring", SpringConfig, lambda config, context: config)
    energies.register("plain", EnergyConfig, lambda config, context: config)
    yield
    use(None)
