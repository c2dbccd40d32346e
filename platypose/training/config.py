"""The configuration of a training run. Imports neither torch nor numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from platypose.api import Config, Denoiser, Logger, Schedule, field
from platypose.compute import DeviceName, Precision
from platypose.config import Chosen


@attrs.frozen(kw_only=True)
class Optimisation(Config):
    """How the network is trained."""

    steps: int = field(
        20_000, doc="Training steps.", check=lambda v: v >= 1, needs="a whole number above 0"
    )
    batch: int = field(
        512,
        doc="Clips in a step, over all processes.",
        check=lambda v: v >= 1,
        needs="a whole number above 0",
    )
    accumulate: int = field(
        1,
        doc="Parts in which a step's batch is computed one after another, where memory is short.",
        check=lambda v: v >= 1,
        needs="a whole number above 0",
    )
    frames: int = field(
        1,
        doc="The longest clip; each step draws its length from shortest to this.",
        check=lambda v: v >= 1,
        needs="a whole number above 0",
    )
    shortest: int = field(
        1, doc="The shortest clip.", check=lambda v: v >= 1, needs="a whole number above 0"
    )
    learning_rate: float = field(
        5e-4, doc="Peak rate of AdamW.", check=lambda v: v > 0, needs="a number above 0"
    )
    warm_up: int = field(
        500,
        doc="Steps in which the rate rises from 0.",
        check=lambda v: v >= 0,
        needs="a whole number of at least 0",
    )
    weight_decay: float = field(
        0.01, doc="Of AdamW.", check=lambda v: v >= 0, needs="a number of at least 0"
    )
    gradient_norm: float = field(
        1.0, doc="Gradients are clipped to it.", check=lambda v: v > 0, needs="a number above 0"
    )
    ema: float = field(
        0.999,
        doc="Decay of the exponential moving average of the weights, a step.",
        check=lambda v: 0 <= v < 1,
        needs="a number from 0 to below 1",
    )
    weighting: Literal["uniform", "min-snr", "edm"] = field(
        "uniform",
        doc="What an error counts at noise σ: uniform 1; min-snr the smaller of 1/σ² and "
        "min_snr_gamma; edm (1 + σ²)/σ².",
    )
    min_snr_gamma: float = field(
        5.0, doc="The γ of min-snr.", check=lambda v: v > 0, needs="a number above 0"
    )
    noise: Literal["schedule", "log-normal", "log-uniform"] = field(
        "schedule",
        doc="How σ is drawn: schedule takes the schedule's levels, each as often; log-normal and "
        "log-uniform take any σ from noise_low to noise_high.",
    )
    noise_low: float = field(
        0.01, doc="The lowest σ drawn.", check=lambda v: v > 0, needs="a number above 0"
    )
    noise_high: float = field(
        100.0,
        doc="The highest σ drawn.",
        check=lambda v: 0 < v < float("inf"),
        needs="a finite number above 0",
    )
    noise_median: float = field(
        0.6,
        doc="The median σ of log-normal.",
        check=lambda v: 0 < v < float("inf"),
        needs="a finite number above 0",
    )
    noise_spread: float = field(
        1.2,
        doc="Standard deviation of ln σ of log-normal.",
        check=lambda v: 0 <= v < float("inf"),
        needs="a finite number of at least 0",
    )
    same_frames: bool = field(
        False,
        doc="Draw more clips when they are short, so that every step has batch · frames frames.",
    )
    compile: bool = field(False, doc="Compile the network with torch.compile.")
    checkpoint_minutes: float = field(
        5.0, doc="Minutes between checkpoints.", check=lambda v: v > 0, needs="a number above 0"
    )

    def __attrs_post_init__(self) -> None:
        if self.shortest > self.frames:
            raise ValueError(f"shortest is {self.shortest} but needs at most frames, {self.frames}")
        if self.noise_low > self.noise_high:
            raise ValueError(
                f"noise_low is {self.noise_low} but needs at most noise_high, {self.noise_high}"
            )


@attrs.frozen(kw_only=True)
class Augmentation(Config):
    """How clips are varied."""

    yaw: bool = field(True, doc="Turn about the vertical, any angle.")
    mirror: bool = field(True, doc="Swap left and right in half of the clips.")
    body_scale: float = field(
        0.08,
        doc="Standard deviation of the logarithm of the body's size.",
        check=lambda v: v >= 0,
        needs="a number of at least 0",
    )
    limb_length: float = field(
        0.05,
        doc="Standard deviation of the logarithm of the length of arms, legs, torso and head.",
        check=lambda v: v >= 0,
        needs="a number of at least 0",
    )
    tilt_degrees: float = field(
        0.0,
        doc="Standard deviation of a tilt of the whole body about a horizontal axis, degrees.",
        check=lambda v: v >= 0,
        needs="a number of at least 0",
    )
    tilt_anywhere: float = field(
        0.0,
        doc="Share of the clips that are tilted by any angle up to 110 degrees instead.",
        check=lambda v: 0 <= v <= 1,
        needs="a number from 0 to 1",
    )
    recombine: float = field(
        0.0,
        doc="Share of the clips whose limb groups are swapped with other clips' of the batch.",
        check=lambda v: 0 <= v <= 1,
        needs="a number from 0 to 1",
    )
    joint_degrees: float = field(
        0.0,
        doc="Standard deviation of a turn of each arm, leg, forearm and shin in its joint, "
        "degrees, within what joints allow.",
        check=lambda v: v >= 0,
        needs="a number of at least 0",
    )
    frame_rate: float = field(
        0.0,
        doc="Clips are played up to this much faster or slower; 0.25 is 1.25 times.",
        check=lambda v: 0 <= v <= 1,
        needs="a number from 0 to 1",
    )


@attrs.frozen(kw_only=True)
class TrainConfig(Config):
    """One training run."""

    data: tuple[Path, ...] = field(
        ...,
        doc="Motion sets made by platypose data prepare.",
        check=lambda value: len(value) >= 1,
        needs="at least one file",
    )
    split: str = field("train", doc="The split to train on.")
    held_out: str = field("test", doc="The split to measure on.")
    denoiser: Chosen[Denoiser] = field(..., doc="The network.")
    schedule: Chosen[Schedule] = field(..., doc="The noise levels to train at.")
    train: Optimisation = field(Optimisation(), doc="The optimisation.")
    augment: Augmentation = field(Augmentation(), doc="The augmentation.")
    loggers: tuple[Chosen[Logger], ...] = field(
        (), doc="Where curves and pictures go beside the run's own files."
    )
    pictures: bool = field(
        True,
        doc="Draw free samples at each checkpoint, where the writer pictures is installed.",
    )
    residual_frames: int = field(
        65_536,
        doc="Frames denoised at the end, for each noise level and clip length, to measure the "
        "residual covariance; 0 measures none.",
        check=lambda v: v >= 0,
        needs="a whole number of at least 0",
    )
    weights: Literal["float32", "float16", "bfloat16"] = field(
        "float32", doc="Type in which the finished weights are stored; they compute in float32."
    )
    licence: str = field("", doc="The licence of the weights, for the header.")
    seed: int = field(
        0,
        doc="Of every random number.",
        check=lambda v: 0 <= v < 2**63,
        needs="a whole number from 0 to 2⁶³ − 1",
    )
    device: DeviceName = field("auto", doc="auto, cpu, cuda or mps.")
    precision: Precision = field(
        "float32", doc="float32; bfloat16 computes the network in mixed precision."
    )
