"""Diffusion posterior sampling: the gradient of the energy through the denoiser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Level, Problem
from platypose_diffusion.config import DPSConfig
from platypose_diffusion.levels import (
    noised_to_first,
    normal_like,
    residual_variance,
    reverse_step,
)
from platypose_diffusion.sampling import Denoise, Energy, FunctionSampler
from platypose_diffusion.through import guide_through


def dps(
    denoise: Denoise,
    x: Float[Tensor, "H F J 3"],
    sigmas: Sequence[float],
    *,
    energy: Energy | None,
    problem: Problem | None,
    config: DPSConfig,
    generator: torch.Generator,
) -> Iterator[Level]:
    """Draw each level from p(x_lower | x_σ) with x0 moved down ∇_x E(D(x, σ)).

    Taking E at the mean D of clean poses for its mean ignores how uncertain they are; so samples
    are only near those of the posterior, and where the evidence is stiff they are too narrow.
    The paper's step ζ over the residual's norm cannot be had from nats, which have no zero. Here
    the step is that of the posterior's score where the energy is flat, and where it is stiff it
    is ζ times the one that would reach the evidence.

    Source: Chung et al., arXiv 2209.14687, algorithm 1.

    Arguments as for `Draw`; the problem tells how uncertain clean poses are.
    """
    for index, sigma in enumerate(sigmas):
        if energy is None:
            with torch.no_grad():
                x0, e = denoise(x, sigma), None
        else:
            x0 = guide_through(denoise, energy, x, sigma).moved(config.step)
            with torch.no_grad():
                e = energy(x0)
        done = index + 1
        yield Level(x0=x0, sigma=sigma, index=done, total=len(sigmas), energy=e, calls=done)
        if done < len(sigmas):
            variance = residual_variance(x, problem, sigma)
            mean, spread = reverse_step(x, x0, sigma, sigmas[done], variance)
            x = mean + spread.sqrt() * normal_like(x, problem, generator)


DPS = partial(FunctionSampler, noised_to_first, dps)
"""Of the schedule, the range of its levels is kept to."""
