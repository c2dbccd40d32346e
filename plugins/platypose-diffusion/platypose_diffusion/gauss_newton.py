"""The most probable poses and roots given evidence, and draws around them.

All in the coordinates ζ of a `LevelPrior`, in which the prior is N(0, 1). The curvature of the
evidence in a frame has a shape B that the hypotheses share and a strength s of each, so that the
precision of a hypothesis is A = 1 + Lᵀ T s B Tᵀ L, and one decomposition of Lᵀ B L serves all.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from platypose.api import Expansion, Problem
from platypose_diffusion.breadth import refitted
from platypose_diffusion.level_prior import LevelPrior

CUT = 0.3
"""The factor on a step's length after one that led uphill."""
ROUGH, FINE = 1e-2, 1e-3
"""Of conjugate gradients: the residual's size in units of that of the right-hand side, for steps,
which the next one corrects, and for draws."""
ITERATIONS = 100
STEP = 0.02
"""Metres that the root moves for differences of the strength."""

Normal = Callable[..., Tensor]
"""(F, H, N) standard normal numbers for a given N."""


class FramePrecision:
    """A of independent frames.

    In double precision: what the evidence leaves open has a precision of 1, beside that of the
    root's place in the image, which may be a million.

    Attributes:
        spectrum: (F, H, N) the eigenvalues of Lᵀ s B L.
    """

    def __init__(
        self, prior: LevelPrior, shape: Float[Tensor, "F D D"], strength: Float[Tensor, "F H"]
    ) -> None:
        self.prior, self.shape, self.strength = prior, shape, strength
        mean, each = self._blocks()
        L = prior.factor.double()
        values, vectors = torch.linalg.eigh(L.mT @ mean.double() @ L)
        self.vectors: Float[Tensor, "F N N"] = vectors
        self.spectrum: Float[Tensor, "F H N"] = (
            values.clamp(min=0)[:, None] * each.double()[..., None]
        )

    def _blocks(self) -> tuple[Float[Tensor, "F D D"], Float[Tensor, "F H"]]:
        return self.shape, self.strength

    @property
    def told(self) -> Float[Tensor, "F H"]:
        """How many coordinates of pose and root the evidence tells, rather than the prior."""
        return (self.spectrum / (1 + self.spectrum)).sum(-1).to(self.strength)

    @property
    def told_of_pose(self) -> Float[Tensor, "F H"]:
        """How many of them are of the pose."""
        of_pose = self.vectors[:, None, : self.prior.of_pose].square().sum(2)
        return (self.spectrum / (1 + self.spectrum) * of_pose).sum(-1).to(self.strength)

    @property
    def undecided(self) -> Float[Tensor, "F H"]:
        """How many it shares with the prior: the sum of p (1 − p) where `told` is that of p."""
        return (self.spectrum / (1 + self.spectrum).square()).sum(-1).to(self.strength)

    def solve(self, right: Float[Tensor, "F H N"]) -> Float[Tensor, "F H N"]:
        """A⁻¹ times each hypothesis's right-hand side."""
        own = right.double() @ self.vectors
        return (own / (1 + self.spectrum) @ self.vectors.mT).to(right)

    def draw(self, normal: Normal) -> Float[Tensor, "F H N"]:
        """A^(−1/2) z, which does not depend on the choice of eigenvectors."""
        z: Tensor = normal(self.spectrum.shape[-1])
        own = z.double() @ self.vectors / (1 + self.spectrum).sqrt()
        return (own @ self.vectors.mT).to(z)

    def each_frame(self, of_block: Float[Tensor, "F H"]) -> Float[Tensor, "F H"]:
        """What belongs to each block, by frames: the same, as each frame is a block."""
        return of_block


class ClipPrecision(FramePrecision):
    """A of a clip: preconditioned conjugate gradients, linear in frames but for the transform.

    The preconditioner holds the diagonal blocks of A, one for each cosine coefficient; evidence
    that says as much in every frame has no others. `spectrum` and what follows from it are theirs.
    """

    def _blocks(self) -> tuple[Float[Tensor, "F D D"], Float[Tensor, "F H"]]:
        assert self.prior.transform is not None
        usual = self.strength.mean(1)
        self.share = self.prior.transform.square()
        mean = torch.einsum("kf,f,fde->kde", self.share, usual, self.shape)
        each = (self.strength / usual.clamp(min=1e-30)[:, None]).mean(0)
        return mean, each.expand(len(mean), -1)

    def solve(
        self, right: Float[Tensor, "F H N"], tolerance: float = ROUGH
    ) -> Float[Tensor, "F H N"]:
        """A⁻¹ times each hypothesis's right-hand side, until its own residual is small."""
        vectors, inverse = self.vectors.to(right), (1 / (1 + self.spectrum)).to(right)

        def precondition(r: Tensor) -> Tensor:
            return (r @ vectors * inverse) @ vectors.mT

        x, r = torch.zeros_like(right), right
        z = precondition(r)
        p, rz = z, _dot(r, z)
        enough = tolerance**2 * rz
        for _ in range(ITERATIONS):
            going: Bool[Tensor, " H"] = rz > enough
            if not bool(going.any()):
                break
            Ap = self._apply(p)
            alpha = torch.where(going, rz / _dot(p, Ap), 0.0)[:, None]
            x, r = x + alpha * p, r - alpha * Ap
            z = precondition(r)
            before, rz = rz, torch.where(going, _dot(r, z), rz)
            p = z + torch.where(going, rz / before, 0.0)[:, None] * p
        return x

    def draw(self, normal: Normal) -> Float[Tensor, "F H N"]:
        """A⁻¹ of a draw from N(0, A), which is easy: A is a sum of squares."""
        root = self.strength.sqrt()[..., None] * normal(self.shape.shape[-1])
        seen = self.prior.pull(root @ cholesky(self.shape).mT)
        return self.solve(normal(self.spectrum.shape[-1]) + seen, FINE)

    def each_frame(self, of_block: Float[Tensor, "F H"]) -> Float[Tensor, "F H"]:
        """What belongs to each block, by frames: coefficient k is in frame f with T_kf²."""
        return self.share.mT @ of_block

    def _apply(self, v: Float[Tensor, "F H N"]) -> Float[Tensor, "F H N"]:
        bent = self.strength[..., None] * (self.prior.push(v) @ self.shape)
        return v + self.prior.pull(bent)


def precision(
    prior: LevelPrior, shape: Float[Tensor, "F D D"], strength: Float[Tensor, "F H"]
) -> FramePrecision:
    """A for evidence of this curvature."""
    return (FramePrecision if prior.transform is None else ClipPrecision)(prior, shape, strength)


def mode(
    prior: LevelPrior, problem: Problem, start: Float[Tensor, "F H N"], steps: int, *, refit: bool
) -> tuple[LevelPrior, Float[Tensor, "F H N"], FramePrecision]:
    """The minimum of |ζ|² / 2 + energy, by Gauss–Newton steps, and A there.

    A step that leads uphill is not taken, and the next is shorter. Where frames are independent,
    each is judged by itself. An unknown root is drawn to where the evidence leaves the pose more
    room; see `Room`.

    Arguments:
        prior: of the noise level.
        problem: the evidence.
        start: where to begin.
        steps: how many, at least 1.
        refit: fit the prior's breadth to the evidence on the way.

    Returns:
        the prior with its breadth, ζ in its coordinates, and A.
    """

    def total(each: Float[Tensor, "F H"]) -> Float[Tensor, "G H"]:
        return each if prior.transform is None else each.sum(0, keepdim=True)

    zeta, rate = start, total(torch.ones_like(start[..., 0])).clamp(max=1)
    a: FramePrecision | None = None
    for step in range(steps):
        if refit and a is not None and 2 * step >= steps:
            prior, zeta = refitted(prior, zeta, a.told_of_pose)
        theta = prior.theta(zeta)
        near = problem.expand(*parts(theta))
        slope, shape, strength = near.gradient.movedim(0, 1), near.curvature, near.strength.mT
        room = None
        if problem.root.deviation > 0 and a is not None:
            if step in (1, steps // 2):  # they change little, and cost an expansion
                axis = least_told(near)
                growth = growth_along(axis, problem, theta, near)
            room = room_of(prior, axis, growth, theta, near, zeta, a)
            slope, shape = slope + room.slope, shape + room.shape
        a = precision(prior, shape, strength)
        trial = zeta - rate[..., None] * a.solve(zeta + prior.pull(slope))
        moved = prior.theta(trial)
        change = problem.energy(*parts(moved)).mT - near.energy.mT
        change = change + (trial.square().sum(-1) - zeta.square().sum(-1)) / 2
        if room is not None:
            change = change + room.change(moved - theta)
        better = total(change) <= 0
        zeta = torch.where(better[..., None], trial, zeta)
        rate = torch.where(better, 1.0, CUT * rate)
    assert a is not None, "there is a step at least"
    return prior, zeta, a


@attrs.frozen(kw_only=True, eq=False)
class Room:
    """log |A| / 2 as a function of the root, to second order.

    Far from the camera the same pixels leave a pose more room. The density of the root alone has
    this room as a factor, |A|^(−1/2); the joint mode of pose and root ignores it and is too near.
    With n coordinates of poses that the evidence tells, the factor is as the n-th power of depth.

    Attributes:
        slope: (F, H, D) nats by each coordinate.
        axis: (F, D) the direction in which the evidence says least of the root.
        bend: (F, H) the curvature along it.
        shape: (F, D, D) the same in units of the evidence's strength, the mean over hypotheses.
    """

    slope: Float[Tensor, "F H D"]
    axis: Float[Tensor, "F D"]
    bend: Float[Tensor, "F H"]
    shape: Float[Tensor, "F D D"]

    def change(self, move: Float[Tensor, "F H D"]) -> Float[Tensor, "F H"]:
        """By how much it grows with a move."""
        along = (move * self.axis[:, None]).sum(-1)
        return (self.slope * move).sum(-1) + self.bend * along.square() / 2


def least_told(near: Expansion) -> Float[Tensor, "F 3"]:
    """The direction in which the evidence says least of the root."""
    vectors: Tensor = torch.linalg.eigh(near.curvature[:, -3:, -3:]).eigenvectors
    return vectors[..., 0]


def growth_along(
    axis: Float[Tensor, "F 3"], problem: Problem, theta: Float[Tensor, "F H D"], near: Expansion
) -> Float[Tensor, "F H"]:
    """The derivative of the logarithm of the evidence's strength as the root moves, 1/m."""
    pose, root = parts(theta)
    ahead = problem.expand(pose, root + STEP * axis).strength
    return ((ahead / near.strength).log() / STEP).mT


def room_of(
    prior: LevelPrior,
    axis: Float[Tensor, "F 3"],
    growth: Float[Tensor, "F H"],
    theta: Float[Tensor, "F H D"],
    near: Expansion,
    zeta: Float[Tensor, "F H N"],
    a: FramePrecision,
) -> Room:
    """`Room` along an axis of the root.

    The room is ½ Σ log(1 + s λ) over the eigenvalues λ of Lᵀ B L, and the root moves it through
    the strength s. The motion of a clip (all but the cosine coefficient 0) is given as much room
    as the prior pulls on it when pose and distance grow together: how lively somebody is says
    nothing of how far away they are.
    """
    told, undecided = a.told, a.undecided
    if prior.transform is not None:
        of_pose = slice(prior.of_pose)
        larger = prior.coordinates(torch.nn.functional.pad(theta[..., :-3], (0, 3)))
        pull = (zeta[..., of_pose] * larger[..., of_pose]).sum(-1)
        told = torch.cat([told[:1], pull[1:]])
        undecided = torch.cat([undecided[:1], torch.zeros_like(pull[1:])])
    told, undecided = a.each_frame(told), a.each_frame(undecided)
    bend = growth.square() * (undecided + told.clamp(min=0) / 2) / 2
    whole = torch.nn.functional.pad(axis, (theta.shape[-1] - 3, 0))
    stiffness = (bend / near.strength.mT).mean(1)
    return Room(
        slope=(told * growth / 2)[..., None] * whole[:, None],
        axis=whole,
        bend=bend,
        shape=stiffness[:, None, None] * whole[:, :, None] * whole[:, None, :],
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


def _dot(a: Float[Tensor, "F H N"], b: Float[Tensor, "F H N"]) -> Float[Tensor, " H"]:
    return (a * b).sum((0, 2))
