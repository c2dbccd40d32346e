"""COCO keypoint results: a JSON list with an entry for each person of each image."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from platypose.api import BuildContext, UserError
from platypose.evidence import Detections
from platypose_formats.config import CocoConfig
from platypose_formats.json_file import load, numbers, objects, start
from platypose_formats.people import Array, Found, detections, set_by_number

_IMAGE = re.compile(r'"image_id"\s*:\s*-?\d')
PERSON = 1
"""COCO's category_id of people."""


class Coco:
    """Reads lists of image_id, category_id, keypoints and score, and bbox and track_id if any."""

    def __init__(self, config: CocoConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether it is a list of entries with keypoints whose image_id are numbers."""
        text = start(path)
        return text[:1] == "[" and '"keypoints"' in text and bool(_IMAGE.search(text))

    def read(self, path: Path) -> Detections:
        """One video, whose frames are the image_id.

        Raises:
            UserError: the file is damaged or something else.
        """
        found = Found()
        for index, entry in enumerate(objects(load(path), str(path))):
            where = f"{path}: entry {index}"
            frame = entry.get("image_id")
            if not isinstance(frame, int) or isinstance(frame, bool):
                raise UserError(f"{where} has no image_id that is a whole number.")
            if entry.get("category_id", PERSON) == PERSON:
                box = box_of(entry.get("bbox"), f"{where}: bbox")
                found.add(frame, triples(entry, where), box, entry.get("track_id"))
        return detections(
            found,
            path,
            set_by_number(found, self.config.keypoint_set, path),
            first_frame=self.config.first_frame,
        )


def triples(entry: dict[str, object], where: str) -> Array:
    """The keypoints of an entry, (K, 3): x, y, confidence.

    Raises:
        UserError: it has none.
    """
    values = numbers(entry.get("keypoints"), (None,), f"{where}: keypoints")
    if len(values) % 3 or not len(values):
        raise UserError(f"{where}: keypoints must be x, y and confidence in turn.")
    return values.reshape(-1, 3)


def box_of(box: object, where: str) -> Array | None:
    """Left, top, right and bottom of a box that is left, top, width and height.

    Raises:
        UserError: it is something else.
    """
    if box is None:
        return None
    x, y, width, height = numbers(box, (4,), where)
    return np.array([x, y, x + width, y + height])
