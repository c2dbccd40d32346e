"""Joint angles, for what a motion set covers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from platypose.skeleton import H36M_17

Array = npt.NDArray[np.float64]

_JOINT = {name: index for index, name in enumerate(H36M_17.joints)}


def joint_angles(pose: npt.NDArray[Any]) -> dict[str, Array]:
    """Angles of each pose, in degrees.

    Both sides of a limb stand behind one another. 0 is a straight knee or elbow, a thigh in line
    with the trunk, an arm along the trunk, a straight back and neck.

    Arguments:
        pose: (N, 17, 3) joints of "h36m-17", metres.

    Returns:
        knee, hip, elbow and shoulder (2 N,); back and neck (N,).
    """
    pose = np.asarray(pose, np.float64)

    def bone(start: str, end: str) -> Array:
        bone: Array = pose[:, _JOINT[end]] - pose[:, _JOINT[start]]
        return bone

    def both(*joints: tuple[str, str, str, str]) -> Array:
        return np.concatenate([_between(bone(a, b), bone(c, d)) for a, b, c, d in joints])

    sides = ("left", "right")
    return {
        "knee": both(*((f"{s}_hip", f"{s}_knee", f"{s}_knee", f"{s}_foot") for s in sides)),
        "hip": both(*(("thorax", "hip", f"{s}_hip", f"{s}_knee") for s in sides)),
        "elbow": both(
            *((f"{s}_shoulder", f"{s}_elbow", f"{s}_elbow", f"{s}_wrist") for s in sides)
        ),
        "shoulder": both(*(("thorax", "hip", f"{s}_shoulder", f"{s}_elbow") for s in sides)),
        "back": both(("hip", "spine", "spine", "thorax")),
        "neck": both(("spine", "thorax", "thorax", "head")),
    }


def trunk_tilt(pose: npt.NDArray[Any]) -> Array:
    """The angle (N,) between the line from hip to thorax and the vertical, degrees.

    Arguments:
        pose: (N, 17, 3) joints of "h36m-17", metres, z up.
    """
    trunk = np.asarray(pose[:, _JOINT["thorax"]] - pose[:, _JOINT["hip"]], np.float64)
    return _between(trunk, np.array([0.0, 0.0, 1.0]))


def _between(first: Array, second: Array) -> Array:
    across = np.linalg.norm(np.cross(first, second), axis=-1)
    angle: Array = np.degrees(np.arctan2(across, (first * second).sum(axis=-1)))
    return angle
