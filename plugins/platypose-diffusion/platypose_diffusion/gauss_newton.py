"""The most probable poses and roots given evidence, and draws around them.

All in the coordinates ζ of a `LevelPrior`, in which the prior is N(0, 1). With evidence of
curvature B in each frame the precision is A = 1 + Lᵀ T B Tᵀ L. It is shared by the hypotheses.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from platypose.api import Problem
from platypose_diffusion.level_prior import LevelPrior

CUT, LONGEST = 0.25, 4.0
"""The factor on a step's length after one that led uphill, and the most of that length."""
ROUGH, FINE = 1e-2, 1e-3
"""Of conjugate gradients: the residual's size in units of that of the right-hand side, for steps,
which the next one corrects, and for draws."""
ITERATIONS = 100
STEP = 0.02
"""Metres that the root moves for differences of the curvature."""
FEW = 16
"""Hypotheses that are moved so."""

Normal = Callable[..., Tensor]
"""(F, H, N) standard normal numbers for a given N."""


class FramePrecision:
    """A of independent frames: a Cholesky factor each.

    In double precision: what the evidence leaves open has a precision of 1, beside that of the
    root's place in the image, which may be a million.
    """

    def __init__(self, prior: LevelPrior, curvature: Float[Tensor, "F D D"]) -> None:
        self.prior = prior
        self.factor = precision_factor(prior, curvature)

    def solve(self, right: Float[Tensor, "F H N"]) -> Float[Tensor, "F H N"]:
        """A⁻¹ times each hypothesis's right-hand side."""
        return torch.cholesky_solve(right.mT.double(), self.factor).mT.to(right)

    def covariance(self) -> Float[Tensor, "F D D"]:
        """L A⁻¹ Lᵀ, of a frame's poses and roots."""
        return covariance(self.prior, self.factor)

    def draw(self, normal: Normal) -> Float[Tensor, "F H N"]:
        """R⁻ᵀ z with A = R Rᵀ."""
        z: Tensor = normal(self.factor.shape[-1])
        drawn: Tensor = torch.linalg.solve_triangular(self.factor.mT, z.mT.double(), upper=True)
        return drawn.mT.to(z)


class ClipPrecision:
    """A of a clip: preconditioned conjugate gradients, linear in frames but for the transform.

    The preconditioner holds the diagonal blocks of A, one for each cosine coefficient; evidence
    that says as much in every frame has no others.
    """

    def __init__(self, prior: LevelPrior, curvature: Float[Tensor, "F D D"]) -> None:
        assert prior.transform is not None
        self.prior, self.curvature = prior, curvature
        mean = torch.einsum("kf,fde->kde", prior.transform.square(), curvature)
        self.factor = precision_factor(prior, mean)
        self.inverse = torch.cholesky_inverse(self.factor).to(curvature)

    def solve(
        self, right: Float[Tensor, "F H N"], tolerance: float = ROUGH
    ) -> Float[Tensor, "F H N"]:
        """A⁻¹ times each hypothesis's right-hand side, until its own residual is small."""
        x, r = torch.zeros_like(right), right
        z = self._precondition(r)
        p, rz = z, _dot(r, z)
        enough = tolerance**2 * rz
        for _ in range(ITERATIONS):
            going: Bool[Tensor, " H"] = rz > enough
            if not bool(going.any()):
                break
            Ap = self._apply(p)
            alpha = torch.where(going, rz / _dot(p, Ap), 0.0)[:, None]
            x, r = x + alpha * p, r - alpha * Ap
            z = self._precondition(r)
            before, rz = rz, torch.where(going, _dot(r, z), rz)
            p = z + torch.where(going, rz / before, 0.0)[:, None] * p
        return x

    def covariance(self) -> Float[Tensor, "F D D"]:
        """Of each frame's poses and roots, as the preconditioner sees it."""
        assert self.prior.transform is not None
        each = covariance(self.prior, self.factor)
        return torch.einsum("kf,kde->fde", self.prior.transform.square(), each)

    def draw(self, normal: Normal) -> Float[Tensor, "F H N"]:
        """A⁻¹ of a draw from N(0, A), which is easy: A is a sum of squares."""
        size = self.curvature.shape[-1]
        root = cholesky(self.curvature)
        seen = self.prior.pull(normal(size) @ root.mT)
        return self.solve(normal(self.factor.shape[-1]) + seen, FINE)

    def _apply(self, v: Float[Tensor, "F H N"]) -> Float[Tensor, "F H N"]:
        return v + self.prior.pull(self.prior.push(v) @ self.curvature)

    def _precondition(self, r: Float[Tensor, "F H N"]) -> Float[Tensor, "F H N"]:
        return r @ self.inverse


Precision = FramePrecision | ClipPrecision
"""A: what the Gaussian at the mode is the inverse of."""


def precision(prior: LevelPrior, curvature: Float[Tensor, "F D D"]) -> Precision:
    """A for evidence of this curvature."""
    return (FramePrecision if prior.transform is None else ClipPrecision)(prior, curvature)


def mode(
    prior: LevelPrior, problem: Problem, start: Float[Tensor, "F H N"], steps: int
) -> tuple[Float[Tensor, "F H N"], Precision]:
    """The minimum of |ζ|² / 2 + energy, by Gauss–Newton steps, and A there.

    The steps use each hypothesis's own gradient and the curvature that all share. A step is as
    long as the hypothesis's own curvature along its last one has it (Barzilai and Borwein, 1988).
    One that leads uphill is not taken, and the next is shorter. Where frames are independent, each
    is judged by itself. An unknown root is drawn to where the evidence leaves the pose more room;
    see `Room`.

    Arguments:
        prior: of the noise level.
        problem: the evidence.
        start: where to begin.
        steps: how many, at least 1.
    """

    def total(each: Float[Tensor, "F H"]) -> Float[Tensor, "G H"]:
        return each if prior.transform is None else each.sum(0, keepdim=True)

    zeta, rate = start, total(torch.ones_like(start[..., 0])).clamp(max=1)
    step, before = torch.zeros_like(start), torch.zeros_like(start)
    for _ in range(steps):
        theta = prior.theta(zeta)
        near = problem.expand(*parts(theta))
        a = precision(prior, near.curvature)
        slope = near.gradient.movedim(0, 1)
        room = None
        if problem.root.deviation > 0:
            room = room_of(problem, theta, a)
            a = precision(prior, near.curvature + room.curvature)
            slope = slope + room.slope[:, None]
        slope = zeta + prior.pull(slope)
        expected = -rate * total((step * before).sum(-1))
        met = total((step * (slope - before)).sum(-1))
        longer = torch.where(met > expected / LONGEST, expected / met, LONGEST)
        rate = torch.where(expected > 0, longer.clamp(min=CUT), rate)
        trial = zeta - rate[..., None] * a.solve(slope)
        moved = prior.theta(trial)
        change = problem.energy(*parts(moved)).mT - near.energy.mT
        change = change + (trial.square().sum(-1) - zeta.square().sum(-1)) / 2
        if room is not None:
            change = change + room.change(moved - theta)
        better = total(change) <= 0
        step = torch.where(better[..., None], trial - zeta, 0.0)
        before, zeta = slope, zeta + step
        rate = torch.where(better, rate, CUT * rate)
    return zeta, a


@attrs.frozen(kw_only=True, eq=False)
class Room:
    """log |A| / 2 as a function of the root, to second order.

    Far from the camera the same pixels leave a pose more room. The density of the root alone has
    this room as a factor, |A|^(−1/2); the joint mode of pose and root ignores it and is too near.
    With n coordinates of poses that the evidence tells, the factor is as the n-th power of depth.

    Attributes:
        slope: (F, D) nats by each coordinate.
        curvature: (F, D, D).
    """

    slope: Float[Tensor, "F D"]
    curvature: Float[Tensor, "F D D"]

    def change(self, move: Float[Tensor, "F H D"]) -> Float[Tensor, "F H"]:
        """By how much it grows with a move."""
        along = torch.einsum("fd,fhd->fh", self.slope, move)
        return along + torch.einsum("fhd,fde,fhe->fh", move, self.curvature, move) / 2


def room_of(problem: Problem, theta: Float[Tensor, "F H D"], a: Precision) -> Room:
    """`Room` along the direction in which the root is least certain.

    The derivatives are differences between poses and roots that move together as evidence and
    prior have it. A few hypotheses do, since only the mean of their curvatures is shared.
    """
    spread = a.covariance()
    values, vectors = torch.linalg.eigh(spread[:, -3:, -3:])
    axis = torch.nn.functional.pad(vectors[..., -1], (spread.shape[-1] - 3, 0))
    line = STEP * (spread @ axis[..., None])[..., 0] / values[:, -1:]
    few = theta[:, :FEW]
    back, here, ahead = (
        problem.expand(*parts(few + side * line[:, None])).curvature for side in (-1, 0, 1)
    )
    first = spread @ (ahead - back) / (2 * STEP)
    second = spread @ (ahead + back - 2 * here) / STEP**2
    slope = _trace(first) / 2
    bend = ((_trace(second) - _trace(first @ first)) / 2).clamp(min=0)
    return Room(
        slope=slope[:, None] * axis,
        curvature=bend[:, None, None] * axis[:, :, None] * axis[:, None, :],
    )


def parts(
    theta: Float[Tensor, "F H D"],
) -> tuple[Float[Tensor, "H F J 3"], Float[Tensor, "H F 3"]]:
    """Poses and roots."""
    theta = theta.movedim(0, 1)
    return theta[..., :-3].reshape(*theta.shape[:2], -1, 3), theta[..., -3:]


def cholesky(matrix: Float[Tensor, "*N D D"]) -> Float[Tensor, "*N D D"]:
    """The lower factor; of a matrix that rounding has made indefinite, with more on its diagonal.

    Raises:
        ArithmeticError: the matrix is not finite.
    """
    size = matrix.abs().amax((-2, -1), keepdim=True)
    one = torch.eye(matrix.shape[-1]).to(matrix)
    jitter = torch.zeros_like(size)
    for more in (1, 10, 100, 1000):
        factor, fault = torch.linalg.cholesky_ex(matrix + jitter * one)
        if not bool(fault.any()):
            found: Tensor = factor
            return found
        wanted = more * 10 * torch.finfo(matrix.dtype).eps * size
        jitter = torch.where(fault[..., None, None] > 0, wanted, jitter)
    raise ArithmeticError("The energy's curvature is not finite.")


def precision_factor(
    prior: LevelPrior, curvature: Float[Tensor, "F D D"]
) -> Float[Tensor, "F N N"]:
    """The Cholesky factor of 1 + Lᵀ B L, in double precision."""
    L = prior.factor.double()
    one = torch.eye(L.shape[-1]).to(L)
    return cholesky(one + L.mT @ curvature.double() @ L)


def covariance(prior: LevelPrior, factor: Float[Tensor, "F N N"]) -> Float[Tensor, "F D D"]:
    """L A⁻¹ Lᵀ for the Cholesky factor of A."""
    half: Tensor = torch.linalg.solve_triangular(factor, prior.factor.mT.double(), upper=False)
    return (half.mT @ half).to(prior.factor)


def _trace(matrix: Float[Tensor, "F D D"]) -> Float[Tensor, " F"]:
    return matrix.diagonal(dim1=-2, dim2=-1).sum(-1)


def _dot(a: Float[Tensor, "F H N"], b: Float[Tensor, "F H N"]) -> Float[Tensor, " H"]:
    return (a * b).sum((0, 2))
