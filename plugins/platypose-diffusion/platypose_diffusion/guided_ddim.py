"""DDIM with gradient descent on the energy at every level: the published sampler."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, Level, Problem, Schedule, UserError
from platypose_diffusion.config import GuidedDDIMConfig
from platypose_diffusion.descent import Descent, descent
from platypose_diffusion.sampling import Denoise, Energy, spaced


def guided_ddim(
    denoise: Denoise,
    levels: Schedule,
    noise: Float[Tensor, "H F J 3"],
    *,
    initial: Float[Tensor, "H F J 3"],
    energy: Energy | None,
    descend: Descent,
) -> Iterator[Level]:
    """Take deterministic steps (η = 0), each towards the clean pose moved down the energy.

    Source: Song et al., arXiv 2010.02502, equation 12; guidance: Platypose, arXiv 2403.06164.

    Arguments:
        denoise: D(x_σ, σ), which no gradient passes through.
        levels: all of these are used, from the last to the first.
        noise: standard normal.
        initial: clean poses; noised to the last level they are the start.
        energy: nats of clean poses; None samples the prior.
        descend: moves clean poses down the energy.
    """
    alpha_bar, sigma, T = levels.alpha_bar.tolist(), levels.sigma.tolist(), len(levels.alpha_bar)
    x = sqrt(alpha_bar[-1]) * initial + sqrt(1 - alpha_bar[-1]) * noise
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


class GuidedDDIM:
    """The sampler `guided-ddim`."""

    def __init__(self, config: GuidedDDIMConfig, context: BuildContext) -> None:
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
        """See `platypose.api.Sampler`; `generator` is not drawn from.

        The start is the clean poses noised to the first level. Behind that noise a denoiser of
        single frames sees nothing of them, but one of clips does, in the mean over the frames.

        Raises:
            UserError: the schedule has too few levels for `levels` or `calls`, and `skip`.
        """
        skip, calls = self.config.skip, self.config.calls
        if skip is None:
            published = PUBLISHED_SKIP if calls is None else ceil(calls * SKIP_PER_CALL)
            skip = 0 if problem is not None and problem.motion else published
        levels = spaced(schedule, self.config.levels if calls is None else f"ddim{calls + skip}")
        used = len(levels.alpha_bar) - skip
        if used < 1:
            raise UserError(
                f"The option skip of guided-ddim is {skip} but needs to be below"
                f" {len(levels.alpha_bar)}, the number of noise levels."
            )
        return guided_ddim(
            denoise,
            levels.respace(range(used)),
            noise,
            initial=torch.zeros_like(noise) if initial is None else initial,
            energy=energy,
            descend=self.descend,
        )
