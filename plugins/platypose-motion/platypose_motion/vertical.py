"""Which axis of a file points up, told by the people in it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from platypose.api import UserError
from platypose.skeleton import H36M_17

Array = npt.NDArray[np.float64]

CLEAR_COSINE = 0.5
"""The mean trunk is at least so near to an axis for it to be called vertical."""

_HIP, _THORAX = (H36M_17.joints.index(name) for name in ("hip", "thorax"))


def z_up_rotation(pose: Array, file: str) -> Array:
    """The rotation R, (3, 3), that brings the file's vertical axis to z: x_world = R x_file.

    The vertical is the axis, with its sign, along which trunks point on the mean. R only permutes
    axes and changes signs, and has determinant 1, so left stays left.

    Arguments:
        pose: (F, 17, 3) in the axes of the file; NaN is ignored.
        file: its name, for the error message.

    Raises:
        UserError: trunks point nowhere on the mean, as in a recording of somebody who lies.
    """
    trunk = pose[:, _THORAX] - pose[:, _HIP]
    trunk = trunk / np.maximum(np.linalg.norm(trunk, axis=-1, keepdims=True), 1e-9)
    trunk = trunk[np.isfinite(trunk).all(axis=-1)]
    mean = trunk.mean(axis=0) if len(trunk) else np.zeros(3)
    axis = int(np.abs(mean).argmax())
    if abs(mean[axis]) < CLEAR_COSINE:
        raise UserError(
            f"{file} does not show which axis points up: no axis is near to the trunk on the mean."
        )
    return rotation_from(axis, float(np.sign(mean[axis])))


def rotation_from(axis: int, sign: float) -> Array:
    """The rotation, (3, 3), that brings the axis 0, 1 or 2, or its opposite, to z."""
    unit = np.eye(3)
    up = sign * unit[axis]
    along = unit[(axis + 1) % 3]
    return np.stack([along, np.cross(up, along), up])
