"""The published ways to choose noise levels."""

from __future__ import annotations

import math

import torch

from platypose.api import BuildContext
from platypose_diffusion.config import CosineConfig, KarrasConfig, LinearConfig
from platypose_diffusion.noise_levels import NoiseLevels


def cosine(config: CosineConfig, context: BuildContext) -> NoiseLevels:
    """ᾱ falls as a squared cosine, and β is clipped at 0.999.

    Source: Nichol & Dhariwal, arXiv 2102.09672, section 3.2.
    """
    time = torch.arange(config.steps + 1, dtype=torch.float64) / config.steps
    f = torch.cos((time + config.offset) / (1 + config.offset) * math.pi / 2) ** 2
    beta = (1 - f[1:] / f[:-1]).clamp(max=0.999)
    return NoiseLevels((1 - beta).cumprod(0))


def linear(config: LinearConfig, context: BuildContext) -> NoiseLevels:
    """β grows linearly, from 1e-4 to 0.02 at 1000 steps and in inverse proportion at others.

    Source: Ho et al., arXiv 2006.11239, section 4.
    """
    per_step = 1000 / config.steps
    beta = torch.linspace(1e-4 * per_step, 0.02 * per_step, config.steps, dtype=torch.float64)
    return NoiseLevels((1 - beta).cumprod(0))


def karras(config: KarrasConfig, context: BuildContext) -> NoiseLevels:
    """σ is evenly spaced in its ρ-th root; ᾱ = 1 / (1 + σ²).

    Source: Karras et al., arXiv 2206.00364, equation 5, with the order of levels reversed.
    """
    lowest, highest = config.sigma_min ** (1 / config.rho), config.sigma_max ** (1 / config.rho)
    sigma = torch.linspace(lowest, highest, config.steps, dtype=torch.float64) ** config.rho
    return NoiseLevels(1 / (1 + sigma**2))
