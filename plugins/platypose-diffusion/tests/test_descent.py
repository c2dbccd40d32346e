"""Gradient descent on the energy, with its two ways to control the step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from platypose_diffusion.descent import (
    BACK,
    GROWTH,
    REACH,
    descend_per_hypothesis,
    descend_published,
    fell,
)
from torch import Tensor

both = pytest.mark.parametrize("descend", [descend_per_hypothesis, descend_published])


def start(hypotheses: int = 3, frames: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 0.1 * torch.randn(hypotheses, frames, 2, 3, generator=generator, dtype=torch.float64)


def bowl(x0: Tensor) -> Tensor:
    """½ |x0|², whose gradient is x0."""
    return 0.5 * x0.square().sum((2, 3))


def chain(x0: Tensor) -> Tensor:
    """½ |x0|² and half the squared step to the frame before, which couples frames."""
    steps = torch.nn.functional.pad(x0.diff(dim=1), (0, 0, 0, 0, 1, 0))
    return bowl(x0) + 0.5 * steps.square().sum((2, 3))


class Counted:
    """An energy that counts its evaluations, and those that a gradient was asked of."""

    def __init__(self, energy: Callable[[Tensor], Tensor]) -> None:
        self.energy, self.forward, self.backward = energy, 0, 0

    def __call__(self, x0: Tensor) -> Tensor:
        self.forward += 1
        self.backward += x0.requires_grad
        return self.energy(x0)


@both
def test_the_first_substep_is_a_plain_gradient_step(
    descend: Callable[..., tuple[Tensor, Tensor]],
) -> None:
    x0, _ = descend(bowl, start(), substeps=1, learning_rate=0.3)
    torch.testing.assert_close(x0, 0.7 * start())


def test_the_second_step_lands_on_the_minimum_of_a_quadratic_whatever_the_curvatures() -> None:
    """Every joint of every hypothesis and frame has another curvature, from 1 to 3."""
    curvature = torch.linspace(1, 3, 3 * 2 * 2, dtype=torch.float64).reshape(3, 2, 2, 1)

    def quadratic(x0: Tensor) -> Tensor:
        return 0.5 * (curvature * x0.square()).sum((2, 3))

    once, _ = descend_per_hypothesis(quadratic, start(), substeps=1, learning_rate=0.55)
    twice, _ = descend_per_hypothesis(quadratic, start(), substeps=2, learning_rate=0.55)
    assert once.abs().max() > 1e-2
    torch.testing.assert_close(twice, torch.zeros_like(twice), rtol=0, atol=1e-12)


@pytest.mark.parametrize("curvature", [0.0, -1e-3])
def test_without_curvature_the_rates_grow_by_the_same_factor_at_every_step(
    curvature: float,
) -> None:
    def slope(x0: Tensor) -> Tensor:
        return x0.sum((2, 3)) + 0.5 * curvature * x0.square().sum((2, 3))

    x0, rate = start(), 0.01
    for _ in range(4):
        x0, rate = x0 - rate * (1 + curvature * x0), GROWTH * rate
    found, _ = descend_per_hypothesis(slope, start(), substeps=4, learning_rate=0.01)
    torch.testing.assert_close(found, x0)


def test_a_joint_in_a_flat_region_and_one_in_a_stiff_region_both_arrive() -> None:
    """Under the published control, the rate that suits the stiff one leaves the flat one behind."""

    def robust(x0: Tensor) -> Tensor:
        return 2 * (1 + (x0 / 0.05).square().sum(3)).log().sum(2)

    near, far = [0.02, 0.01, -0.01], [2.0, -0.7, 1.0]
    joints = torch.tensor([[[near, far]]], dtype=torch.float64)
    ours, _ = descend_per_hypothesis(robust, joints, substeps=20, learning_rate=1e-3)
    theirs, _ = descend_published(robust, joints, substeps=20, learning_rate=1e-3)
    assert ours.norm(dim=-1).max() < 1e-6
    assert theirs[..., 0, :].norm() < 1e-6
    assert theirs[..., 1, :].norm() > 2


def test_while_the_energy_falls_every_published_substep_is_a_plain_gradient_step() -> None:
    x0, _ = descend_published(bowl, start(), substeps=10, learning_rate=0.3)
    torch.testing.assert_close(x0, 0.7**10 * start())


@both
def test_the_energy_that_is_returned_is_that_of_the_pose(
    descend: Callable[..., tuple[Tensor, Tensor]],
) -> None:
    for learning_rate in (0.3, 1.9, 30.0):
        for energy in (bowl, chain):
            x0, e = descend(energy, start(), substeps=4, learning_rate=learning_rate)
            torch.testing.assert_close(e, energy(x0))
            assert not x0.requires_grad
            assert not e.requires_grad


def test_no_joint_moves_farther_than_its_reach_in_a_step() -> None:
    """A one-sided penalty, flat above the floor, must not throw a joint far above it."""

    def floor(x0: Tensor) -> Tensor:
        return 1e3 * (-x0[..., 2]).clamp(min=0).square().sum(2)

    below = torch.tensor([[[[0.0, 0.0, -0.2], [0.3, 0.0, 1.0]]]], dtype=torch.float64)
    x0, e = descend_per_hypothesis(floor, below, substeps=1, learning_rate=1.0)
    assert e == 0
    torch.testing.assert_close(x0[0, 0, 0, 2], below.new_tensor(REACH - 0.2))
    assert torch.equal(x0[0, 0, 1], below[0, 0, 1])


def test_a_step_that_raised_the_energy_is_taken_back() -> None:
    x0, e = descend_per_hypothesis(bowl, start(), substeps=1, learning_rate=3.0)
    assert torch.equal(x0, start())  # the step led to −2 x0
    assert torch.equal(e, bowl(start()))


def test_after_a_step_back_the_next_is_shorter_by_a_fixed_factor() -> None:
    x0, _ = descend_per_hypothesis(bowl, start(), substeps=2, learning_rate=3.0)
    torch.testing.assert_close(x0, (1 - BACK * 3.0) * start())


@pytest.mark.parametrize("learning_rate", [3e-4, 3e4])
def test_a_learning_rate_of_the_wrong_magnitude_costs_substeps_and_not_the_sample(
    learning_rate: float,
) -> None:
    """Three orders below what is stable, or four above it: twenty substeps are enough."""
    x0, e = descend_per_hypothesis(bowl, start(), substeps=20, learning_rate=learning_rate)
    torch.testing.assert_close(x0, torch.zeros_like(x0), rtol=0, atol=1e-9)
    torch.testing.assert_close(e, bowl(x0))


def test_the_energy_never_ends_higher_than_it_began() -> None:
    def rough(x0: Tensor) -> Tensor:
        return bowl(x0) + (30 * x0).cos().sum((2, 3)) - 100

    for learning_rate in (0.01, 0.1, 1.0, 10.0):
        _, e = descend_per_hypothesis(rough, start(), substeps=10, learning_rate=learning_rate)
        assert (e <= rough(start())).all()


def test_the_published_descent_takes_no_step_back() -> None:
    x0, _ = descend_published(bowl, start(), substeps=1, learning_rate=3.0)
    torch.testing.assert_close(x0, -2 * start())


def test_the_published_descent_goes_on_from_the_worse_point_with_a_tenth_of_the_rate() -> None:
    x0, _ = descend_published(bowl, start(), substeps=3, learning_rate=3.0)
    # −2 x0 raised the energy, so 0.3 is next: −2 · 0.7 = −1.4, above the best still, so 0.03
    torch.testing.assert_close(x0, -2 * 0.7 * 0.97 * start())


@pytest.mark.parametrize("rate", [1e-5, 2e-4])
def test_the_published_rule_is_the_plateau_rule_of_pytorch(rate: float) -> None:
    x0 = start().requires_grad_()
    optimiser = torch.optim.SGD([x0], lr=rate)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, patience=0, eps=0)
    for _ in range(6):
        optimiser.zero_grad()
        e = bowl(x0)
        torch.autograd.backward(e.sum())
        plateau.step(e.mean().item())
        optimiser.step()
    ours, _ = descend_published(bowl, start(), substeps=6, learning_rate=rate)
    torch.testing.assert_close(ours, x0.detach(), rtol=1e-12, atol=0)


def test_a_far_hypothesis_does_not_touch_the_others() -> None:
    other = start()
    other[0] *= 1e3
    ours = descend_per_hypothesis(chain, start(), substeps=5, learning_rate=0.9)
    theirs = descend_per_hypothesis(chain, other, substeps=5, learning_rate=0.9)
    assert torch.equal(ours[0][1:], theirs[0][1:])
    assert torch.equal(ours[1][1:], theirs[1][1:])


def test_in_the_published_descent_a_far_hypothesis_changes_the_others() -> None:
    def stiff_far_away(x0: Tensor) -> Tensor:
        return 10 * x0.pow(4).sum((2, 3)) + bowl(x0)

    other = start()
    other[0] *= 20
    ours, _ = descend_published(stiff_far_away, start(), substeps=3, learning_rate=0.5)
    theirs, _ = descend_published(stiff_far_away, other, substeps=3, learning_rate=0.5)
    assert not torch.allclose(ours[1:], theirs[1:])


@both
@pytest.mark.parametrize("substeps", [1, 10])
def test_a_substep_costs_one_gradient_and_the_result_one_value(
    descend: Callable[..., tuple[Tensor, Tensor]], substeps: int
) -> None:
    energy = Counted(bowl)
    descend(energy, start(frames=1), substeps=substeps, learning_rate=0.1)
    assert (energy.forward, energy.backward) == (substeps + 1, substeps)


@pytest.mark.parametrize("best", [100.0, -100.0])
def test_a_fall_is_a_ten_thousandth_of_the_energy_whatever_its_sign(best: float) -> None:
    change = torch.tensor([-0.02, -0.005, 0.0, 0.005, 0.02], dtype=torch.float64)
    found = fell(best + change, torch.full_like(change, best))
    assert found.tolist() == [True, False, False, False, False]


def test_energies_below_zero_fall_like_others() -> None:
    def shifted(x0: Tensor) -> Tensor:
        return bowl(x0) - 1.0

    assert (shifted(start()) < 0).all()
    x0, _ = descend_per_hypothesis(shifted, start(), substeps=2, learning_rate=0.6)
    torch.testing.assert_close(x0, torch.zeros_like(x0), rtol=0, atol=1e-12)
