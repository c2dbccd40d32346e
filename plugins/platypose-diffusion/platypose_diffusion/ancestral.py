"""Ancestral sampling, guided by the same descent as the published sampler."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, Level, Problem, Schedule
from platypose_diffusion.config import AncestralConfig
from platypose_diffusion.descent import Descent, descent
from platypose_diffusion.sampling import Denoise, Energy, spaced


def ancestral(
    denoise: Denoise,
    levels: Schedule,
    noise: Float[Tensor, "H F J 3"],
    *,
    initial: Float[Tensor, "H F J 3"],
    energy: Energy | None,
    descend: Descent,
    generator: torch.Generator,
) -> Iterator[Level]:
    """Draw each level from q(x_{t−1} | x_t, x0), x0 being the clean pose moved down the energy.

    Source: Ho et al., arXiv 2006.11239, algorithm 2 with the posterior variance; guidance:
    Platypose, arXiv 2403.06164.

    Arguments:
        denoise: D(x_σ, σ), which no gradient passes through.
        levels: all of these are used, from the last to the first.
        noise: standard normal.
        initial: clean poses; noised to the last level they are the start.
        energy: nats of clean poses; None samples the prior.
        descend: moves clean poses down the energy.
        generator: the noise of every level but the start.
    """
    alpha_bar, sigma, T = levels.alpha_bar.tolist(), levels.sigma.tolist(), len(levels.alpha_bar)
    a, b = levels.posterior_x0.tolist(), levels.posterior_xt.tolist()
    v = levels.posterior_variance.tolist()
    x = sqrt(alpha_bar[-1]) * initial + sqrt(1 - alpha_bar[-1]) * noise
    for t in reversed(range(T)):
        with torch.no_grad():
            x0, e = denoise(x / sqrt(alpha_bar[t]), sigma[t]), None
        if energy is not None:
            x0, e = descend(energy, x0)
        yield Level(x0=x0, sigma=sigma[t], index=T - t, total=T, energy=e, calls=T - t)
        if t > 0:
            z = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
            x = a[t] * x0 + b[t] * x + sqrt(v[t]) * z


class Ancestral:
    """The sampler `ancestral`."""

    def __init__(self, config: AncestralConfig, context: BuildContext) -> None:
        self.config = config
        self.descend = descent(config)

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
        """See `platypose.api.Sampler`; the energy is all it uses of the problem.

        Raises:
            UserError: the schedule has too few levels for the option `levels`.
        """
        return ancestral(
            denoise,
            spaced(schedule, self.config.levels),
            noise,
            initial=torch.zeros_like(noise) if initial is None else initial,
            energy=energy,
            descend=self.descend,
            generator=generator,
        )
