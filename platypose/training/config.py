"""The configuration of a training run. Imports neither torch nor numpy."""

from __future__ import annotations

from pathlib import Path

import attrs

from platypose.api import Config, Denoiser, Schedule, field
from platypose.compute import DeviceName, Precision
from platypose.config import Chosen


@attrs.frozen(kw_only=True)
class Optimisation(Config):
    """How the network is trained."""

    steps: int = field(
        20_000, doc="Training steps.", check=lambda v: v >= 1, needs="a whole number above 0"
    )
    batch: int = field(
        512, doc="Clips in a step.", check=lambda v: v >= 1, needs="a whole number above 0"
    )
    frames: int = field(
        1,
        doc="The longest clip; each step draws its length from 1 to this.",
        check=lambda v: v >= 1,
        needs="a whole number above 0",
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
    checkpoint_minutes: float = field(
        5.0, doc="Minutes between checkpoints.", check=lambda v: v > 0, needs="a number above 0"
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
    recombine: float = field(
        0.0,
        doc="Share of the clips whose limb groups are swapped with other clips' of the batch.",
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
