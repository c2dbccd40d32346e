"""The contract of energies."""

from __future__ import annotations

from platypose.testing import EnergyContract


class TestHeatmap(EnergyContract):
    name = "heatmap"
