"""Sight lines of the central cameras."""

from __future__ import annotations

from math import cos, pi, radians
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from platypose_cameras.config import FisheyeConfig, PinholeConfig
from platypose_cameras.fisheye import Fisheye
from platypose_cameras.pinhole import Pinhole
from torch import Tensor

from platypose.api import BuildContext

models = pytest.mark.parametrize("model", ["pinhole", "fisheye"])
seeds = st.integers(0, 2**32 - 1)


def off_axis(widest: float, seed: int) -> Tensor:
    """200 points, 0.5 to 10 m away, up to so many radians off axis."""
    generator = torch.Generator().manual_seed(seed)
    share = torch.rand(3, 200, generator=generator, dtype=torch.float64)
    angle, azimuth, distance = widest * share[0], 2 * pi * share[1], 0.5 + 9.5 * share[2]
    ray = [angle.sin() * azimuth.cos(), angle.sin() * azimuth.sin(), angle.cos()]
    return torch.stack(ray, -1) * distance[:, None]


@models
@settings(max_examples=10, deadline=None)
@given(data=st.data(), seed=seeds)
def test_a_point_lies_on_the_sight_line_of_its_pixel_even_behind_the_camera(
    model: str, draw_camera: Any, data: st.DataObject, seed: int
) -> None:
    camera, points = draw_camera(model, data), off_axis(radians(170), seed)
    a, b = camera.sight_lines(camera(points))
    size = a.norm(dim=(-2, -1)) * points.norm(dim=-1)
    error = ((a @ points[..., None])[..., 0] - b).norm(dim=-1)
    assert (error / size).max() < 1e-9
    assert (torch.linalg.matrix_rank(a) == 2).all()


@models
@settings(max_examples=10, deadline=None)
@given(data=st.data(), seed=seeds)
def test_near_the_line_the_residual_is_the_error_in_pixels_times_the_depth(
    model: str, draw_camera: Any, data: st.DataObject, seed: int
) -> None:
    camera, points = draw_camera(model, data), off_axis(radians(25), seed)
    pixels = camera(points)
    a, b = camera.sight_lines(pixels)
    generator = torch.Generator().manual_seed(seed)
    near = points + 1e-6 * torch.randn(points.shape, generator=generator, dtype=points.dtype)
    residual = (a @ near[..., None])[..., 0] - b
    expected = (camera(near) - pixels) * near[:, 2:]
    torch.testing.assert_close(residual, expected, rtol=1e-3, atol=1e-6)


def test_rows_of_an_undistorted_pinhole_are_those_of_the_textbook(context: BuildContext) -> None:
    camera = Pinhole(PinholeConfig(focal=(1000.0, 900.0), centre=(500.0, 400.0)), context)
    a, b = camera.sight_lines(torch.tensor([700.0, 310.0], dtype=torch.float64))
    expected = torch.tensor([[1000.0, 0.0, -200.0], [0.0, 900.0, 90.0]], dtype=torch.float64)
    torch.testing.assert_close(a, expected)
    torch.testing.assert_close(b, torch.zeros(2, dtype=torch.float64))


def test_beyond_85_degrees_the_residual_is_weighted_by_distance(context: BuildContext) -> None:
    camera = Fisheye(FisheyeConfig(focal=(300.0, 300.0), centre=(0.0, 0.0)), context)
    angle = radians(110)
    a, _ = camera.sight_lines(torch.tensor([300.0 * angle, 0.0], dtype=torch.float64))
    beside = torch.tensor([0.0, 2.0, 0.0], dtype=torch.float64)  # m
    pixels_per_metre = 300 * angle / torch.tensor(angle).sin()  # at a distance of 1 m
    expected = torch.tensor([0.0, 2 * pixels_per_metre * cos(radians(85))], dtype=torch.float64)
    torch.testing.assert_close(a @ beside, expected, rtol=1e-6, atol=1e-9)


@models
def test_pixels_that_no_ray_reaches_have_finite_sight_lines(
    model: str, context: BuildContext
) -> None:
    camera = (
        Pinhole(PinholeConfig(focal=(1e3, 1e3), centre=(0.0, 0.0), distortion=(-0.3,) * 4), context)
        if model == "pinhole"
        else Fisheye(FisheyeConfig(focal=(1e3, 1e3), centre=(0.0, 0.0)), context)
    )
    a, b = camera.sight_lines(torch.tensor([[1e9, -1e9], [0.0, 0.0], [1e7, 0.0]]))
    assert torch.isfinite(a).all() and torch.isfinite(b).all()
    assert (a.norm(dim=(-1, -2)) > 0).all()
