"""Published cameras that need no file."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np

from platypose.api.errors import UserError
from platypose.evidence.evidence import Camera


@cache
def h36m_cameras() -> tuple[Camera, ...]:
    """The four cameras of Human3.6M as calibrated for each of its eleven subjects.

    Source: Ionescu et al., Human3.6M, IEEE TPAMI 36(7), 2014.
    """
    text = files("platypose.evidence").joinpath("h36m-cameras.json").read_text(encoding="utf-8")
    return tuple(
        Camera(
            name=entry["name"],
            projection="pinhole",
            parameters={name: entry[name] for name in ("focal", "centre", "distortion")},
            rotation=np.array(entry["rotation"]),
            translation=-np.array(entry["rotation"]) @ np.array(entry["position"]),
            image_size=(entry["image_size"][0], entry["image_size"][1]),
        )
        for entry in json.loads(text)["cameras"]
    )


def preset(name: str) -> tuple[Camera, ...] | None:
    """Cameras by name: "h36m" for all of Human3.6M, "h36m:S1" of a subject, "h36m:S1/54138969".

    Returns:
        None where no preset has such a name.

    Raises:
        UserError: the data set is known, the camera is not.
    """
    data_set, _, camera = name.partition(":")
    if data_set != "h36m":
        return None
    known = h36m_cameras()
    found = tuple(c for c in known if camera in ("", c.name, c.name.partition("/")[0]))
    if not found:
        raise UserError(
            f"--camera {name}: Human3.6M has no such camera; write h36m:S1 for those of a subject "
            f"(S1 to S11), or h36m:{known[0].name} for one."
        )
    return found
