"""The configuration of an evaluation. Imports neither torch nor numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import attrs

from platypose.api import Config, Dataset, Energy, Projection, Report, Sampler, field
from platypose.compute import DeviceName, Precision
from platypose.config import Chosen

OCCLUSIONS = ("none", "lower-body", "half")


def _positive(value: Any) -> bool:
    return bool(value >= 1)


def _positive_or_none(value: Any) -> bool:
    return value is None or value >= 1


def _occlusion(value: str) -> bool:
    name, colon, share = value.partition(":")
    if name != "random":
        return value in OCCLUSIONS
    try:
        return colon == ":" and 0 < float(share) < 1
    except ValueError:
        return False


_WHOLE = "a whole number above 0"


@attrs.frozen(kw_only=True)
class EvaluateConfig(Config):
    """One evaluation."""

    experiment: str = field(..., doc="What this is called in the results.")
    data: tuple[Path, ...] = field(
        (),
        doc="What to lift: motion sets, which made cameras see; evidence files with joints_3d as "
        "the truth; or, with a data set, its files.",
    )
    dataset: Chosen[Dataset] | None = field(
        None, doc="The data set whose published files, with detections, the data are."
    )
    split: str = field("test", doc="The part of motion sets and data sets that is lifted.")
    frames: int | None = field(
        None,
        doc="Frames of a clip, at most; none takes the prior's.",
        check=_positive_or_none,
        needs=_WHOLE,
    )
    spacing: int = field(
        30,
        doc="Frames from the start of a clip to that of the recording's next, at least; they "
        "never overlap.",
        check=_positive,
        needs=_WHOLE,
    )
    limit: int | None = field(
        None,
        doc="Only so many clips, the first of a fixed shuffle.",
        check=_positive_or_none,
        needs=_WHOLE,
    )
    keypoints: str = field("h36m-17", doc="The keypoint set in which made cameras see.")
    views: int = field(
        1,
        doc="Made cameras that see a clip at once, out of the four that stood around one person.",
        check=lambda value: 1 <= value <= 4,
        needs="a whole number from 1 to 4",
    )
    projection: Chosen[Projection] | None = field(
        None, doc="A camera model in the place of every camera's own."
    )
    noise_px: float = field(
        0.0,
        doc="Standard deviation of the noise added to keypoints in x and in y, px; their "
        "covariance says so.",
        check=lambda value: 0 <= value < float("inf"),
        needs="a finite number of at least 0",
    )
    occlude: str = field(
        "none",
        doc="Keypoints that are hidden: none; lower-body, knees and ankles; half, the left or the "
        "right side; random:p, each with probability p.",
        check=_occlusion,
        needs="none, lower-body, half, or random:p with p between 0 and 1",
    )
    prior: str = field("pose-17", doc="An installed prior, or the path of a checkpoint.")
    energies: tuple[Chosen[Energy], ...] = field(..., doc="Energies to add up.")
    energy_scale: float = field(
        1.0,
        doc="Factor on the sum of the energies.",
        check=lambda value: 0 <= value < float("inf"),
        needs="a finite number of at least 0",
    )
    sampler: Chosen[Sampler] = field(..., doc="The sampler.")
    samples: int = field(100, doc="Hypotheses.", check=_positive, needs=_WHOLE)
    root: Literal["unknown", "known"] = field(
        "unknown", doc="unknown solves for the root with the pose; known takes the true one."
    )
    seed: int = field(
        0,
        doc="Of the sampling; clips, cameras and noise are the same for all.",
        check=lambda value: 0 <= value < 2**63,
        needs="a whole number from 0 to 2⁶³ − 1",
    )
    chunk: int = field(
        8192,
        doc="Poses, hypotheses times frames, that are sampled at once; bounds memory.",
        check=_positive,
        needs=_WHOLE,
    )
    device: DeviceName = field("auto", doc="auto, cpu, cuda or mps.")
    precision: Precision = field("float32", doc="Of the network.")
    report: tuple[Chosen[Report], ...] = field((), doc="Reports, as pictures, of the figures.")
