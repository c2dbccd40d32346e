"""Energies of joints to second order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import CurvedEnergy, PerHypothesis, Quadratic

Energy = Callable[[Tensor], Tensor]

STEP = 0.01
"""Metres over which the change of a gradient is taken for its derivative."""


def expand(
    energies: Sequence[tuple[float, Energy]],
    joints: Float[Tensor, "H F J 3"],
    at_once: int | None = None,
) -> tuple[
    Float[Tensor, "H F"], Float[Tensor, "H F J 3"], Float[Tensor, "F N N"], Float[Tensor, "H F"]
]:
    """A scaled sum of energies about joints, to second order.

    The curvature of a hypothesis is taken as its strength times a shape that all share: nearer to
    a camera the same pixels bind a pose more strongly, but in the same directions.

    Arguments:
        energies: each with its scale, of at least 0.
        joints: in the world, metres.
        at_once: hypotheses that an energy is given at once, which bounds memory and changes no
            result; none is all.

    Returns:
        nats, their gradient (or heading), the shape of the curvature by the 3 J coordinates (joint
        by joint), positive semi-definite but for rounding, and its strength, above 0.
    """
    at_once = at_once or len(joints)
    nats, slope = joints.new_zeros(joints.shape[:2]), torch.zeros_like(joints)
    strength = torch.full_like(nats, torch.finfo(joints.dtype).tiny ** 0.5)
    bent: list[tuple[float, Float[Tensor, "K J"], Float[Tensor, "H F K 3 3"]]] = []
    for scale, energy in energies:
        if isinstance(energy, CurvedEnergy):
            quadratics = []
            for of_some, some in pieces(energy, joints, at_once):
                assert isinstance(of_some, CurvedEnergy), "a part is of the kind of the whole"
                quadratics.append(of_some.quadratic(some))
            part = _joined(quadratics)
            value = part.energy
            gradient = part.gradient if part.heading is None else part.heading
            points, curvature = part.combination, part.curvature
        else:
            value, gradient, blocks = estimated(energy, joints, at_once)
            points = torch.eye(joints.shape[2]).to(joints)
            curvature = blocks.expand(len(joints), -1, -1, -1, -1)
        nats, slope = nats + scale * value, slope + scale * gradient
        size = curvature.diagonal(dim1=-2, dim2=-1).sum(-1)
        strength = strength + scale * (size @ points.square().sum(1))
        bent.append((scale, points, curvature))
    shape = joints.new_zeros(joints.shape[1], *(2 * joints.shape[2:]))
    for scale, points, curvature in bent:
        # Not as a product of matrices, whose rounding would bind what the evidence leaves open.
        mean = scale * (curvature / strength[..., None, None, None]).mean(0)
        shape = shape + torch.einsum("ki,kj,fkcd->ficjd", points, points, mean)
    return nats, slope, shape.reshape(joints.shape[1], joints[0, 0].numel(), -1), strength


def _joined(pieces: Sequence[Quadratic]) -> Quadratic:
    """Of all hypotheses, from those of some each."""
    if len(pieces) == 1:
        return pieces[0]
    headings = [p.gradient if p.heading is None else p.heading for p in pieces]
    return Quadratic(
        energy=torch.cat([p.energy for p in pieces]),
        gradient=torch.cat([p.gradient for p in pieces]),
        heading=torch.cat(headings),
        combination=pieces[0].combination,
        curvature=torch.cat([p.curvature for p in pieces]),
    )


def estimated(
    energy: Energy, joints: Float[Tensor, "H F J 3"], at_once: int | None = None
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
        at_once: as of `expand`.

    Returns:
        nats, their gradient, and the blocks' mean over the hypotheses, positive semi-definite.
    """
    at_once = at_once or len(joints)
    nats, slope = value_and_slope(energy, joints, at_once)
    coins = torch.Generator().manual_seed(0)  # the same at every call: the estimate is a function
    sign = torch.randint(2, joints.shape[:-1], generator=coins).to(joints)[..., None] * 2 - 1
    columns = []
    for axis in range(3):
        moved = joints.detach().clone()
        moved[..., axis] += STEP * sign[..., 0]
        change = value_and_slope(energy, moved, at_once)[1] - slope
        columns.append((sign * change / STEP).mean(0))
    block = torch.stack(columns, -1)
    values, vectors = torch.linalg.eigh((block + block.mT) / 2)
    return nats, slope, (vectors * values.clamp(min=0)[..., None, :]) @ vectors.mT


def value_and_slope(
    energy: Energy, joints: Float[Tensor, "H F J 3"], at_once: int | None = None
) -> tuple[Float[Tensor, "H F"], Float[Tensor, "H F J 3"]]:
    """An energy and its gradient, free of any graph."""
    nats, slope = [], []
    for of_some, piece in pieces(energy, joints.detach(), at_once or len(joints)):
        with torch.enable_grad():
            piece.requires_grad_()
            value = of_some(piece)
            slope.append(torch.autograd.grad(value.sum(), piece)[0])
        nats.append(value.detach())
    return torch.cat(nats), torch.cat(slope)


def pieces(
    energy: Energy, joints: Float[Tensor, "H F J 3"], at_once: int
) -> Iterator[tuple[Energy, Float[Tensor, "G F J 3"]]]:
    """Some hypotheses at a time, each with the energy that is theirs."""
    for start in range(0, len(joints), at_once):
        some = slice(start, start + at_once)
        yield energy.part(some) if isinstance(energy, PerHypothesis) else energy, joints[some]
