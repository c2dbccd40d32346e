"""The configuration of `platypose evaluate-prior`. Imports neither torch nor numpy."""

from __future__ import annotations

from pathlib import Path

import attrs

from platypose.api import Config, Report, Sampler, field
from platypose.compute import DeviceName, Precision
from platypose.config import Chosen


@attrs.frozen(kw_only=True)
class EvaluatePriorConfig(Config):
    """What is measured of a prior, and on how much."""

    prior: str = field(..., doc="Installed prior, or path of a checkpoint or run.")
    data: tuple[Path, ...] = field(
        ...,
        doc="Motion sets, measured together and apart.",
        check=lambda value: len(value) >= 1,
        needs="at least one file",
    )
    train: str = field("train", doc="The split that the prior was trained on.")
    held_out: str = field("test", doc="The split that it was not trained on.")
    frames: int | None = field(
        None,
        doc="Frames of a clip; none for the longest that the prior knows.",
        check=lambda value: value is None or value >= 1,
        needs="a whole number above 0",
    )
    limit: int = field(
        8192,
        doc="Frames in each measurement.",
        check=lambda value: value >= 1,
        needs="a whole number above 0",
    )
    sampler: Chosen[Sampler] = field(..., doc="Sampler of the free samples.")
    report: tuple[Chosen[Report], ...] = field((), doc="Reports of the figures, as pictures.")
    seed: int = field(
        0,
        doc="Of all randomness.",
        check=lambda value: 0 <= value < 2**63,
        needs="a whole number from 0 to 2⁶³ − 1",
    )
    device: DeviceName = field("auto", doc="auto, cpu, cuda or mps.")
    precision: Precision = field("float32", doc="Of the network.")
