"""Plug-and-play restoration by diffusion: a proximal step on the energy at every level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, Level, Problem, Schedule
from platypose_diffusion.config import DiffPIRConfig
from platypose_diffusion.descent import descend_per_hypothesis
from platypose_diffusion.levels import falling_levels, normal_like, tied_frames
from platypose_diffusion.sampling import Denoise, Energy

RATE = 0.1
"""The longest first step of the descent, in squares of the prior's scale per nat."""


def diffpir(
    denoise: Denoise,
    sigmas: Sequence[float],
    noise: Float[Tensor, "H F J 3"],
    *,
    initial: Float[Tensor, "H F J 3"],
    energy: Energy | None,
    problem: Problem | None,
    config: DiffPIRConfig,
    generator: torch.Generator,
) -> Iterator[Level]:
    """Put in the place of each clean pose the best compromise with the evidence, and noise it.

    The compromise is the mode of exp(−E(x0)) N(x0; D, σ² / λ). Nothing is drawn around it, so
    samples are narrower than the posterior where the evidence is stiff.

    Source: Zhu et al., arXiv 2305.08995, algorithm 1; its σ_n is part of the energy.

    Arguments:
        denoise: D(x_σ, σ), which no gradient passes through.
        sigmas: the noise levels, falling.
        noise: standard normal.
        initial: clean poses; noised to the first level they are the start.
        energy: nats of clean poses; None samples the prior.
        problem: whether the prior ties frames together.
        config: λ and ζ.
        generator: the noise of every level but the start.
    """
    x = initial + sigmas[0] * noise
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


class DiffPIR:
    """The sampler `diffpir`."""

    def __init__(self, config: DiffPIRConfig, context: BuildContext) -> None:
        self.config = config

    def __call__(
        self,
        denoise: Denoise,
        schedule: Schedule,
        noise: Float[Tensor, "H F J 3"],
        *,
        energy: Energy | None,
        generator: torch.Generator,
        initial: Float[Tensor, "H F J 3"] | None = None,
        problem: Problem | None = None,
    ) -> Iterator[Level]:
        """See `platypose.api.Sampler`; of the schedule, the range of its levels is kept to."""
        return diffpir(
            denoise,
            falling_levels(self.config, schedule, tied_frames(problem, noise.shape[1])),
            noise,
            initial=torch.zeros_like(noise) if initial is None else initial,
            energy=energy,
            problem=problem,
            config=self.config,
            generator=generator,
        )
