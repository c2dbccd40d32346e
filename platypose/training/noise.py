"""At which noise levels a network is trained, and what each of them counts."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.training.config import Optimisation


def draw_noise_levels(
    plan: Optimisation,
    schedule: Float[Tensor, " T"],
    batch: int,
    generator: torch.Generator,
) -> Float[Tensor, " B"]:
    """The σ of each clip of a batch.

    Arguments:
        plan: `noise` says how; the other fields named `noise_…` belong to it.
        schedule: σ of the schedule's levels, on the generator's device.
        batch: how many.
        generator: of all randomness.

    Returns:
        σ in units of the prior's scale.
    """
    device = generator.device
    if plan.noise == "schedule":
        level = torch.randint(len(schedule), (batch,), generator=generator, device=device)
        return schedule[level]
    low, high = math.log(plan.noise_low), math.log(plan.noise_high)
    if plan.noise == "log-uniform":
        uniform = torch.rand(batch, generator=generator, device=device)
        return (low + (high - low) * uniform).exp()
    normal = torch.randn(batch, generator=generator, device=device)
    return (math.log(plan.noise_median) + plan.noise_spread * normal).clamp(low, high).exp()


def loss_weights(plan: Optimisation, sigma: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
    """What the squared error of the clean clip counts at each σ, for data of unit variance.

    Sources: `min-snr`, min(1/σ², γ), Hang et al., arXiv 2303.09556, section 3.4; `edm`,
    (1 + σ²) / σ², Karras et al., arXiv 2206.00364, table 1.

    Arguments:
        plan: `weighting` says which; `min_snr_gamma` is γ.
        sigma: noise levels, in units of the prior's scale.
    """
    if plan.weighting == "uniform":
        return torch.ones_like(sigma)
    signal_to_noise = sigma.square().reciprocal()
    if plan.weighting == "min-snr":
        return signal_to_noise.clamp(max=plan.min_snr_gamma)
    return 1 + signal_to_noise
