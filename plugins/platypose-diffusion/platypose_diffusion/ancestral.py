"""Ancestral sampling, guided by the same descent as the published sampler."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Level, Problem, Schedule
from platypose_diffusion.config import AncestralConfig
from platypose_diffusion.descent import descent
from platypose_diffusion.sampling import Denoise, Energy, FunctionSampler, noised, spaced


def ancestral(
    denoise: Denoise,
    x: Float[Tensor, "H F J 3"],
    levels: Schedule,
    *,
    energy: Energy | None,
    problem: Problem | None,
    config: AncestralConfig,
    generator: torch.Generator,
) -> Iterator[Level]:
    """Draw each level from q(x_{t−1} | x_t, x0), x0 being the clean pose moved down the energy.

    Source: Ho et al., arXiv 2006.11239, algorithm 2 with the posterior variance; guidance:
    Platypose, arXiv 2403.06164.

    Arguments as for `Draw`; x is at the last of the levels and goes to the first, in the
    variance-preserving form. The problem is not used.
    """
    alpha_bar, sigma, T = levels.alpha_bar.tolist(), levels.sigma.tolist(), len(levels.alpha_bar)
    a, b = levels.posterior_x0.tolist(), levels.posterior_xt.tolist()
    v = levels.posterior_variance.tolist()
    descend = descent(config)
    for t in reversed(range(T)):
        with torch.no_grad():
            x0, e = denoise(x / sqrt(alpha_bar[t]), sigma[t]), None
        if energy is not None:
            x0, e = descend(energy, x0)
        yield Level(x0=x0, sigma=sigma[t], index=T - t, total=T, energy=e, calls=T - t)
        if t > 0:
            z = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
            x = a[t] * x0 + b[t] * x + sqrt(v[t]) * z


def begin(
    config: AncestralConfig,
    schedule: Schedule,
    noise: Float[Tensor, "H F J 3"],
    initial: Float[Tensor, "H F J 3"],
    problem: Problem | None,
) -> tuple[Float[Tensor, "H F J 3"], Schedule]:
    """The levels that are asked for. See `Begin`."""
    levels = spaced(schedule, config.levels)
    return noised(initial, noise, levels), levels


Ancestral = partial(FunctionSampler, begin, ancestral)
