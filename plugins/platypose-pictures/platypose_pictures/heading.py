"""Where a person faces, and poses turned to face the viewer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from platypose.skeleton import Skeleton

Array = NDArray[Any]

_ACROSS = ("hip", "shoulder")


def left_of(joints: Array, skeleton: Skeleton) -> Array:
    """The horizontal unit vector to a person's left, from hips and shoulders.

    Arguments:
        joints: (..., J, 3) metres, z up.
        skeleton: of the joints.

    Returns:
        (..., 2) in x and y.
    """
    left, right = (
        joints[..., [skeleton.joints.index(f"{side}_{part}") for part in _ACROSS], :2].sum(-2)
        for side in ("left", "right")
    )
    return _unit(left - right)


def mean_left_of(joints: Array, skeleton: Skeleton) -> Array:
    """(2,) the mean of `left_of` over all poses."""
    return _unit(left_of(joints, skeleton).reshape(-1, 2).mean(0))


def front_view(joints: Array, left: Array) -> Array:
    """Joints as seen by one whom the person faces.

    Arguments:
        joints: (..., J, 3) metres, z up.
        left: (..., 2) the person's left.

    Returns:
        (..., J, 2) metres: towards the person's left, which is right on the page, and up.
    """
    return _seen(joints, left)


def side_view(joints: Array, left: Array) -> Array:
    """Joints as seen from the person's right, so that it faces right on the page.

    Arguments and returns as of `front_view`, with forward in place of left.
    """
    # Forward is left × up.
    return _seen(joints, np.stack([left[..., 1], -left[..., 0]], -1))


def _seen(joints: Array, axis: Array) -> Array:
    across = (joints[..., :2] * axis[..., None, :]).sum(-1)
    return np.stack([across, joints[..., 2]], -1)


def _unit(vector: Array) -> Array:
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    # Someone who lies on the side has no left on the ground; any direction serves.
    return np.where(length > 1e-6, vector / np.maximum(length, 1e-6), [1.0, 0.0])
