"""The options of schedules and samplers."""

from __future__ import annotations

import re
from typing import Literal

import attrs

from platypose.api import Config, field


@attrs.frozen(kw_only=True)
class CosineConfig(Config):
    """Fifty levels by default, as published for poses."""

    steps: int = field(
        50,
        doc="Number of noise levels.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    offset: float = field(
        0.008,
        doc="The offset s, which keeps the first levels from being too clean.",
        check=lambda value: 0 <= value < float("inf"),
        needs="a finite number of at least 0",
    )


@attrs.frozen(kw_only=True)
class LinearConfig(Config):
    """A thousand levels by default; β grows from 0.1 / steps to 20 / steps."""

    steps: int = field(
        1000,
        doc="Number of noise levels.",
        check=lambda value: value > 20,
        needs="a whole number above 20, because β ends at 20 / steps, below 1",
    )


@attrs.frozen(kw_only=True)
class KarrasConfig(Config):
    """A range of noise that suits poses; the images of the paper use 0.002 to 80."""

    steps: int = field(
        50,
        doc="Number of noise levels.",
        check=lambda value: value >= 2,
        needs="a whole number of at least 2",
    )
    sigma_min: float = field(
        0.02,
        doc="The lowest σ, in units of the prior's scale.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )
    sigma_max: float = field(
        20.0,
        doc="The highest σ, in units of the prior's scale.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )
    rho: float = field(
        7.0,
        doc="The power ρ; more of it puts more levels near `sigma_min`.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )

    def __attrs_post_init__(self) -> None:
        if self.sigma_max <= self.sigma_min:
            raise ValueError(
                f"sigma_max is {self.sigma_max} but needs a number above sigma_min,"
                f" which is {self.sigma_min}"
            )


@attrs.frozen(kw_only=True)
class DescentConfig(Config):
    """Gradient descent on the energy, which moves each predicted clean pose."""

    substeps: int = field(
        20,
        doc="Gradient steps at each noise level; published are 1 and 10.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    learning_rate: float = field(
        0.1,
        doc="Step length at first, in squares of the prior's scale per nat of energy.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )
    control: Literal["hypothesis", "batch"] = field(
        "hypothesis",
        doc="Whose learning rate: one of each joint, which follows the curvature that the joint "
        "meets, a step that does not lower the energy of its hypothesis and frame being taken "
        "back; or, as published, one of the whole batch, cut where its mean energy does not fall.",
        check=lambda value: value in ("hypothesis", "batch"),
        needs='"hypothesis" or "batch"',
    )


def _names_levels(value: str) -> bool:
    return re.fullmatch(r"all|ddim\d+", value) is not None


@attrs.frozen(kw_only=True)
class GuidedDDIMConfig(DescentConfig):
    """With the cosine schedule of 50 levels, the published 16 denoiser calls."""

    levels: str = field(
        "ddim20",
        doc='Levels of the schedule to use: "ddimN" for N of them, or "all".',
        check=_names_levels,
        needs='"all" or "ddimN" with a whole number N',
    )
    skip: int | None = field(
        None,
        doc="How many of these levels, the noisiest, to leave out; by default the published 4, and "
        "0 for a prior of clips, to which the zero pose shows through the noise of many frames.",
        check=lambda value: value is None or value >= 0,
        needs="a whole number of at least 0",
    )
    calls: int | None = field(
        None,
        doc="Denoiser calls, in the place of `levels`: as many levels are used, and those of `skip`"
        " left out, by default one for four, as published, and 0 for a prior of clips.",
        check=lambda value: value is None or value >= 1,
        needs="a whole number of at least 1",
    )


@attrs.frozen(kw_only=True)
class AncestralConfig(DescentConfig):
    """All levels of the schedule by default."""

    levels: str = field(
        "all",
        doc='Levels of the schedule to use: "ddimN" for N of them, or "all".',
        check=_names_levels,
        needs='"all" or "ddimN" with a whole number N',
    )


@attrs.frozen(kw_only=True)
class LevelsConfig(Config):
    """Which noise levels a sampler visits, each with one call of the denoiser."""

    calls: int = field(
        16,
        doc="Noise levels, each of which takes one call of the denoiser.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    sigma_max: float = field(
        5.0,
        doc="The first σ of a frame, in units of the prior's scale, and √F times that for a clip "
        "of F frames; the schedule's highest is a limit.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )
    sigma_min: float = field(
        0.02,
        doc="The last σ, in units of the prior's scale; the schedule's lowest is a limit.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )
    rho: float = field(
        7.0,
        doc="The power ρ; more of it puts more levels near `sigma_min`.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )

    def __attrs_post_init__(self) -> None:
        if self.sigma_max <= self.sigma_min:
            raise ValueError(
                f"sigma_max is {self.sigma_max} but needs a number above sigma_min,"
                f" which is {self.sigma_min}"
            )


@attrs.frozen(kw_only=True)
class PosteriorConfig(LevelsConfig):
    """Eight denoiser calls by default."""

    calls: int = field(
        8,
        doc="Noise levels, each of which takes one call of the denoiser.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    steps: int | None = field(
        None,
        doc="Gauss–Newton steps to the mode at each level, and four times as many at the first, "
        "which starts far from the evidence; by default 2, and 3 for a clip whose root is "
        "unknown.",
        check=lambda value: value is None or value >= 1,
        needs="a whole number of at least 1",
    )
    temperature: float = field(
        1.0,
        doc="Factor on the covariance of the denoiser's residual; more of it for people unlike "
        "those that the prior has seen.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )
    candidates: int = field(
        1,
        doc="Draws of each hypothesis at each level, of which one is kept by its exact weight given"
        " the noisy pose; above 1 an effective number of samples is reported. A camera that is "
        "unknown has no such weights, and one draw.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    refit: bool = field(
        True,
        doc="Whether the temperature also follows the evidence: up to 4 times as high in a frame "
        "that the prior does not fit, and higher or lower for the motion of a lively or quiet "
        "clip.",
    )


@attrs.frozen(kw_only=True)
class DPSConfig(LevelsConfig):
    """Sixteen denoiser calls by default, each with a backward pass."""

    step: float = field(
        1.0,
        doc="ζ, the length of a step where the energy is stiff, in units of the one that reaches "
        "the evidence.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )


@attrs.frozen(kw_only=True)
class DAPSConfig(LevelsConfig):
    """Sixteen denoiser calls by default, and 32 gradients of the energy after each."""

    trajectories: int = field(
        8,
        doc="Hamiltonian trajectories at each level, each with a momentum of its own.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    leapfrogs: int = field(
        4,
        doc="Steps of a trajectory, each a value and a gradient of the energy.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    step: float = field(
        0.6,
        doc="Length of these steps, in units of the time in which the stiffest direction turns "
        "by a radian; from 2 on they diverge. Over a clip of F frames, ⁴√F times shorter.",
        check=lambda value: 0 < value < 2,
        needs="a number above 0 and below 2",
    )


@attrs.frozen(kw_only=True)
class DiffPIRConfig(LevelsConfig):
    """Sixteen denoiser calls by default, with fresh noise after each."""

    attachment: float = field(
        1.0,
        doc="λ: clean poses are taken to be within σ / √λ of the denoiser's answer.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )
    fresh: float = field(
        1.0,
        doc="ζ, the share of fresh noise in the variance of each level; 0 is DDIM.",
        check=lambda value: 0 <= value <= 1,
        needs="a number from 0 to 1",
    )
    substeps: int = field(
        20,
        doc="Gradient steps to the compromise of denoiser and energy.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )


@attrs.frozen(kw_only=True)
class TDSConfig(LevelsConfig):
    """Sixteen denoiser calls by default, each with a backward pass."""

    resample_below: float = field(
        0.5,
        doc="Hypotheses are resampled where their effective number is below this share of H; at "
        "the last level they always are.",
        check=lambda value: 0 <= value <= 1,
        needs="a number from 0 to 1",
    )


@attrs.frozen(kw_only=True)
class GaussianMixtureConfig(Config):
    """Two kinds of single poses by default."""

    components: int = field(
        2,
        doc="Number of Gaussians.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    memory: float = field(
        0.0,
        doc="Correlation of a motion's successive frames; 0 for a prior of single frames.",
        check=lambda value: 0 <= value < 1,
        needs="a number from 0 to below 1",
    )
