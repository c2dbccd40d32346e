"""Plug-and-play restoration by diffusion: a proximal step on the energy at every level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Level, Problem
from platypose_diffusion.config import DiffPIRConfig
from platypose_diffusion.descent import descend_per_hypothesis
from platypose_diffusion.levels import noised_to_first, normal_like
from platypose_diffusion.sampling import Denoise, Energy, FunctionSampler

RATE = 0.1
"""The longest first step of the descent, in squares of the prior's scale per nat."""


def diffpir(
    denoise: Denoise,
    x: Float[Tensor, "H F J 3"],
    sigmas: Sequence[float],
    *,
    energy: Energy | None,
    problem: Problem | None,
    config: DiffPIRConfig,
    generator: torch.Generator,
) -> Iterator[Level]:
    """Put in the place of each clean pose the best compromise with the evidence, and noise it.

    The compromise is the mode of exp(−E(x0)) N(x0; D, σ² / λ). Nothing is drawn around it, so
    samples are narrower than the posterior where the evidence is stiff.

    Source: Zhu et al., arXiv 2305.08995, algorithm 1; its σ_n is part of the energy.

    Arguments as for `Draw`; of the problem, only whether the prior ties frames together is used.
    """
    for index, sigma in enumerate(sigmas):
        with torch.no_grad():
            x0, e = denoise(x, sigma), None
        if energy is not None:
            x0 = proximal(energy, x0, sigma**2 / config.attachment, config.substeps)
            with torch.no_grad():
                e = energy(x0)
        done = index + 1
        yield Level(x0=x0, sigma=sigma, index=done, total=len(sigmas), energy=e, calls=done)
        if done < len(sigmas):
            old = (x - x0) / sigma
            fresh = normal_like(x, problem, generator)
            x = x0 + sigmas[done] * (sqrt(1 - config.fresh) * old + sqrt(config.fresh) * fresh)


def proximal(
    energy: Energy, centre: Float[Tensor, "H F J 3"], variance: float, substeps: int
) -> Float[Tensor, "H F J 3"]:
    """argmin E(x) + |x − centre|² / (2 variance), by gradient descent."""

    def both(x: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        return energy(x) + (x - centre).square().sum((-1, -2)) / (2 * variance)

    rate = min(RATE, variance / 2)
    return descend_per_hypothesis(both, centre, substeps=substeps, learning_rate=rate)[0]


DiffPIR = partial(FunctionSampler, noised_to_first, diffpir)
"""Of the schedule, the range of its levels is kept to."""
