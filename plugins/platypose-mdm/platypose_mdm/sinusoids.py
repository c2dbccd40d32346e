"""Sinusoidal features of a position or of a diffusion time."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor


def sinusoids(position: Float[Tensor, " N"], width: int) -> Float[Tensor, "N width"]:
    """Sines and cosines of `position` at `width / 2` frequencies from 1 down to 1e-4.

    Even features are sines, odd ones cosines (Vaswani et al., arXiv 1706.03762, section 3.5).
    Positions need not be whole numbers, and there is no largest one.

    Arguments:
        position: token index or diffusion time, without unit.
        width: number of features, even.
    """
    exponent = torch.arange(0, width, 2, device=position.device, dtype=position.dtype) / width
    angle = position[:, None] * torch.exp(-math.log(10_000) * exponent)
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)
