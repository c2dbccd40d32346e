"""Small accelerations."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
import pytest
import torch
from platypose_keypoints.config import SmoothnessConfig
from platypose_keypoints.smoothness import Smoothness, build
from torch import Tensor

from platypose.api import BuildContext, UserError

Contexts = Callable[..., BuildContext]
Poses = Callable[..., Tensor]


@pytest.fixture(scope="session")
def energy_at(make_context: Contexts) -> Callable[[float], Smoothness]:
    def make(frame_rate: float) -> Smoothness:
        context = make_context(frame_rate=frame_rate, joints_3d=np.zeros((1, 17, 3)))
        return build(SmoothnessConfig(sigma=2.0), context)

    return make


def test_a_falling_body_costs_what_gravity_costs(
    energy_at: Callable[[float], Smoothness],
) -> None:
    """At any frame rate: 17 joints, 9.81 m/s² each, at every frame that has both neighbours."""
    for rate in (25.0, 60.0):
        time = torch.arange(10, dtype=torch.float64) / rate
        joints = torch.zeros(1, 10, 17, 3, dtype=torch.float64)
        joints[..., 2] = -(9.81 * time**2 / 2)[:, None]
        nats = energy_at(rate)(joints)
        one = 17 * (9.81 / 2.0) ** 2 / 2
        expected = torch.tensor([one / 3, 2 * one / 3, *[one] * 6, 2 * one / 3, one / 3])
        torch.testing.assert_close(nats[0], expected.to(nats))


def test_uniform_motion_costs_nothing(
    energy_at: Callable[[float], Smoothness], poses: Poses
) -> None:
    start, velocity = poses(2, 1), poses(3, 1)[:2]
    time = torch.arange(5, dtype=torch.float64)[:, None, None]
    assert energy_at(30.0)(start + velocity * time).abs().max() < 1e-15


@pytest.mark.parametrize("frames", [1, 2])
def test_fewer_than_three_frames_cost_nothing(
    energy_at: Callable[[float], Smoothness], poses: Poses, frames: int
) -> None:
    joints = poses(2, frames).requires_grad_()
    nats = energy_at(30.0)(joints)
    assert nats.shape == (2, frames)
    assert (nats == 0).all()
    (slope,) = torch.autograd.grad(nats.sum(), joints)
    assert (slope == 0).all()


def test_gradient_is_that_of_the_value(
    energy_at: Callable[[float], Smoothness], poses: Poses
) -> None:
    assert torch.autograd.gradcheck(energy_at(3.0), poses(2, 5).requires_grad_(), fast_mode=True)


def test_evidence_gives_the_frame_rate(make_context: Contexts) -> None:
    context = attrs.evolve(make_context(joints_3d=np.zeros((1, 17, 3))), evidence=None)
    with pytest.raises(UserError, match="frame rate"):
        build(SmoothnessConfig(), context)
