"""The configuration of a lifting run. Imports neither torch nor numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from platypose.api import Calibration, Config, Energy, Reader, Sampler, Writer, field
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
    chunk: int = field(
        16384,
        doc="Poses (frames of hypotheses) at once, which bounds memory.",
        check=lambda v: v >= 1,
        needs="a whole number above 0",
    )
    write: tuple[Chosen[Writer], ...] = field((), doc="Writers that add files beside the samples.")


@attrs.frozen(kw_only=True)
class LiftConfig(Config):
    """One lifting run."""

    evidence: tuple[Path, ...] = field(
        ...,
        doc="The evidence file, or files of detections, one for each camera.",
        check=lambda v: len(v) >= 1,
        needs="at least one file",
    )
    format: Chosen[Reader] | None = field(
        None, doc="The reader of the evidence; none finds it by content."
    )
    person: str = field(
        "largest",
        doc="Whom to lift: largest in the picture, all, or a name; names with commas between them, "
        "one for each camera, where they differ.",
    )
    frame_rate: float | None = field(
        None,
        doc="Frames a second, where the files do not say it or are wrong.",
        check=lambda v: v is None or 0 < v < float("inf"),
        needs="a finite number above 0",
    )
    image_size: tuple[int, int] | None = field(
        None,
        doc="Width and height of the video, px, where the files do not say it.",
        check=lambda v: v is None or min(v) >= 1,
        needs="two whole numbers above 0",
    )
    camera: str | None = field(
        None,
        doc="A camera file, or a preset such as h36m:S1/54138969; none takes the evidence's own, "
        "or guesses.",
    )
    camera_format: Chosen[Calibration] | None = field(
        None, doc="The format of the camera file; none finds it by content."
    )
    views: tuple[str, ...] = field(
        (), doc="Names of the cameras in that file that took the evidence, in its order."
    )
    rescale_camera: bool = field(
        False, doc="Whether the video is the calibrated picture at another size."
    )
    fov: float | None = field(
        None,
        doc="Without a camera file: the angle between the left and the right edge of the picture, "
        "degrees.",
        check=lambda v: v is None or 1 <= v <= 170,
        needs="an angle from 1 to 170",
    )
    tilt: float | None = field(
        None,
        doc="Of a camera whose tilt is not known: how far it looks down, degrees.",
        check=lambda v: v is None or -85 <= v <= 85,
        needs="an angle from −85 to 85",
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
    window: int | None = field(
        None,
        doc="Frames that are lifted at once; none is the longest clip that the prior knows, or 256 "
        "with a prior of single frames.",
        check=lambda v: v is None or v >= 1,
        needs="a whole number above 0",
    )
    overlap: int | None = field(
        None,
        doc="Frames that a window shares with the one before, of priors of clips; none is 16, or "
        "half of a shorter window.",
        check=lambda v: v is None or v >= 2,
        needs="a whole number of at least 2",
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
    chunk: int = field(
        16384,
        doc="Poses (frames of hypotheses) at once, which bounds memory.",
        check=lambda v: v >= 1,
        needs="a whole number above 0",
    )
    write: tuple[Chosen[Writer], ...] = field((), doc="Writers that add files beside the samples.")
