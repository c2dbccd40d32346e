"""Gradient descent on the energy: the guidance of Platypose.

The energy is seen from the predicted clean pose on, so no gradient passes through the denoiser.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from platypose_diffusion.config import DescentConfig
from platypose_diffusion.sampling import Energy

Descent = Callable[
    [Energy, Float[Tensor, "H F J 3"]], tuple[Float[Tensor, "H F J 3"], Float[Tensor, "H F"]]
]

THRESHOLD = 1e-4
"""An energy has fallen if it is lower by more than this fraction of it."""
CUT = 0.1
"""The published factor on the learning rate where the energy has not fallen."""
BACK = 0.3
"""The same where the step is also taken back."""
GROWTH = 2.0
"""How much a joint's rate may grow from one step to the next."""
REACH = 0.5
"""The longest step of a joint, in units of the prior's scale.

A steep energy on one side (a foot below the floor) would otherwise throw a joint to where the rest
of the evidence is flat and never calls it back.
"""


def descent(config: DescentConfig) -> Descent:
    """The descent that a configuration asks for: (energy, x0) → (moved x0, its energy)."""
    chosen = descend_published if config.control == "batch" else descend_per_hypothesis
    return partial(chosen, substeps=config.substeps, learning_rate=config.learning_rate)


def descend_per_hypothesis(
    energy: Energy, x0: Float[Tensor, "H F J 3"], *, substeps: int, learning_rate: float
) -> tuple[Float[Tensor, "H F J 3"], Float[Tensor, "H F"]]:
    """Descend with learning rates of its own for each hypothesis, frame and joint.

    A step that did not lower the energy of a hypothesis and frame is taken back, and its rates
    shrink by `BACK`. After one that did, each joint's rate becomes the inverse of the curvature
    that the joint met (Barzilai and Borwein, 1988), at most `GROWTH` times the last: a robust
    energy is steep near the evidence and almost flat far from it, and one rate for all joints
    would be wrong for most. No joint moves farther than `REACH` in a step. Hypotheses do not
    affect one another.

    Arguments:
        energy: nats of clean poses.
        x0: clean poses, in units of the prior's scale.
        substeps: gradient steps, each a forward and a backward pass of the energy.
        learning_rate: step length at first, in squares of the prior's scale per nat.

    Returns:
        The best poses found, and their energy.
    """
    best_x0, best_slope = x0, torch.zeros_like(x0)
    best = torch.full_like(x0[..., 0, 0], torch.inf)
    rate = torch.full_like(x0[..., :1], learning_rate)
    for substep in range(substeps):
        e, slope = value_and_slope(energy, x0)
        better = fell(e, best)[..., None, None]
        if substep > 0:
            grown = inverse_curvature(x0 - best_x0, slope - best_slope, at_most=GROWTH * rate)
            rate = torch.where(better, grown, BACK * rate)
        best = torch.where(better[..., 0, 0], e, best)
        best_x0 = torch.where(better, x0, best_x0)
        best_slope = torch.where(better, slope, best_slope)
        x0 = best_x0 - within_reach(rate * best_slope)
    with torch.no_grad():
        e = energy(x0)
        better = e < best
        x0 = torch.where(better[..., None, None], x0, best_x0)
        if better.all() or x0.shape[1] == 1:
            return x0, torch.where(better, e, best)
        return x0, energy(x0)  # a frame that stayed may have felt another that moved


def within_reach(step: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F J 3"]:
    """The step, shortened to `REACH` where it is longer."""
    length: Tensor = step.norm(dim=-1, keepdim=True)
    return step * (REACH / length.clamp(min=REACH))


def inverse_curvature(
    step: Float[Tensor, "H F J 3"],
    change: Float[Tensor, "H F J 3"],
    *,
    at_most: Float[Tensor, "H F J 1"],
) -> Float[Tensor, "H F J 1"]:
    """|Δx|² / (Δx · Δg) of each joint; `at_most` where the curvature is small or negative."""
    along = (step * change).sum(-1, keepdim=True)
    square = step.square().sum(-1, keepdim=True)
    return torch.where(along * at_most > square, square / along, at_most)


def descend_published(
    energy: Energy, x0: Float[Tensor, "H F J 3"], *, substeps: int, learning_rate: float
) -> tuple[Float[Tensor, "H F J 3"], Float[Tensor, "H F"]]:
    """Descend with one learning rate, cut where the mean energy of the batch has not fallen.

    No step is taken back. Hypotheses affect one another through the learning rate.

    Source: Platypose, arXiv 2403.06164. Arguments and result as for `descend_per_hypothesis`.
    """
    best, rate = x0.new_tensor(torch.inf), x0.new_tensor(learning_rate)
    for _ in range(substeps):
        e, slope = value_and_slope(energy, x0)
        rate = torch.where(fell(e.mean(), best), rate, CUT * rate)
        best = torch.minimum(e.mean(), best)
        x0 = x0 - rate * slope
    with torch.no_grad():
        return x0, energy(x0)


def fell(e: Float[Tensor, "*N"], best: Float[Tensor, "*N"]) -> Bool[Tensor, "*N"]:
    """Whether the energy is below the best so far by more than the threshold."""
    return e < best * (1 - THRESHOLD * best.sign())


def value_and_slope(
    energy: Energy, x0: Float[Tensor, "H F J 3"]
) -> tuple[Float[Tensor, "H F"], Float[Tensor, "H F J 3"]]:
    """The energy and its gradient by the pose, which for a hypothesis is of its own energy."""
    with torch.enable_grad():
        x0 = x0.detach().requires_grad_()
        e = energy(x0)
        (slope,) = torch.autograd.grad(e.sum(), x0)
    return e.detach(), slope
