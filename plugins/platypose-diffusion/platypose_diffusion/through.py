"""Guidance by the gradient of the energy through the denoiser."""

from __future__ import annotations

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose_diffusion.descent import value_and_slope
from platypose_diffusion.sampling import Denoise, Energy

REACH = 2.0
"""The longest move of a joint, in units of the prior's scale; a pose in front of a camera's lens
has a gradient without bounds."""
APART = 0.03
"""Over which the change of a gradient is taken for its derivative, in units of the scale."""
TINY = 1e-12
"""Added to what is divided by."""


@attrs.frozen(kw_only=True, eq=False)
class Guide:
    """What the energy says of noisy poses, by way of their clean ones.

    Attributes:
        x0: D(x, σ).
        energy: of x0, nats.
        shift: σ² ∇_x E(D(x, σ)). By Tweedie's formula, D − shift is the mean of clean poses given
            x and the evidence, if the energy is flat enough for E(D) to be its mean.
        stiffness: κ r² of the energy's second derivative κ along its steepest direction and the
            variance r² = σ² |∇_x E| / |∇_x0 E| of clean poses in the direction of the evidence.
    """

    x0: Float[Tensor, "H F J 3"]
    energy: Float[Tensor, "H F"]
    shift: Float[Tensor, "H F J 3"]
    stiffness: Float[Tensor, "H F"]

    def moved(self, step: float = 1.0) -> Float[Tensor, "H F J 3"]:
        """x0 less the shift, which is cut by 1 + stiffness / step, and to `REACH`."""
        shift = self.shift / (1 + self.stiffness / step)[..., None, None]
        size: Tensor = shift.norm(dim=-1, keepdim=True)
        return self.x0 - shift * (REACH / size.clamp(min=REACH))


def guide_through(
    denoise: Denoise, energy: Energy, x: Float[Tensor, "H F J 3"], sigma: float
) -> Guide:
    """Denoise, and pass the energy's gradient back through the denoiser; no graph is left.

    Costs a call of the denoiser and a backward pass, about as much as another two.

    Arguments:
        denoise: D(x_σ, σ), which a gradient passes through.
        energy: nats of clean poses.
        x: noisy poses.
        sigma: their noise level.
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        x0 = denoise(x, sigma)
        nats = energy(x0)
        slope, by_x = torch.autograd.grad(nats.sum(), (x0, x))
    x0 = x0.detach()
    variance = sigma**2 * _size(by_x) / (_size(slope) + TINY)
    return Guide(
        x0=x0,
        energy=nats.detach(),
        shift=sigma**2 * by_x,
        stiffness=steepest_curvature(energy, x0, slope) * variance,
    )


def steepest_curvature(
    energy: Energy, x0: Float[Tensor, "H F J 3"], slope: Float[Tensor, "H F J 3"]
) -> Float[Tensor, "H F"]:
    """κ: the energy's second derivative along about the stiffest direction, at least 0.

    Two rounds of power iteration from the gradient, each by a difference of gradients.
    """
    change, along = slope, slope
    for _ in range(2):
        along = change / (_size(change) + TINY)[..., None, None]
        change = (value_and_slope(energy, x0 + APART * along)[1] - slope) / APART
    return (change * along).sum((-1, -2)).clamp(min=0)


def _size(x: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
    return x.square().sum((-1, -2)).sqrt()
