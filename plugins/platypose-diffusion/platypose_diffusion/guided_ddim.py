"""DDIM with gradient descent on the energy at every level: the published sampler."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import ceil, sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Level, Problem, Schedule, UserError
from platypose_diffusion.config import GuidedDDIMConfig
from platypose_diffusion.descent import descent
from platypose_diffusion.sampling import Denoise, Energy, FunctionSampler, noised, spaced


def guided_ddim(
    denoise: Denoise,
    x: Float[Tensor, "H F J 3"],
    levels: Schedule,
    *,
    energy: Energy | None,
    problem: Problem | None,
    config: GuidedDDIMConfig,
    generator: torch.Generator,
) -> Iterator[Level]:
    """Take deterministic steps (η = 0), each towards the clean pose moved down the energy.

    Source: Song et al., arXiv 2010.02502, equation 12; guidance: Platypose, arXiv 2403.06164.

    Arguments as for `Draw`; x is at the last of the levels and goes to the first, in the
    variance-preserving form. The problem is not used, and nothing is drawn.
    """
    alpha_bar, sigma, T = levels.alpha_bar.tolist(), levels.sigma.tolist(), len(levels.alpha_bar)
    descend = descent(config)
    for t in reversed(range(T)):
        with torch.no_grad():
            x0, e = denoise(x / sqrt(alpha_bar[t]), sigma[t]), None
        if energy is not None:
            x0, e = descend(energy, x0)
        yield Level(x0=x0, sigma=sigma[t], index=T - t, total=T, energy=e, calls=T - t)
        if t > 0:
            epsilon = (x - sqrt(alpha_bar[t]) * x0) / sqrt(1 - alpha_bar[t])
            x = sqrt(alpha_bar[t - 1]) * x0 + sqrt(1 - alpha_bar[t - 1]) * epsilon


PUBLISHED_SKIP = 4
"""The noisiest levels that Platypose (arXiv 2403.06164) leaves out."""
SKIP_PER_CALL = PUBLISHED_SKIP / 16
"""The same for one of its 16 calls."""


def begin(
    config: GuidedDDIMConfig,
    schedule: Schedule,
    noise: Float[Tensor, "H F J 3"],
    initial: Float[Tensor, "H F J 3"],
    problem: Problem | None,
) -> tuple[Float[Tensor, "H F J 3"], Schedule]:
    """The levels that are asked for, less those to skip. See `Begin`.

    Behind the noise of the first level a denoiser of single frames sees nothing of the initial
    poses, but one of clips does, in the mean over the frames.

    Raises:
        UserError: the schedule has too few levels for `levels` or `calls`, and `skip`.
    """
    skip, calls = config.skip, config.calls
    if skip is None:
        published = PUBLISHED_SKIP if calls is None else ceil(calls * SKIP_PER_CALL)
        skip = 0 if problem is not None and problem.motion else published
    levels = spaced(schedule, config.levels if calls is None else f"ddim{calls + skip}")
    used = len(levels.alpha_bar) - skip
    if used < 1:
        raise UserError(
            f"The option skip of guided-ddim is {skip} but needs to be below"
            f" {len(levels.alpha_bar)}, the number of noise levels."
        )
    levels = levels.respace(range(used))
    return noised(initial, noise, levels), levels


GuidedDDIM = partial(FunctionSampler, begin, guided_ddim)
