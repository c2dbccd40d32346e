"""The central cameras are those of OpenCV."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from platypose_cameras.config import FisheyeConfig, PinholeConfig
from platypose_cameras.fisheye import Fisheye
from platypose_cameras.pinhole import Pinhole

from platypose.api import BuildContext

Array = NDArray[np.float64]

seeds = st.integers(0, 2**32 - 1)


def matrix(config: PinholeConfig | FisheyeConfig) -> Array:
    (f_x, f_y), (c_x, c_y) = config.focal, config.centre
    return np.array([[f_x, 0, c_x], [0, f_y, c_y], [0, 0, 1]])


def opencv_pinhole(config: PinholeConfig, points: Array) -> tuple[Array, Array]:
    """Pixels, and their derivative by the points."""
    still, distortion = np.zeros(3), np.array(config.distortion)
    pixels, jacobian = cv2.projectPoints(points, still, still, matrix(config), distortion)
    by_translation = jacobian[:, 3:6].reshape(-1, 2, 3)
    return np.asarray(pixels[:, 0], np.float64), np.asarray(by_translation, np.float64)


def opencv_fisheye(config: FisheyeConfig, points: Array) -> Array:
    distortion = np.array(config.distortion or (0.0,) * 4)
    still = np.zeros(3)
    pixels, _ = cv2.fisheye.projectPoints(points[:, None], still, still, matrix(config), distortion)
    return np.asarray(pixels[:, 0], np.float64)


def on_circles(radii: Array, directions: int) -> Array:
    """(radii, directions, 3) points of depth 1."""
    angle = np.linspace(0, 2 * np.pi, directions, endpoint=False)
    unit = np.stack([np.cos(angle), np.sin(angle)], -1)
    across = radii[:, None, None] * unit
    return np.concatenate([across, np.ones_like(across[..., :1])], -1)


def unfolded_radius(config: PinholeConfig) -> float:
    """Up to which x/z, y/z OpenCV's distortion is one-to-one: its Jacobian is positive definite."""
    radii = np.linspace(0, 8, 200)
    points = on_circles(radii, 12)
    _, jacobian = opencv_pinhole(config, points.reshape(-1, 3))
    stretch = jacobian[:, :, :2] / np.array(config.focal)[:, None]
    least = np.linalg.eigvalsh(stretch).min(-1).reshape(len(radii), -1).min(-1)
    return float(radii[np.logical_and.accumulate(least > 0.01)][-1])


def scattered(seed: int, widest: float) -> Array:
    """200 points, 0.1 to 10 m deep, at most so far off axis in units of depth."""
    random = np.random.default_rng(seed)
    angle, depth = random.uniform(0, 2 * np.pi, 200), random.uniform(0.1, 10, 200)
    radius = widest * np.sqrt(random.uniform(0, 1, 200))
    rays = [radius * np.cos(angle), radius * np.sin(angle), np.ones(200)]
    return np.stack(rays, -1) * depth[:, None]


@settings(max_examples=10, deadline=None)
@given(data=st.data(), seed=seeds)
def test_pinhole_projects_as_opencv_does_wherever_its_distortion_is_one_to_one(
    context: BuildContext, draw_config: Any, data: st.DataObject, seed: int
) -> None:
    config = draw_config("pinhole", data)
    points = scattered(seed, unfolded_radius(config))
    pixels, jacobian = opencv_pinhole(config, points)
    camera, given_points = Pinhole(config, context), torch.from_numpy(points)
    np.testing.assert_allclose(camera(given_points), pixels, rtol=1e-12, atol=1e-6)
    np.testing.assert_allclose(camera.jacobian(given_points), jacobian, rtol=1e-9, atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(data=st.data(), seed=seeds)
def test_fisheye_projects_as_opencv_does_as_far_as_its_polynomial_grows(
    context: BuildContext, draw_config: Any, data: st.DataObject, seed: int
) -> None:
    config = draw_config("fisheye", data)
    angles = np.linspace(0, np.pi / 2 - 0.01, 400)
    image = opencv_fisheye(config, on_circles(np.tan(angles), 1)[:, 0])[:, 0]
    grows = np.diff(image) > 0.01 * config.focal[0] * np.diff(angles)
    widest = angles[1:][np.logical_and.accumulate(grows)][-1]
    points = scattered(seed, np.tan(widest))
    pixels = opencv_fisheye(config, points)
    camera = Fisheye(config, context)
    np.testing.assert_allclose(camera(torch.from_numpy(points)), pixels, rtol=0, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(data=st.data(), seed=seeds)
def test_single_precision_is_good_to_a_hundredth_of_a_pixel(
    context: BuildContext, draw_config: Any, data: st.DataObject, seed: int
) -> None:
    config = draw_config("pinhole", data)
    points = torch.from_numpy(scattered(seed, min(1.0, unfolded_radius(config))))
    camera = Pinhole(config, context)
    np.testing.assert_allclose(camera(points.float()), camera(points), rtol=0, atol=1e-2)
