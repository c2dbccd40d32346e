"""A camera from a camera matrix, distortion coefficients, rotation and translation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api import UserError
from platypose.evidence import Camera
from platypose.evidence.guess import ROLL_DEVIATION, TILT_DEVIATION, level_pose
from platypose_cameras.calibration.rotations import from_vector, turning_up

Array = NDArray[np.float64]
Pose = tuple[Array, Array]


def assembled(
    name: str,
    *,
    matrix: Any,
    distortion: Any,
    size: Any,
    pose: Pose | None,
    fisheye: bool = False,
) -> Camera:
    """A camera with the parameters that OpenCV uses.

    Arguments:
        name: of the camera.
        matrix: 3 × 3, pixels.
        distortion: OpenCV's coefficients in their order, or those of its fisheye.
        size: width and height, pixels.
        pose: rotation and translation from the file's world into the camera's frame; None where
            the file has none, for a level camera of unknown tilt.
        fisheye: whether the lens is a fisheye.

    Raises:
        UserError: one of them is not what it should be.
    """
    where = f"camera {name!r}"
    k = numbers(matrix, (3, 3), f"the matrix of {where}")
    if abs(k[0, 1]) > 1e-6 * abs(k[0, 0]):
        raise UserError(f"The matrix of {where} has a skew, which no projection here has.")
    width, height = numbers(size, (2,), f"the size of {where}")
    rotation, translation = level_pose() if pose is None else pose
    return Camera(
        name=name,
        projection="fisheye" if fisheye else "pinhole",
        parameters={
            "focal": [float(k[0, 0]), float(k[1, 1])],
            "centre": [float(k[0, 2]), float(k[1, 2])],
            "distortion": _coefficients(distortion, fisheye, where),
        },
        rotation=rotation,
        translation=translation,
        image_size=(round(width), round(height)),
        tilt_deviation=TILT_DEVIATION if pose is None else 0.0,
        roll_deviation=ROLL_DEVIATION if pose is None else 0.0,
    )


def pose_of(rotation: Any, translation: Any, where: str) -> Pose | None:
    """Rotation and translation as files have them; None where neither is there.

    Arguments:
        rotation: a vector whose length is the angle, or a matrix.
        translation: three numbers.
        where: what to call them in an error.

    Raises:
        UserError: one is missing, or is no such thing.
    """
    if rotation is None and translation is None:
        return None
    if rotation is None or translation is None:
        missing = "rotation" if rotation is None else "translation"
        raise UserError(f"There is no {missing} for {where}.")
    turn = array(rotation, f"the rotation of {where}")
    if turn.size == 3:
        turn = from_vector(turn.reshape(3))
    return (
        numbers(turn, (3, 3), f"the rotation of {where}"),
        numbers(
            array(translation, f"the translation of {where}").reshape(-1),
            (3,),
            f"the translation of {where}",
        ),
    )


def in_metres(cameras: Iterable[Camera], up: Sequence[float], scale: float) -> tuple[Camera, ...]:
    """Cameras in a world whose z axis points up and whose unit is the metre.

    Arguments:
        cameras: in the file's world; those of unknown tilt stay as they are.
        up: the direction there that points up.
        scale: metres in a unit of length there.
    """
    turn = turning_up(up)
    return tuple(
        camera
        if camera.tilt_deviation > 0
        else attrs.evolve(
            camera,
            rotation=camera.rotation @ turn.T,
            translation=scale * camera.translation,
        )
        for camera in cameras
    )


def numbers(value: Any, shape: tuple[int, ...], what: str) -> Array:
    """An array of finite numbers.

    Raises:
        UserError: it is not, or has another shape.
    """
    result = array(value, what)
    if result.shape != shape or not np.isfinite(result).all():
        lengths = " x ".join(map(str, shape))
        raise UserError(f"{what[0].upper()}{what[1:]} must be {lengths} finite numbers.")
    return result


def array(value: Any, what: str) -> Array:
    """An array of numbers.

    Raises:
        UserError: it is none.
    """
    try:
        result = np.asarray(value)
        if result.dtype.kind not in "fiu":
            raise ValueError
        return result.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"{what[0].upper()}{what[1:]} must be numbers.") from None


def required(content: Mapping[str, Any], name: str, where: str) -> Any:
    """A field of a file.

    Raises:
        UserError: it is missing.
    """
    if name not in content:
        raise UserError(f"There is no {name} for {where}.")
    return content[name]


def _coefficients(distortion: Any, fisheye: bool, where: str) -> list[float]:
    values = array(distortion, f"the distortion of {where}").reshape(-1)
    values = numbers(values, values.shape, f"the distortion of {where}")
    used = values.tolist()
    while used and used[-1] == 0:
        used.pop()
    lengths = (0, 4) if fisheye else (0, 4, 5, 8)
    if len(used) > lengths[-1]:
        raise UserError(
            f"The distortion of {where} has {len(used)} coefficients; at most {lengths[-1]} are "
            "known here."
        )
    length = next(n for n in lengths if n >= len(used))
    return used + [0.0] * (length - len(used))
