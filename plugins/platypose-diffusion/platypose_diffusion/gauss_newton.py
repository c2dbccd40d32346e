"""The most probable poses and roots given evidence, and draws around them."""

from __future__ import annotations

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Expansion, Problem
from platypose_diffusion.border import Border, Shared, border_of
from platypose_diffusion.breadth import refitted
from platypose_diffusion.level_prior import LevelPrior
from platypose_diffusion.precision import FramePrecision, Normal, precision

CUT = 0.3
"""The factor on a step's length after one that led uphill."""
STEP = 0.02
"""Metres that the root moves for differences of the strength."""


@attrs.frozen(kw_only=True, eq=False)
class Laplace:
    """A Gaussian at the mode of prior times evidence.

    Attributes:
        prior: of pose and root, with the breadth that was fitted.
        zeta: the mode in its coordinates.
        eta: the mode of what the frames share, in units of its deviation.
        precision: A.
        border: what the frames share; None where that is nothing.
    """

    prior: LevelPrior
    zeta: Float[Tensor, "F H N"]
    eta: Float[Tensor, "H P"]
    precision: FramePrecision
    border: Border | None

    def draw(self, normal: Normal) -> Draw:
        """One of each hypothesis."""
        zeta, eta = self.zeta + self.precision.draw(normal), self.eta
        if self.border is None:
            return Draw(zeta=zeta, eta=eta, theta=self.prior.theta(zeta))
        apart = self.border.draw(normal(eta.shape[1])[0])
        zeta, eta = zeta + self.border.moved(apart), eta + apart
        theta = self.prior.theta(zeta) + self.border.shared.push(eta)
        return Draw(zeta=zeta, eta=eta, theta=theta)

    def log_weight(self, draw: Draw, energy: Float[Tensor, "F H"]) -> Float[Tensor, "F H"]:
        """The logarithm of prior times evidence over this Gaussian, up to a constant of each.

        Of a clip the sum over frames alone has a meaning. It is for poses that share nothing.

        Arguments:
            draw: from the Gaussian.
            energy: of what was drawn, nats.
        """
        assert self.border is None, "frames share nothing"
        proposed = self.precision.square(draw.zeta - self.zeta)
        return (proposed - draw.zeta.square().sum(-1)) / 2 - energy


@attrs.frozen(kw_only=True, eq=False)
class Draw:
    """Of each hypothesis, from its Gaussian.

    Attributes:
        zeta: in the prior's coordinates.
        eta: of what the frames share.
        theta: poses and roots as the evidence has them.
    """

    zeta: Float[Tensor, "F H N"]
    eta: Float[Tensor, "H P"]
    theta: Float[Tensor, "F H D"]


def mode(
    prior: LevelPrior,
    problem: Problem,
    zeta: Float[Tensor, "F H N"],
    steps: int,
    *,
    refit: bool,
    shared: Shared | None = None,
) -> Laplace:
    """The minimum of |ζ|² / 2 + |η|² / 2 + energy, by Gauss–Newton steps, and the precision there.

    A step that leads uphill is not taken, and the next is shorter. Where frames are independent
    and share nothing, each is judged by itself. An unknown root is drawn to where the evidence
    leaves the pose more room; see `Room`.

    Arguments:
        prior: of the noise level.
        problem: the evidence.
        zeta: where to begin.
        steps: how many, at least 1.
        refit: fit the prior's breadth to the evidence on the way.
        shared: what the frames share; it begins where it was taken.
    """
    alone = prior.transform is None and shared is None
    alike = 1.0 if shared is None else shared.alike
    eta = zeta.new_zeros(zeta.shape[1], 0) if shared is None else shared.at

    def total(each: Float[Tensor, "F H"]) -> Float[Tensor, "G H"]:
        return each if alone else each.sum(0, keepdim=True) / alike

    def seen(zeta: Tensor, eta: Tensor) -> Float[Tensor, "F H D"]:
        theta = prior.theta(zeta)
        return theta if shared is None else theta + shared.push(eta)

    def height(
        zeta: Tensor, eta: Tensor, room: Room | None, theta: Float[Tensor, "F H D"]
    ) -> Float[Tensor, "G H"]:
        """What is to be minimised, but for the room at θ."""
        there = seen(zeta, eta)
        each = problem.energy(*parts(there)).mT + zeta.square().sum(-1) / 2
        if room is not None:
            each = each + room.change(there - theta)
        return total(each) + eta.square().sum(-1) / 2

    rate = torch.ones_like(zeta[: len(zeta) if alone else 1, :, 0])
    a: FramePrecision | None = None
    border: Border | None = None
    for step in range(steps):
        if refit and a is not None and 2 * step >= steps:
            prior, zeta = refitted(prior, zeta, a.told_of_pose)
        theta = seen(zeta, eta)
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
        downhill = zeta + prior.pull(slope)

        before = total(near.energy.mT + zeta.square().sum(-1) / 2) + eta.square().sum(-1) / 2
        trial = zeta - rate[..., None] * a.solve(downhill)
        after = height(trial, eta, room, theta)
        better = after <= before
        zeta, rate = torch.where(better[..., None], trial, zeta), torch.where(better, 1, CUT * rate)
        if shared is not None:
            border = border_of(prior, shared, near, a)
            move = border.step(eta, slope, downhill)
            trial, trial_eta = zeta + border.moved(move), eta + move
            lower = height(trial, trial_eta, room, theta)
            better = lower <= torch.where(better, after, before)
            zeta = torch.where(better[..., None], trial, zeta)
            eta = torch.where(better.mT, trial_eta, eta)
    assert a is not None, "there is a step at least"
    return Laplace(prior=prior, zeta=zeta, eta=eta, precision=a, border=border)


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
    """The derivative of the logarithm of the evidence's strength as the root moves, 1/m.

    The pose grows with it so that the evidence sees as little change as it can: how well it is
    fitted is none of the geometry, although it is of the strength of evidence that has outliers.
    """
    whole = torch.nn.functional.pad(axis, (theta.shape[-1] - 3, 0))[:, None]
    pose = torch.nn.functional.pad(theta[..., :-3], (0, 3))
    bent = pose @ near.curvature
    grown = -(bent * whole).sum(-1) / (bent * pose).sum(-1).clamp(min=1e-30)
    ahead = problem.expand(*parts(theta + STEP * (whole + grown[..., None] * pose))).strength
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
