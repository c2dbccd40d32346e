"""Points that no camera sees: their gradients lead to where it sees them."""

from __future__ import annotations

from math import pi, radians
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from platypose_cameras.config import FisheyeConfig, PinholeConfig
from platypose_cameras.fisheye import Fisheye
from platypose_cameras.lens import NEAREST
from platypose_cameras.pinhole import Pinhole
from torch import Tensor

from platypose.api import BuildContext, Projection

seeds = st.integers(0, 2**32 - 1)
models = pytest.mark.parametrize("model", ["pinhole", "fisheye"])


def rays(angles: Tensor, azimuths: Tensor) -> Tensor:
    """Unit vectors so many radians off axis."""
    across = torch.stack([azimuths.cos(), azimuths.sin()], -1) * angles.sin()[..., None]
    return torch.cat([across, angles.cos()[..., None]], -1)


def uniform(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator, dtype=torch.float64)


def behind(generator: torch.Generator) -> Tensor:
    """100 points behind the camera, centimetres to metres away."""
    angles = uniform(radians(90), pi - 0.01, 100, generator)
    points = rays(angles, uniform(0, 2 * pi, 100, generator))
    return points * uniform(-2, 1, 100, generator).exp()[:, None] * 4


def seen(generator: torch.Generator) -> Tensor:
    """100 points in the field of view of every camera here."""
    return rays(uniform(0, radians(25), 100, generator), uniform(0, 2 * pi, 100, generator))


def squared_error_gradient(camera: Projection, points: Tensor, pixels: Tensor) -> Tensor:
    points = points.clone().requires_grad_()
    error = (camera(points) - pixels).square().sum()
    return torch.autograd.grad(error, points)[0]


@models
@settings(max_examples=10, deadline=None)
@given(data=st.data(), seed=seeds)
def test_a_gradient_step_moves_a_point_behind_the_camera_towards_its_front(
    model: str, draw_camera: Any, data: st.DataObject, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    camera = draw_camera(model, data)
    gradient = squared_error_gradient(camera, behind(generator), camera(seen(generator)))
    assert (-gradient[:, 2] > 0).all()


@models
@settings(max_examples=3, deadline=None)
@given(data=st.data(), seed=seeds)
def test_descent_brings_points_from_behind_to_where_they_are_seen(
    model: str, draw_camera: Any, data: st.DataObject, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    camera = draw_camera(model, data)
    points, pixels = behind(generator), camera(seen(generator))
    for _ in range(80):
        gradient = squared_error_gradient(camera, points, pixels)
        # a step turns a point by at most a twentieth of a radian
        length = 0.05 * points.norm(dim=-1, keepdim=True)
        points = points - length * torch.nn.functional.normalize(gradient, dim=-1)
    assert (points[:, 2] > 0).all()


@models
@settings(max_examples=10, deadline=None)
@given(data=st.data(), azimuth=st.floats(0, 2 * pi))
def test_pixels_never_return_to_the_image_as_a_ray_turns_away(
    model: str, draw_camera: Any, data: st.DataObject, azimuth: float
) -> None:
    camera = draw_camera(model, data)
    angles = torch.linspace(0, pi - 1e-3, 500, dtype=torch.float64)[1:]
    turning = rays(angles, torch.full_like(angles, azimuth))
    outward = turning[:, :2] / angles.sin()[:, None]
    focal = camera.jacobian(torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)).diagonal()
    steps = camera(turning * 100).diff(dim=0) / focal
    assert ((steps * outward[1:]).sum(-1) > 0).all()


def test_a_fisheye_sees_points_behind_itself(context: BuildContext) -> None:
    config = FisheyeConfig(focal=(300.0, 300.0), centre=(0.0, 0.0))
    angle = radians(120)
    point = rays(torch.tensor(angle, dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64))
    torch.testing.assert_close(
        Fisheye(config, context)(point).norm(), torch.tensor(300 * angle, dtype=torch.float64)
    )


def test_a_point_straight_behind_the_camera_escapes_sideways(context: BuildContext) -> None:
    camera = Pinhole(PinholeConfig(focal=(1000.0, 1000.0), centre=(0.0, 0.0)), context)
    point = torch.tensor([[0.0, 0.0, -3.0]], dtype=torch.float64)
    pixel = torch.tensor([[200.0, 0.0]], dtype=torch.float64)
    gradient = squared_error_gradient(camera, point, pixel)
    assert gradient[0, :2].norm() > 0
    moved = point - 2 * NEAREST * torch.nn.functional.normalize(gradient, dim=-1)
    assert squared_error_gradient(camera, moved, pixel)[0, 2] < 0
