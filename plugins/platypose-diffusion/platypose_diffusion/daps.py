"""Decoupled annealing: Monte Carlo on clean poses at every level, then fresh noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Level, Problem
from platypose_diffusion.config import DAPSConfig
from platypose_diffusion.descent import value_and_slope
from platypose_diffusion.levels import noised_to_first, normal_like, residual_variance
from platypose_diffusion.sampling import Denoise, Energy, FunctionSampler
from platypose_diffusion.through import steepest_curvature


def daps(
    denoise: Denoise,
    x: Float[Tensor, "H F J 3"],
    sigmas: Sequence[float],
    *,
    energy: Energy | None,
    problem: Problem | None,
    config: DAPSConfig,
    generator: torch.Generator,
) -> Iterator[Level]:
    """At each noise level draw clean poses from N(x0; D, r²) exp(−E(x0)), and noise them again.

    The draw is by Hamiltonian Monte Carlo. Where r² is the whole truth about p(x0 | x_σ), samples
    are exact but for the length of the chains; correlations between joints are not in it. The
    paper finds D by several calls of the denoiser down the probability flow; here it is one.

    Source: Zhang et al., arXiv 2407.01521, algorithm 1.

    Arguments as for `Draw`; the problem has r².
    """
    for index, sigma in enumerate(sigmas):
        variance = residual_variance(x, problem, sigma)
        with torch.no_grad():
            x0, e = denoise(x, sigma), None
        if energy is None:
            x0 = x0 + variance.sqrt() * normal_like(x, problem, generator)
        else:
            x0 = chain(energy, x0, variance, problem, config, generator)
            with torch.no_grad():
                e = energy(x0)
        done = index + 1
        yield Level(x0=x0, sigma=sigma, index=done, total=len(sigmas), energy=e, calls=done)
        if done < len(sigmas):
            x = x0 + sigmas[done] * normal_like(x, problem, generator)


def chain(
    energy: Energy,
    centre: Float[Tensor, "H F J 3"],
    variance: Float[Tensor, "J 1"],
    problem: Problem | None,
    config: DAPSConfig,
    generator: torch.Generator,
) -> Float[Tensor, "H F J 3"]:
    """A draw from N(x; centre, variance) exp(−E(x)), by Hamiltonian Monte Carlo.

    The chain starts from a draw of N(centre, variance), which is right where nothing is seen.
    A coordinate is as heavy as its prior and the energy's stiffest direction make it. A clip is
    accepted or refused as a whole, and its steps are shorter by the fourth root of its length,
    which keeps the share of accepted ones (Neal, arXiv 1206.1901, section 4.4); single frames are
    judged by themselves.
    """
    clip = problem is None or problem.motion
    step = config.step / (centre.shape[1] ** 0.25 if clip else 1.0)
    tightness = torch.where(variance > 0, 1 / variance, 0.0)

    def potential(x: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        return energy(x) + ((x - centre).square() * tightness).sum((-1, -2)) / 2

    slope = value_and_slope(energy, centre)[1]
    stiffness = steepest_curvature(energy, centre, slope)[..., None, None]
    velocity = (variance / (1 + stiffness * variance)).sqrt()
    x = centre + variance.sqrt() * normal_like(centre, problem, generator)
    u, slope = value_and_slope(potential, x)
    for _ in range(config.trajectories):
        start = normal_like(x, problem, generator)
        y, p, u_y, slope_y = x, start, u, slope
        for _ in range(config.leapfrogs):
            p = p - step / 2 * velocity * slope_y
            y = y + step * velocity * p
            u_y, slope_y = value_and_slope(potential, y)
            p = p - step / 2 * velocity * slope_y
        change = u_y - u + (p.square() - start.square()).sum((-1, -2)) / 2
        luck = torch.rand(len(x), 1, generator=generator, device=x.device, dtype=x.dtype).log()
        taken = luck < -(change.sum(1, keepdim=True) if clip else change)
        u = torch.where(taken, u_y, u)
        x, slope = (
            torch.where(taken[..., None, None], new, old) for new, old in ((y, x), (slope_y, slope))
        )
    return x


DAPS = partial(FunctionSampler, noised_to_first, daps)
"""Of the schedule, the range of its levels is kept to."""
