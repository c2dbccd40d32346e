"""A made-up person in front of cameras whose images OpenCV computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from platypose import Evidence, Platypose
from platypose.api import BuildContext
from platypose.evidence import Camera
from platypose.skeleton import H36M_17

Array = NDArray[np.float64]
FOCAL, CENTRE = 1000.0, (500.0, 520.0)
LENS = {"focal": [FOCAL, FOCAL], "centre": list(CENTRE)}
DISTORTION = {
    "pinhole": [0.1, -0.05, 0.002, -0.001],
    "fisheye": [0.05, -0.01, 0.002, -0.001],
}


def _camera(azimuth: float, projection: str = "pinhole", distance: float = 5.0) -> Camera:
    """At breast height, looking at a point a metre above the origin."""
    angle = math.radians(azimuth)
    centre = np.array([distance * math.cos(angle), distance * math.sin(angle), 1.4])
    forward = np.array([0, 0, 1.0]) - centre
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    parameters: dict[str, Any] = {**LENS, "distortion": DISTORTION.get(projection, [])}
    if projection == "weak-perspective":
        parameters = {"scale": 200.0, "centre": list(CENTRE)}
    return Camera(
        name=f"{projection} at {azimuth:g} degrees",
        projection=projection,
        parameters=parameters,
        rotation=rotation,
        translation=-rotation @ centre,
        image_size=(1000, 1040),
    )


def _image(camera: Camera, points: Array) -> Array:
    """Pixels of world points (N, 3) by OpenCV."""
    matrix = np.array([[FOCAL, 0, CENTRE[0]], [0, FOCAL, CENTRE[1]], [0, 0, 1]])
    turn, _ = cv2.Rodrigues(camera.rotation)
    if camera.projection == "weak-perspective":
        in_camera = points @ camera.rotation.T + camera.translation
        return 200.0 * in_camera[:, :2] + np.array(CENTRE)
    distortion = np.array(DISTORTION[camera.projection])
    if camera.projection == "fisheye":
        pixels, _ = cv2.fisheye.projectPoints(
            points[:, None], turn, camera.translation, matrix, distortion
        )
    else:
        pixels, _ = cv2.projectPoints(points, turn, camera.translation, matrix, distortion)
    return np.asarray(pixels, np.float64).reshape(-1, 2)


@pytest.fixture(scope="session")
def camera() -> Callable[..., Camera]:
    """Makes a camera from its azimuth in degrees, its projection and its distance."""
    return _camera


@pytest.fixture(scope="session")
def image() -> Callable[[Camera, Array], Array]:
    """World points to pixels, by OpenCV."""
    return _image


@pytest.fixture(scope="session")
def see() -> Callable[..., Evidence]:
    """The exact keypoints of joints (F, 17, 3) in some cameras."""

    def look(joints: Array, *cameras: Camera, **changes: Any) -> Evidence:
        views = [[_image(camera, frame) for camera in cameras] for frame in joints]
        fields = {"keypoint_names": H36M_17.joints, "cameras": cameras} | changes
        return Evidence(frame_rate=30.0, keypoints=np.array(views), **fields)

    return look


@pytest.fixture(scope="session")
def context() -> BuildContext:
    """Double precision on the CPU."""
    return BuildContext(
        skeleton=H36M_17,
        device=torch.device("cpu"),
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(0),
    )


@pytest.fixture(scope="session")
def pose(tiny_prior: Any) -> Platypose:
    """A tiny prior with random weights."""
    return Platypose.from_pretrained(tiny_prior, device="cpu")
