"""Energies of joints to second order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import CurvedEnergy

Energy = Callable[[Tensor], Tensor]

OUTLYING = 10.0
"""Times the median curvature: hypotheses of more have no part in what all share."""
STEP = 0.01
"""Metres over which the change of a gradient is taken for its derivative."""


def expand(
    energies: Sequence[tuple[float, Energy]], joints: Float[Tensor, "H F J 3"]
) -> tuple[Float[Tensor, "H F"], Float[Tensor, "H F J 3"], Float[Tensor, "F N N"]]:
    """A scaled sum of energies about joints, to second order.

    Arguments:
        energies: each with its scale, of at least 0.
        joints: in the world, metres.

    Returns:
        nats, their gradient, and their curvature by the 3 J coordinates (joint by joint), the mean
        over the hypotheses (without outliers), positive semi-definite but for rounding.
    """
    nats, slope = joints.new_zeros(joints.shape[:2]), torch.zeros_like(joints)
    size = 3 * joints.shape[2]
    total = joints.new_zeros(joints.shape[1], size, size)
    for scale, energy in energies:
        if isinstance(energy, CurvedEnergy):
            part = energy.quadratic(joints)
            value, gradient = part.energy, part.gradient
            points = part.combination
            curvature = torch.einsum(
                "ki,kj,fkcd->ficjd", points, points, _shared(part.curvature)
            ).reshape(total.shape)
        else:
            value, gradient, blocks = estimated(energy, joints)
            each = torch.arange(joints.shape[2], device=joints.device)
            spread = joints.new_zeros(joints.shape[1], len(each), 3, len(each), 3)
            spread[:, each, :, each] = blocks.movedim(1, 0)
            curvature = spread.reshape(total.shape)
        nats, slope = nats + scale * value, slope + scale * gradient
        total = total + scale * curvature
    return nats, slope, total


def estimated(
    energy: Energy, joints: Float[Tensor, "H F J 3"]
) -> tuple[Float[Tensor, "H F"], Float[Tensor, "H F J 3"], Float[Tensor, "F J 3 3"]]:
    """An energy, its gradient, and an estimate of the 3 × 3 diagonal blocks of its Hessian.

    All joints are moved at once along an axis, each forwards or backwards by the toss of a coin.
    The change of a joint's gradient, times its sign, is a column of its block, plus terms of other
    joints that the coins make zero on average (Hutchinson, 1989); the mean is over hypotheses, each
    with coins of its own. For an energy of separate joints it is exact. What ties joints or frames
    together is left out of the blocks, and negative curvature is.

    Arguments:
        energy: differentiable once.
        joints: in the world, metres.

    Returns:
        nats, their gradient, and the blocks' mean over the hypotheses, positive semi-definite.
    """
    nats, slope = value_and_slope(energy, joints)
    coins = torch.Generator().manual_seed(0)  # the same at every call: the estimate is a function
    sign = torch.randint(2, joints.shape[:-1], generator=coins).to(joints)[..., None] * 2 - 1
    columns = []
    for axis in range(3):
        moved = joints.detach().clone()
        moved[..., axis] += STEP * sign[..., 0]
        change = value_and_slope(energy, moved)[1] - slope
        columns.append((sign * change / STEP).mean(0))
    block = torch.stack(columns, -1)
    values, vectors = torch.linalg.eigh((block + block.mT) / 2)
    return nats, slope, (vectors * values.clamp(min=0)[..., None, :]) @ vectors.mT


def _shared(curvature: Float[Tensor, "H F K 3 3"]) -> Float[Tensor, "F K 3 3"]:
    """The mean over the hypotheses, but for those with a point in front of a camera's lens.

    There the curvature is a million times that of the others, and all steps would be nothing.
    """
    size = curvature.diagonal(dim1=-2, dim2=-1).sum(-1)
    common = (size <= OUTLYING * size.median(0).values).to(curvature)[..., None, None]
    return (common * curvature).sum(0) / common.sum(0)


def value_and_slope(
    energy: Energy, joints: Float[Tensor, "H F J 3"]
) -> tuple[Float[Tensor, "H F"], Float[Tensor, "H F J 3"]]:
    """An energy and its gradient, free of any graph."""
    with torch.enable_grad():
        joints = joints.detach().requires_grad_()
        nats = energy(joints)
        (slope,) = torch.autograd.grad(nats.sum(), joints)
    return nats.detach(), slope
