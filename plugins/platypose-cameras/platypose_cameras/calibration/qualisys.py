"""Calibrations that Qualisys Track Manager exports (`.qca.txt`)."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from platypose.api import BuildContext, UserError
from platypose.evidence import Camera
from platypose_cameras.calibration.assembly import assembled, in_metres
from platypose_cameras.calibration.config import QualisysConfig
from platypose_cameras.calibration.text import beginning, read_text

SUBPIXELS = 64
"""Of a pixel, in which focal lengths and centres are given."""


class Qualisys:
    """XML with millimetres, positions of cameras, and axes right, up and backwards.

    Of a system with video cameras and others, the video cameras are taken. Distortion coefficients
    are OpenCV's as they stand: on the chessboards of Pose2Sim's demo, OpenCV finds the same
    (k1 −0.049 ± 0.002 where the file of those cameras says −0.048, and k2 0.133 ± 0.012 for 0.137).

    Arguments:
        config: the file's world.
        context: not used.
    """

    def __init__(self, config: QualisysConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether it begins as XML and soon speaks of a calibration."""
        text = beginning(path).lstrip()
        return text.startswith("<") and "<calibration" in text

    def read(self, path: Path) -> tuple[Camera, ...]:
        """The video cameras in the order of the file, by their serial numbers."""
        text = read_text(path)
        # Entities, which a document type may define, can grow without limit.
        if "<!DOCTYPE" in text.upper():
            raise UserError(f"{path} declares a document type, which no Qualisys file does.")
        try:
            root = ElementTree.fromstring(text.encode())
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise UserError(f"{path} is not valid XML ({error}).") from None
        cameras = [c for c in root.iter("camera") if c.get("active", "1") != "0"]
        filming = [c for c in cameras if "video" in c.get("model", "").lower()]
        try:
            read = [_camera(element) for element in filming or cameras]
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        return in_metres(read, self.config.up, 1.0)


def _camera(element: Element) -> Camera:
    name = element.get("serial", "")
    where = f"camera {name!r}"
    if element.get("viewrotation", "0") != "0":
        raise UserError(
            f"The view of {where} is turned (viewrotation {element.get('viewrotation')}), and "
            "whether its video is turned as well the file does not say; where it is not, set 0."
        )
    fov, lens, place = (_part(element, tag, where) for tag in _PARTS)
    left, top, right, bottom = (
        _number(fov, side, where) for side in ("left", "top", "right", "bottom")
    )
    if abs(_number(lens, "skew", where, "0")) > 0:
        raise UserError(f"{where[0].upper()}{where[1:]} has a skew, which no projection here has.")
    focal_u, focal_v, centre_u, centre_v = (
        _number(lens, field, where) / SUBPIXELS
        for field in ("focalLengthU", "focalLengthV", "centerPointU", "centerPointV")
    )
    radial = [_number(lens, f"radialDistortion{i}", where, "0") for i in (1, 2, 3)]
    # QTM itself writes "tangental".
    tangential = [
        _number(lens, f"tangentalDistortion{i}", where, lens.get(f"tangentialDistortion{i}", "0"))
        for i in (1, 2)
    ]
    turn = np.array([[_number(place, f"r{i}{j}", where) for j in (1, 2, 3)] for i in (1, 2, 3)])
    position = np.array([_number(place, axis, where) / 1000 for axis in "xyz"])
    rotation = np.diag([1.0, -1.0, -1.0]) @ turn
    return assembled(
        name,
        matrix=[[focal_u, 0, centre_u - left], [0, focal_v, centre_v - top], [0, 0, 1]],
        distortion=[*radial[:2], *tangential, radial[2]],
        size=(right - left + 1, bottom - top + 1),
        pose=(rotation, -rotation @ position),
    )


_PARTS = ("fov_video", "intrinsic", "transform")


def _part(element: Element, tag: str, where: str) -> Element:
    found = element.find(tag)
    if found is None:
        raise UserError(f"There is no <{tag}> for {where}.")
    return found


def _number(element: Element, field: str, where: str, default: str | None = None) -> float:
    text = element.get(field, default)
    if text is None:
        raise UserError(f"<{element.tag}> of {where} has no {field}.")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{field} of {where} must be a number, not {text!r:.40}.")
    return value
