"""Contract suites: what a component must keep to, as tests that its author runs with pytest.

from platypose.testing import EnergyContract

class TestFloorContact(EnergyContract):
    name = "floor-contact"
"""

from __future__ import annotations

from platypose.testing.denoiser import DenoiserContract
from platypose.testing.energy import EnergyContract
from platypose.testing.logger import LoggerContract
from platypose.testing.projection import ProjectionContract
from platypose.testing.sampler import SamplerContract
from platypose.testing.schedule import ScheduleContract

__all__ = [
    "DenoiserContract",
    "EnergyContract",
    "LoggerContract",
    "ProjectionContract",
    "SamplerContract",
    "ScheduleContract",
]
