"""All that a plugin author imports. Importing it imports neither torch nor numpy."""

from __future__ import annotations

from platypose.api.config import Config, field
from platypose.api.context import BuildContext
from platypose.api.errors import UserError
from platypose.api.kind import Kind, hookimpl, hookspec
from platypose.api.kinds import all_kinds
from platypose.api.kinds.calibration import Calibration
from platypose.api.kinds.dataset import Dataset, FilmedDataset, Trial
from platypose.api.kinds.denoiser import Denoiser
from platypose.api.kinds.detector import Detector, Frame, Person
from platypose.api.kinds.energy import (
    CurvedEnergy,
    Energy,
    EnergyConfig,
    Noise,
    NoisyEnergy,
    PerHypothesis,
    Quadratic,
)
from platypose.api.kinds.logger import Logger
from platypose.api.kinds.projection import Projection
from platypose.api.kinds.reader import Reader
from platypose.api.kinds.report import Report
from platypose.api.kinds.sampler import Expansion, Level, Problem, RootPrior, Sampler, UnknownCamera
from platypose.api.kinds.schedule import Schedule
from platypose.api.kinds.weights import Weights
from platypose.api.kinds.writer import Writer
from platypose.api.spec import API_VERSION, Spec

__all__ = [
    "API_VERSION",
    "BuildContext",
    "Calibration",
    "Config",
    "CurvedEnergy",
    "Dataset",
    "Denoiser",
    "Detector",
    "Energy",
    "EnergyConfig",
    "Expansion",
    "FilmedDataset",
    "Frame",
    "Kind",
    "Level",
    "Logger",
    "Noise",
    "NoisyEnergy",
    "PerHypothesis",
    "Person",
    "Problem",
    "Projection",
    "Quadratic",
    "Reader",
    "Report",
    "RootPrior",
    "Sampler",
    "Schedule",
    "Spec",
    "Trial",
    "UnknownCamera",
    "UserError",
    "Weights",
    "Writer",
    "all_kinds",
    "field",
    "hookimpl",
    "hookspec",
]
