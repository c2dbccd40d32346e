"""How well a denoiser denoises people it has never seen."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from platypose.training.clips import Clips

SIGMAS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Noise levels at which the error is reported, in units of the prior's scale."""


def denoising_errors(
    network: nn.Module, clips: Clips, frames: int, scale: float, *, batch: int = 4096
) -> dict[float, float]:
    """The error of D(x_σ, σ) on clips as they are, without augmentation.

    Arguments:
        network: a denoiser in evaluation mode.
        clips: of the split to measure on.
        frames: length of the clips.
        scale: metres per unit of the denoiser.
        batch: clips measured, the same ones at every level.

    Returns:
        noise level to root mean square error of a coordinate, mm.
    """
    device = clips.positions.device
    generator = torch.Generator(device).manual_seed(0)
    x0: Float[Tensor, "B F J 3"] = clips.draw(batch, frames, generator) / scale
    noise = torch.randn(x0.shape, generator=generator, device=device)
    errors = {}
    with torch.inference_mode():
        for sigma in SIGMAS:
            estimate = network(x0 + sigma * noise, torch.full((batch,), sigma, device=device))
            square = (estimate - x0)[:, :, 1:].square().mean()
            errors[sigma] = float(1000 * scale * square.sqrt())
    return errors
