"""Cameras of which little is known."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api.errors import UserError
from platypose.evidence.evidence import Camera

HEIGHT = 1.5
"""Metres above the floor: about where people hold a camera."""
FOCAL = 1.0
"""Focal length in units of the picture's longer side: a field of view of 53 degrees along it."""
FOCAL_DEVIATION = 0.35
"""Of the logarithm of the focal length: two cameras of three see 39 to 71 degrees."""
TILT_DEVIATION = math.radians(15)
"""Of the pitch of a camera that somebody set up by eye."""


def level_pose(tilt: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """An upright camera above the world's origin that looks along the world's y axis.

    Arguments:
        tilt: how far it looks down, radians.

    Returns:
        rotation (3, 3) and translation (3,), metres.
    """
    sin, cos = math.sin(tilt), math.cos(tilt)
    rotation = np.array([[1.0, 0.0, 0.0], [0.0, -sin, -cos], [0.0, cos, -sin]])
    return rotation, -rotation @ np.array([0.0, 0.0, HEIGHT])


def guessed_camera(
    image_size: tuple[int, int], *, fov: float | None = None, tilt: float | None = None
) -> Camera:
    """A camera without a calibration: without distortion, its axis in the picture's middle.

    Arguments:
        image_size: width and height, pixels.
        fov: angle between the left and the right edge of the picture, degrees; None where it is
            not known.
        tilt: how far the camera looks down, degrees; None where it is not known.

    Raises:
        UserError: an angle is out of range.
    """
    if fov is not None and not 1 <= fov <= 170:
        raise UserError(f"--fov must be an angle from 1 to 170 degrees, not {fov:g}.")
    width, height = image_size
    focal = FOCAL * max(image_size)
    if fov is not None:
        focal = width / 2 / math.tan(math.radians(fov) / 2)
    rotation, translation = level_pose()
    camera = Camera(
        name="guess",
        projection="pinhole",
        parameters={"focal": [focal, focal], "centre": [(width - 1) / 2, (height - 1) / 2]},
        rotation=rotation,
        translation=translation,
        image_size=image_size,
        focal_deviation=FOCAL_DEVIATION if fov is None else 0.0,
        tilt_deviation=TILT_DEVIATION,
    )
    return camera if tilt is None else tilted(camera, tilt)


def tilted(camera: Camera, tilt: float) -> Camera:
    """A camera of unknown pitch, now that it is known.

    Arguments:
        camera: whose pitch is not known.
        tilt: how far it looks down, degrees.

    Raises:
        UserError: its pitch is known already, or the angle is out of range.
    """
    if not -85 <= tilt <= 85:
        raise UserError(f"--tilt must be an angle from −85 to 85 degrees, not {tilt:g}.")
    if camera.tilt_deviation == 0:
        raise UserError(f"--tilt {tilt:g}: the tilt of camera {camera.name!r} is known already.")
    rotation, translation = level_pose(math.radians(tilt))
    return attrs.evolve(camera, rotation=rotation, translation=translation, tilt_deviation=0.0)
