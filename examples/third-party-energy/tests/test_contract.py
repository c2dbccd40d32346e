"""What Platypose asks of every energy."""

from __future__ import annotations

from platypose.testing import EnergyContract


class TestFloorContact(EnergyContract):
    name = "floor-contact"


class TestFloorContactStanding(EnergyContract):
    name = "floor-contact"
    options = {"standing": True}
