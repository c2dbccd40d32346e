"""The configuration of a lifting run. Imports neither torch nor numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from platypose.api import Config, Energy, Reader, Sampler, Writer, field
from platypose.compute import DeviceName, Precision
from platypose.config import Chosen


@attrs.frozen(kw_only=True)
class SampleConfig(Config):
    """One run of free sampling."""

    prior: str = field("pose-17", doc="An installed prior, or the path of a checkpoint.")
    sampler: Chosen[Sampler] = field(..., doc="The sampler.")
    samples: int = field(16, doc="Samples.", check=lambda v: v >= 1, needs="a whole number above 0")
    frames: int = field(
        1, doc="Frames of each sample.", check=lambda v: v >= 1, needs="a whole number above 0"
    )
    seed: int = field(
        0,
        doc="Of all randomness.",
        check=lambda v: 0 <= v < 2**63,
        needs="a whole number from 0 to 2⁶³ − 1",
    )
    device: DeviceName = field("auto", doc="auto, cpu, cuda or mps.")
    precision: Precision = field("float32", doc="Of the network.")
    write: tuple[Chosen[Writer], ...] = field((), doc="Writers that add files beside the samples.")


@attrs.frozen(kw_only=True)
class LiftConfig(Config):
    """One lifting run."""

    evidence: Path = field(..., doc="The evidence file.")
    format: Chosen[Reader] | None = field(
        None, doc="The reader of a foreign format; none reads Platypose's own."
    )
    prior: str = field("pose-17", doc="An installed prior, or the path of a checkpoint.")
    energies: tuple[Chosen[Energy], ...] = field(
        (),
        doc="Energies to add up; none means heatmap, reprojection or joints-3d, the first that "
        "the evidence has the data for.",
    )
    energy_scale: float = field(
        1.0,
        doc="Factor on the sum of the energies.",
        check=lambda v: 0 <= v < float("inf"),
        needs="a finite number of at least 0",
    )
    sampler: Chosen[Sampler] = field(..., doc="The sampler.")
    samples: int = field(
        50, doc="Hypotheses.", check=lambda v: v >= 1, needs="a whole number above 0"
    )
    root: Literal["unknown", "known"] = field(
        "unknown", doc="unknown solves for the root with the pose; known takes the evidence's."
    )
    seed: int = field(
        0,
        doc="Of all randomness.",
        check=lambda v: 0 <= v < 2**63,
        needs="a whole number from 0 to 2⁶³ − 1",
    )
    device: DeviceName = field("auto", doc="auto, cpu, cuda or mps.")
    precision: Precision = field("float32", doc="Of the network.")
    write: tuple[Chosen[Writer], ...] = field((), doc="Writers that add files beside the samples.")
