"""The options of the energy; imports no torch."""

from __future__ import annotations

import math

import attrs

from platypose.api import EnergyConfig, field


@attrs.frozen(kw_only=True)
class FloorContactConfig(EnergyConfig):
    """Options of the energy `floor-contact`."""

    height: float = field(
        0.08,
        doc="World z of the ankle of a foot that stands on the floor, m.",
        check=math.isfinite,
        needs="a finite number",
    )
    sigma: float = field(
        0.02,
        doc="Standard deviation of an ankle's error in z, m.",
        check=lambda value: 0 < value < math.inf,
        needs="a finite number above 0",
    )
    standing: bool = field(
        False,
        doc="Whether the lower foot stands on the floor in every frame; false allows jumps.",
    )
