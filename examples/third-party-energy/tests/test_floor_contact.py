"""The mathematics of the floor."""

from __future__ import annotations

import attrs
import pytest
import torch
from platypose_floor.config import FloorContactConfig
from platypose_floor.energy import FloorContact, build
from torch import Tensor

from platypose.api import BuildContext, UserError
from platypose.skeleton import H36M_17, Skeleton


def context(skeleton: Skeleton = H36M_17) -> BuildContext:
    cpu = torch.device("cpu")
    return BuildContext(
        skeleton=skeleton, device=cpu, dtype=torch.float64, generator=torch.Generator(cpu)
    )


def floor(standing: bool = False) -> FloorContact:
    return build(FloorContactConfig(height=0.1, sigma=0.02, standing=standing), context())


def person(left: float, right: float) -> Tensor:
    """One hypothesis of one frame with the ankles at these heights, every other joint at 0."""
    joints = torch.zeros(1, 1, 17, 3, dtype=torch.float64)
    joints[..., H36M_17.joints.index("left_foot"), 2] = left
    joints[..., H36M_17.joints.index("right_foot"), 2] = right
    return joints


def test_a_sunken_ankle_costs_what_the_gaussian_says() -> None:
    heights = torch.tensor([0.1, 0.09, 0.05, -0.3], dtype=torch.float64)
    gaussian = torch.distributions.Normal(torch.tensor(0.1, dtype=torch.float64), 0.02)
    expected = gaussian.log_prob(torch.tensor(0.1)) - gaussian.log_prob(heights)
    found = torch.cat([floor()(person(float(z), 0.5)) for z in heights])
    torch.testing.assert_close(found[:, 0], expected)


def test_both_ankles_add_up() -> None:
    left, right, both = (floor()(person(*z)) for z in ((0.07, 0.1), (0.1, 0.04), (0.07, 0.04)))
    torch.testing.assert_close(both, left + right)


def test_jumping_is_free_unless_the_person_stands() -> None:
    jump = person(0.6, 0.7)
    assert floor()(jump) == 0
    assert floor(standing=True)(jump) == pytest.approx((0.5 / 0.02) ** 2 / 2)


def test_a_person_who_stands_may_lift_the_other_foot() -> None:
    assert floor(standing=True)(person(0.1, 0.7)) == 0


@pytest.mark.parametrize("left, right", [(0.02, 0.05), (0.3, 0.5), (0.05, 0.5)])
def test_a_newton_step_puts_the_feet_on_the_floor(left: float, right: float) -> None:
    energy = floor(standing=True)
    joints = person(left, right)
    slope = torch.func.grad(lambda x: energy(x).sum())(joints)
    moved = joints - energy.sigma**2 * slope
    assert energy(joints) > 0
    assert energy(moved) == pytest.approx(0, abs=1e-12)


def test_only_the_heights_of_the_ankles_matter() -> None:
    joints = person(0.05, 0.07)
    moved = joints + torch.randn(joints.shape, generator=torch.Generator().manual_seed(0))
    moved[..., floor().ankles, 2] = joints[..., floor().ankles, 2]
    torch.testing.assert_close(floor()(moved), floor()(joints))


def test_a_skeleton_without_ankles_is_refused_by_name() -> None:
    trunk = attrs.evolve(H36M_17, name="trunk", joints=("hip", "spine"))
    with pytest.raises(UserError, match="needs the joint left_foot, which the skeleton 'trunk'"):
        build(FloorContactConfig(), context(trunk))
