"""A made-up person before two made-up cameras: evidence of which everything is known."""

from __future__ import annotations

import math
from functools import cache

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from platypose.evidence import Camera, Evidence, observe
from platypose.skeleton import H36M_17, keypoint_set

Array = NDArray[np.float64]

FRAMES = 4
HYPOTHESES = 3
FRAME_RATE = 30.0
FOCAL, SIZE = 1000.0, 1000
CELLS = 24
"""Width and height of a heatmap."""


def person(frames: int = FRAMES) -> Array:
    """A standing person who drifts to one side, (F, 17, 3), world metres, z up."""
    standing = np.array(H36M_17.standing) + np.array([0, 0, 0.95])
    time = np.arange(frames)[:, None, None]
    phase = np.arange(standing.size).reshape(standing.shape)
    moving: Array = standing + np.array([0.02, 0, 0]) * time + 0.01 * np.sin(time + phase)
    return moving


@cache
def cameras() -> tuple[Camera, ...]:
    """Two pinholes, five metres away and 70 degrees apart."""
    angles = map(math.radians, (-125.0, -55.0))
    return tuple(camera_at(f"camera {i}", angle) for i, angle in enumerate(angles))


def camera_centres() -> Array:
    """Where the cameras stand, (V, 3), world metres."""
    return np.stack([-camera.rotation.T @ camera.translation for camera in cameras()])


def camera_at(name: str, azimuth: float, height: float = 1.2) -> Camera:
    """A camera 5 m from the world's z axis that looks at a point of it, a metre above the floor.

    Arguments:
        name: of the camera.
        azimuth: where it stands, radians from the world's x axis.
        height: above the floor, metres.
    """
    centre = np.array([5 * math.cos(azimuth), 5 * math.sin(azimuth), height])
    forward = np.array([0, 0, 1]) - centre
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    return Camera(
        name=name,
        projection="pinhole",
        parameters={"focal": [FOCAL, FOCAL], "centre": [SIZE / 2, SIZE / 2]},
        rotation=rotation,
        translation=-rotation @ centre,
        image_size=(SIZE, SIZE),
    )


def evidence(frames: int = FRAMES) -> Evidence:
    """Keypoints of BODY_25, heatmaps, 3D joints and the root, with errors of a few pixels."""
    pose = person(frames)
    names = tuple(keypoint_set("body-25").expressible(H36M_17))
    blank = Evidence(
        frame_rate=FRAME_RATE,
        keypoint_set="body-25",
        keypoint_names=names,
        cameras=cameras(),
        keypoints=np.zeros((frames, 2, len(names), 2)),
    )
    exact = _pixels(np.einsum("kj,fjc->fkc", observe(blank, H36M_17).joints_to_keypoints, pose))
    random = np.random.default_rng(0)
    keypoints = exact + 3 * random.standard_normal(exact.shape)
    cell = 1.2 * SIZE / CELLS
    corner = SIZE / 2 - cell * CELLS / 2
    affine = np.array([[cell, 0, corner], [0, cell, corner]])
    return attrs.evolve(
        blank,
        keypoints=keypoints,
        confidence=random.uniform(0.5, 1.0, keypoints.shape[:3]),
        covariance=np.broadcast_to(9 * np.eye(2), (*keypoints.shape[:3], 2, 2)).copy(),
        heatmaps=_blobs((keypoints - corner) / cell),
        cell_to_pixel=np.broadcast_to(affine, (frames, 2, 1, 2, 3)).copy(),
        joints_3d=pose + 0.01 * random.standard_normal(pose.shape),
        joints_3d_mask=np.ones(pose.shape[:2], bool),
        root=pose[:, 0],
        credit="made up",
    )


def _pixels(points: Array) -> Array:
    """(F, V, K, 2) from (F, K, 3) in the world."""
    views = []
    for camera in cameras():
        x, y, z = np.moveaxis(points @ camera.rotation.T + camera.translation, -1, 0)
        views.append(np.stack([FOCAL * x / z, FOCAL * y / z], -1) + SIZE / 2)
    return np.stack(views, 1)


def _blobs(centres: Array) -> NDArray[np.float32]:
    cells = np.arange(CELLS)
    column = np.exp(-((cells - centres[..., :1]) ** 2) / 2)
    row = np.exp(-((cells - centres[..., 1:]) ** 2) / 2)
    return (0.9 * row[..., :, None] * column[..., None, :]).astype(np.float32)


def hypotheses(frames: int = FRAMES, *, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Poses near the true one, (H, F, 17, 3), world metres."""
    random = np.random.default_rng(1)
    noise = 0.05 * random.standard_normal((HYPOTHESES, frames, 17, 3))
    return torch.tensor(person(frames) + noise, dtype=dtype, device=device)


def extreme_poses(frames: int = FRAMES) -> dict[str, Array]:
    """Poses that a sampler may come by, each (F, 17, 3), world metres."""
    pose = person(frames)
    result = {
        "all joints at the root": np.broadcast_to(pose[:, :1], pose.shape),
        "all joints at the origin": np.zeros_like(pose),
        "a thousand kilometres away": pose + np.array([6e5, -7e5, 4e5]),
        "as large as a town": 1e4 * pose,
    }
    for camera, centre in zip(cameras(), camera_centres()):
        backward = -camera.rotation[2]
        result[f"all joints in {camera.name}"] = np.broadcast_to(centre, pose.shape)
        result[f"behind {camera.name}"] = pose - pose[:, :1] + centre + 3 * backward
        result[f"straight behind {camera.name}"] = np.broadcast_to(centre + backward, pose.shape)
    return result
