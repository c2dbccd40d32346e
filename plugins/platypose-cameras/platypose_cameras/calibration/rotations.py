"""Rotation matrices from vectors and quaternions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def from_vector(vector: Array) -> Array:
    """Rotations about axes by their lengths (Rodrigues, 1840).

    Arguments:
        vector: (..., 3) radians.

    Returns:
        (..., 3, 3).
    """
    angle = np.linalg.norm(vector, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vector, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    # sin(a) / a and (1 − cos a) / a², which have limits at 0.
    first, second = np.sinc(angle / np.pi), np.sinc(angle / (2 * np.pi)) ** 2 / 2
    rotation: Array = np.eye(3) + first * cross + second * (cross @ cross)
    return rotation


def from_quaternion(quaternion: Array) -> Array:
    """Rotations from quaternions (w, x, y, z) of any length but 0.

    Arguments:
        quaternion: (..., 4).

    Returns:
        (..., 3, 3).
    """
    w, v = quaternion[..., :1], quaternion[..., 1:]
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    axis = np.divide(v, length, out=np.zeros_like(v), where=length > 0)
    return from_vector(2 * np.arctan2(length, w) * axis)


def turning_up(direction: Any) -> Array:
    """The smallest rotation that turns a direction to (0, 0, 1); about x, where it points down."""
    x, y, z = np.asarray(direction, np.float64) / np.linalg.norm(direction)
    across = np.hypot(x, y)
    if across == 0:
        return np.diag([1.0, 1.0, 1.0] if z > 0 else [1.0, -1.0, -1.0])
    return from_vector(np.array([y, -x, 0.0]) * np.arctan2(across, z) / across)
