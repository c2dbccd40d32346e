"""What a lift found of a camera that was only about known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from platypose.evidence import Camera
from platypose.evidence.guess import tilt_and_roll

UNKNOWNS = ("focal_px", "tilt_degrees", "roll_degrees")


def found_camera(camera: Camera, changes: NDArray[Any]) -> dict[str, list[float] | None]:
    """Its focal length, tilt and roll, as in summary.json.

    Arguments:
        camera: as given.
        changes: (H, 3) by how much log focal length, tilt and roll (radians) of each hypothesis
            differ from it.

    Returns:
        the mean and the standard deviation over hypotheses of the focal length in pixels, of how
        far the camera looks down and of how far it is turned about its axis, so that the picture
        turns clockwise, in degrees; None where it was known.
    """
    focal = float(np.mean(camera.parameters.get("focal", 1.0)))
    tilt, roll = tilt_and_roll(camera)
    values = (
        focal * np.exp(changes[:, 0]),
        np.degrees(tilt + changes[:, 1]),
        np.degrees(roll + changes[:, 2]),
    )
    deviations = (camera.focal_deviation, camera.tilt_deviation, camera.roll_deviation)
    return {
        name: [round(float(value.mean()), 2), round(float(value.std()), 2)] if deviation else None
        for name, value, deviation in zip(UNKNOWNS, values, deviations)
    }


def found_before(camera: Camera) -> dict[str, list[float] | None] | None:
    """The same of one of several cameras, which `platypose.evidence.refine` found before the lift.

    Arguments:
        camera: as found, with the deviations that are left; None comes of one that was known.
    """
    left = np.array([camera.focal_deviation, camera.tilt_deviation, camera.roll_deviation])
    return found_camera(camera, np.stack([left, -left])) if camera.guessed else None
