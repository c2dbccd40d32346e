"""Derivatives of the central cameras: in front, beside, behind, on the axis and close by."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from platypose_cameras.config import FisheyeConfig, PinholeConfig
from platypose_cameras.fisheye import Fisheye
from platypose_cameras.pinhole import Pinhole
from torch import Tensor

from platypose.api import BuildContext, Projection

ON_THE_AXIS = ((0.0, 0.0, 1.0), (0.0, 0.0, -1.0), (0.0, 0.0, 1e-3), (1e-12, 0.0, 2.0))
BESIDE = ((1.0, 0.0, 0.0), (0.0, -2.0, 0.0), (1e-3, 1e-3, 0.0))
CLOSE = ((1e-3, 0.0, 5e-3), (2e-3, 1e-3, -0.5), (-4e-3, 3e-3, 2e-3))


def everywhere(seed: int) -> Tensor:
    """Points in all directions, most of them some metres away."""
    generator = torch.Generator().manual_seed(seed)
    scattered = 3 * torch.randn(100, 3, generator=generator, dtype=torch.float64)
    special = torch.tensor(ON_THE_AXIS + BESIDE + CLOSE, dtype=torch.float64)
    return torch.cat([scattered, special])


def by_autograd(camera: Projection, points: Tensor) -> Tensor:
    points = points.clone().requires_grad_()
    pixels = camera(points)
    rows = [torch.autograd.grad(pixels[:, i].sum(), points, retain_graph=True) for i in (0, 1)]
    return torch.stack([row[0] for row in rows], -2)


def by_differences(camera: Projection, points: Tensor, step: float) -> Tensor:
    steps = step * torch.eye(3, dtype=points.dtype)
    columns = [(camera(points + s) - camera(points - s)) / (2 * step) for s in steps]
    return torch.stack(columns, -1)


def assert_close(actual: Tensor, expected: Tensor, tolerance: float) -> None:
    """Compare matrices, each relative to its own size."""
    size = expected.abs().amax((-1, -2), keepdim=True)
    assert ((actual - expected).abs() / size).max() <= tolerance


@settings(max_examples=10, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("model", ["pinhole", "fisheye"])
def test_jacobian_is_the_derivative_of_the_projection(
    model: str, draw_camera: Any, data: st.DataObject, seed: int
) -> None:
    camera = draw_camera(model, data)
    points = everywhere(seed)
    jacobian = camera.jacobian(points)
    assert_close(by_autograd(camera, points), jacobian, 1e-11)
    assert_close(by_differences(camera, points, 1e-8), jacobian, 1e-4)


BARREL = PinholeConfig(
    focal=(1000.0, 1100.0), centre=(500.0, 400.0), distortion=(-0.3, 0.05, 0.002, -0.001)
)
FOLDING = FisheyeConfig(
    focal=(300.0, 310.0), centre=(500.0, 400.0), distortion=(-0.1, 0.01, 0.0, 0.0)
)


@pytest.mark.parametrize("camera", [(Pinhole, BARREL), (Fisheye, FOLDING)])
def test_autograd_passes_torchs_own_check(camera: Any, context: BuildContext) -> None:
    points = everywhere(0)[:30].requires_grad_()
    assert torch.autograd.gradcheck(camera[0](camera[1], context), points, eps=1e-7, rtol=1e-4)


EXTREME = (0.0, 1e-30, -1e-30, 1e-12, 1e-6, -1e-4, 0.01, -0.3, 5.0, -80.0, 1e6, -1e6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("camera", [(Pinhole, BARREL), (Fisheye, FOLDING)])
def test_pixels_and_gradients_of_a_squared_error_are_finite_for_any_point(
    camera: Any, dtype: torch.dtype, context: BuildContext
) -> None:
    projection = camera[0](camera[1], context)
    points = torch.cartesian_prod(*[torch.tensor(EXTREME, dtype=dtype)] * 3).requires_grad_()
    pixels = projection(points)
    (gradient,) = torch.autograd.grad(pixels.square().sum(-1).sum(), points)
    jacobian = projection.jacobian(points)
    product = (jacobian.mT @ (2 * pixels)[..., None])[..., 0]
    assert all(torch.isfinite(t).all() for t in (pixels, gradient, jacobian, product))
