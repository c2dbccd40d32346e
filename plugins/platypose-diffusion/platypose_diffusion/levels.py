"""Noise levels of samplers that need not keep to those of the schedule, and steps between them."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Problem, Schedule
from platypose_diffusion.config import LevelsConfig


def falling_levels(config: LevelsConfig, schedule: Schedule, tied: int) -> list[float]:
    """Falling σ, evenly spaced in its ρ-th root, within the range that the denoiser knows.

    What stays the same over a clip shows through √F times as much noise, so that a clip starts
    from √F times as much. Source: Karras et al., arXiv 2206.00364, equation 5.

    Arguments:
        config: how many, and the range for single frames.
        schedule: the range of the denoiser.
        tied: frames that the prior ties together; see `tied_frames`.
    """
    high = min(sqrt(tied) * config.sigma_max, float(schedule.sigma[-1])) ** (1 / config.rho)
    low = max(config.sigma_min, float(schedule.sigma[0])) ** (1 / config.rho)
    return [
        (high + i / max(config.calls - 1, 1) * (low - high)) ** config.rho
        for i in range(config.calls)
    ]


def noised_to_first(
    config: LevelsConfig,
    schedule: Schedule,
    noise: Float[Tensor, "H F J 3"],
    initial: Float[Tensor, "H F J 3"],
    problem: Problem | None,
) -> tuple[Float[Tensor, "H F J 3"], Sequence[float]]:
    """x0 + σ n at the first of the falling σ, and these. See `sampling.Begin`."""
    sigmas = falling_levels(config, schedule, tied_frames(problem, noise.shape[1]))
    return initial + sigmas[0] * noise, sigmas


def tied_frames(problem: Problem | None, frames: int) -> int:
    """F of a clip; 1 where the prior knows single frames, or nobody says."""
    return frames if problem is not None and problem.motion else 1


def normal_like(
    x: Float[Tensor, "H F J 3"], problem: Problem | None, generator: torch.Generator
) -> Float[Tensor, "H F J 3"]:
    """Standard normal; the same in every frame where frames are single poses.

    So a hypothesis goes the same way in all of them, and is as continuous as its evidence.
    """
    drawn = x.shape[1] if problem is None or problem.motion else 1
    z = torch.randn(
        (x.shape[0], drawn, *x.shape[2:]), generator=generator, device=x.device, dtype=x.dtype
    )
    return z.expand_as(x)


def residual_variance(
    like: Float[Tensor, "H F J 3"], problem: Problem | None, sigma: float
) -> Float[Tensor, "J 1"]:
    """r² of the Gaussian N(D, r²) that stands for p(x0 | x_σ), one for each joint.

    The mean measured variance of a joint's coordinates; of a prior that does not say,
    σ² / (1 + σ²), as for standard normal poses. Given a problem, joint 0 is known.
    """
    joints = like.shape[2]
    guess = sigma**2 / (1 + sigma**2) * like.new_ones(joints)
    if problem is None:
        return guess[:, None]
    if problem.residual is not None:
        frames = 1 if problem.residual.lengths == (1,) else like.shape[1]
        each = problem.residual.at(sigma, frames).diagonal(dim1=-2, dim2=-1).mean(0)
        guess[1:] = each.reshape(-1, 3).mean(1)
    guess[0] = 0
    return guess[:, None]


def reverse_step(
    x: Float[Tensor, "H F J 3"],
    x0: Float[Tensor, "H F J 3"],
    sigma: float,
    lower: float,
    variance: Float[Tensor, "J 1"],
) -> tuple[Float[Tensor, "H F J 3"], Float[Tensor, "J 1"]]:
    """Mean and variance of p(x_lower | x_σ), a Gaussian.

    Given x0 it is that of DDPM (Ho et al., arXiv 2006.11239, equation 7, here without the factor
    √ᾱ). What is not known of x0 adds to the variance, which matters where levels are few (Bao et
    al., arXiv 2201.06503, equation 7).

    Arguments:
        x: the noisy poses.
        x0: their clean poses, as believed.
        sigma: the noise level of x.
        lower: the next noise level.
        variance: of x0, for each joint.
    """
    share = (lower / sigma) ** 2
    mean = x0 + share * (x - x0)
    return mean, lower**2 * (1 - share) + (1 - share) ** 2 * variance
