"""AlphaPose: alphapose-results.json, a list like COCO's whose images are named."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from platypose.api import BuildContext, UserError
from platypose.evidence import Detections
from platypose_formats.coco import box_of, triples
from platypose_formats.config import AlphaPoseConfig
from platypose_formats.json_file import load, objects, start
from platypose_formats.people import Found, detections, set_by_number

_IMAGE = re.compile(r'"image_id"\s*:\s*"')
_NUMBER = re.compile(r"(\d{1,15})(?!.*\d)")


class AlphaPose:
    """Reads its default format; with --pose_track or --pose_flow, `idx` says who is who.

    Without tracking `idx` is there as well, as a list of classes: [0.0] for everybody, and nested
    where detections were merged.
    """

    def __init__(self, config: AlphaPoseConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether it is a list of entries with keypoints whose image_id are texts."""
        text = start(path)
        return text[:1] == "[" and '"keypoints"' in text and bool(_IMAGE.search(text))

    def read(self, path: Path) -> Detections:
        """One video, whose frames are the last numbers in the names of the images.

        Raises:
            UserError: the file is damaged or something else.
        """
        found = Found()
        for index, entry in enumerate(objects(load(path), str(path))):
            where = f"{path}: entry {index}"
            box = box_of(entry.get("box"), f"{where}: box")
            frame = _frame(entry.get("image_id"), where)
            found.add(frame, triples(entry, where), box, _identity(entry.get("idx")))
        return detections(
            found,
            path,
            set_by_number(found, self.config.keypoint_set, path),
            first_frame=self.config.first_frame,
        )


def _frame(image: object, where: str) -> int:
    name = PurePosixPath(image).stem if isinstance(image, str) else ""
    match = _NUMBER.search(name)
    if match is None:
        raise UserError(f"{where}: image_id must be a name with the frame's number, as 12.jpg.")
    return int(match[1])


def _identity(idx: object) -> int | None:
    if not isinstance(idx, (int, float)) or isinstance(idx, bool) or not abs(idx) < 1e15:
        return None
    return int(idx)
