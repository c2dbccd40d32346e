"""Cameras of which little is known."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api.errors import UserError
from platypose.evidence.evidence import Camera

GUESS, METADATA = "guess", "metadata"
"""Names of a camera whose focal length is a guess, and of one whose file notes it."""

HEIGHT = 1.5
"""Metres above the floor: about where people hold a camera."""
FOCAL = 1.0
"""Focal length in units of the picture's longer side: a field of view of 53 degrees along it."""
FOCAL_DEVIATION = 0.35
"""Of the logarithm of the focal length: two cameras of three see 39 to 71 degrees."""
NOTED_DEVIATION = 0.1
"""Of the logarithm of a focal length from a file's metadata. Whether these reckon with what is cut
off a 4:3 sensor for 16:9 (9 %) and for stabilisation (10 % or so) differs and is not documented."""
TILT_DEVIATION = math.radians(15)
"""Of the pitch of a camera that somebody set up by eye."""
ROLL_DEVIATION = math.radians(3)
"""Of its lean to a side: that is seen in the picture, and avoided."""


def focal_of_35mm(length: float, image_size: tuple[int, int]) -> float:
    """The focal length in pixels of a camera that is like one with 35 mm film.

    Alike are the angles from corner to corner, as CIPA's guideline DCG-001 has it, so that neither
    the picture's shape nor its turn matters.

    Arguments:
        length: focal length that gives 36 x 24 mm film the same angle, mm.
        image_size: width and height, pixels.
    """
    return length * math.hypot(*image_size) / math.hypot(36, 24)


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
    image_size: tuple[int, int],
    *,
    fov: float | None = None,
    tilt: float | None = None,
    noted: float | None = None,
) -> Camera:
    """A camera without a calibration: without distortion, its axis in the picture's middle.

    Arguments:
        image_size: width and height, pixels.
        fov: angle between the left and the right edge of the picture, degrees; None where it is
            not known.
        tilt: how far the camera looks down, degrees; None where how it stands is not known.
        noted: focal length that the video's metadata note, pixels; `fov` comes before it.

    Raises:
        UserError: an angle is out of range.
    """
    if fov is not None and not 1 <= fov <= 170:
        raise UserError(f"--fov must be an angle from 1 to 170 degrees, not {fov:g}.")
    width, height = image_size
    focal, deviation, name = FOCAL * max(image_size), FOCAL_DEVIATION, GUESS
    if fov is not None:
        focal, deviation = width / 2 / math.tan(math.radians(fov) / 2), 0.0
    elif noted is not None:
        focal, deviation, name = noted, NOTED_DEVIATION, METADATA
    rotation, translation = level_pose()
    camera = Camera(
        name=name,
        projection="pinhole",
        parameters={"focal": [focal, focal], "centre": [(width - 1) / 2, (height - 1) / 2]},
        rotation=rotation,
        translation=translation,
        image_size=image_size,
        focal_deviation=deviation,
        tilt_deviation=TILT_DEVIATION,
        roll_deviation=ROLL_DEVIATION,
    )
    return camera if tilt is None else tilted(camera, tilt)


def description(camera: Camera) -> str:
    """What is taken for a camera's focal length and, where they are not known, tilt and roll."""
    focal = camera.parameters.get("focal")
    said = "" if focal is None else f"focal length {np.mean(focal):.0f} px"
    if camera.focal_deviation:
        source = {GUESS: ", a guess", METADATA: ", by the video's metadata"}.get(camera.name, "")
        said += f" ± {100 * camera.focal_deviation:.0f} %{source}"
    deviations = (camera.tilt_deviation, camera.roll_deviation)
    stands = ", ".join(
        f"{name} {round(math.degrees(angle))} ± {math.degrees(deviation):.0f}°"
        for name, angle, deviation in zip(("tilt", "roll"), tilt_and_roll(camera), deviations)
        if deviation
    )
    return "; ".join(filter(None, (said, stands)))


def tilt_and_roll(camera: Camera) -> tuple[float, float]:
    """How far a camera looks down, and how far its picture is turned clockwise, radians.

    Arguments:
        camera: one that moves is taken as it stands in its first frame.
    """
    right, down, forward = camera.rotation[0] if camera.moves else camera.rotation
    return -math.asin(np.clip(forward[2], -1, 1)), math.atan2(right[2], -down[2])


def tilted(camera: Camera, tilt: float) -> Camera:
    """A camera of which it was not known how it stands, now that it is: upright.

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
    return attrs.evolve(
        camera,
        rotation=rotation,
        translation=translation,
        tilt_deviation=0.0,
        roll_deviation=0.0,
    )
