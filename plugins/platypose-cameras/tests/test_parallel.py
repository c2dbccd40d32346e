"""Parallel projections."""

from __future__ import annotations

import torch
from platypose_cameras.config import OrthographicConfig, PinholeConfig, WeakPerspectiveConfig
from platypose_cameras.parallel import WeakPerspective, orthographic
from platypose_cameras.pinhole import Pinhole

from platypose.api import BuildContext

POINTS = torch.tensor([[1.0, -2.0, 4.0], [0.5, 0.25, -3.0]], dtype=torch.float64)


def test_weak_perspective_scales_and_shifts_and_ignores_depth(context: BuildContext) -> None:
    camera = WeakPerspective(WeakPerspectiveConfig(scale=100.0, centre=(320.0, 240.0)), context)
    expected = torch.tensor([[420.0, 40.0], [370.0, 265.0]], dtype=torch.float64)
    torch.testing.assert_close(camera(POINTS), expected)
    assert not camera.perspective


def test_weak_perspective_is_what_a_pinhole_sees_at_its_focal_length_over_the_scale(
    context: BuildContext,
) -> None:
    weak = WeakPerspective(WeakPerspectiveConfig(scale=100.0, centre=(320.0, 240.0)), context)
    pinhole = Pinhole(PinholeConfig(focal=(1000.0, 1000.0), centre=(320.0, 240.0)), context)
    at_ten_metres = POINTS * torch.tensor([1.0, 1.0, 0.0]) + torch.tensor([0.0, 0.0, 10.0])
    torch.testing.assert_close(weak(at_ten_metres), pinhole(at_ten_metres))


def test_orthographic_keeps_x_and_y(context: BuildContext) -> None:
    camera = orthographic(OrthographicConfig(), context)
    torch.testing.assert_close(camera(POINTS), POINTS[:, :2])


def test_jacobian_is_the_derivative(context: BuildContext) -> None:
    camera = WeakPerspective(WeakPerspectiveConfig(scale=100.0, centre=(320.0, 240.0)), context)
    derivative = torch.func.jacrev(camera)(POINTS[0])
    torch.testing.assert_close(camera.jacobian(POINTS), derivative.expand(2, 2, 3))


def test_residuals_of_sight_lines_are_errors_in_pixels(context: BuildContext) -> None:
    camera = WeakPerspective(WeakPerspectiveConfig(scale=100.0, centre=(320.0, 240.0)), context)
    pixels = torch.tensor([[400.0, 30.0], [0.0, 0.0]], dtype=torch.float64)
    a, b = camera.sight_lines(pixels)
    torch.testing.assert_close((a @ POINTS[..., None])[..., 0] - b, camera(POINTS) - pixels)
    assert (a[..., 2] == 0).all()
