"""OpenPose: a folder with a JSON file for each frame, as its option --write_json makes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from platypose.api import BuildContext, UserError
from platypose.evidence import Detections
from platypose.evidence.detections import FARTHEST_PIXEL
from platypose_formats.config import OpenPoseConfig
from platypose_formats.json_file import load, numbers, objects, start
from platypose_formats.people import Found, detections, frame_indices

_NUMBERED = re.compile(r"(.*?)_?(\d{1,15})(?:_keypoints)?")
_PEOPLE = re.compile(r'"people"\s*:\s*\[')
_NEAR, _SMALL = 0.2, 50.0
"""How far keypoint 8 may be from the middle of the hips: a share of their distance, to which some
pixels are added for people who stand sideways."""


class OpenPose:
    """Reads BODY_25, BODY_25B and COCO 18."""

    def __init__(self, config: OpenPoseConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether it is a folder whose first JSON file lists people, or one such file."""
        file = next(iter(_files(path)), path) if path.is_dir() else path
        return bool(_PEOPLE.search(start(file)))

    def read(self, path: Path) -> Detections:
        """All frames of a folder, of which the least number is the first; or one file.

        Raises:
            UserError: there is nothing, or files of several videos, or a damaged one.
        """
        files = _files(path) if path.is_dir() else [path]
        if not files:
            raise UserError(f"{path} has no JSON files; OpenPose writes one for each frame.")
        found = Found()
        frames = _frames(files, path)
        for file, frame in zip(files, frames):
            _read_frame(file, frame, found)
        return detections(
            found, path, self._set(found, path), first_frame=0, num_frames=max(frames) + 1
        )

    def _set(self, found: Found, path: Path) -> str:
        counts = {len(points) for points in found.points} or {25}
        if len(counts) > 1:
            raise UserError(f"{path} has people of {min(counts)} and of {max(counts)} keypoints.")
        (count,) = counts
        sets = {25: ("body-25", "body-25b"), 18: ("coco-18",)}.get(count, ())
        if not sets:
            raise UserError(
                f"{path} has {count} keypoints a person; OpenPose's sets of 25 (BODY_25, BODY_25B) "
                "and of 18 (COCO) are read."
            )
        if self.config.keypoint_set == "auto":
            return sets[0] if count == 18 or _hips_have_a_middle(found) else sets[1]
        if self.config.keypoint_set not in sets:
            raise UserError(
                f"{path} has {count} keypoints a person, which is not {self.config.keypoint_set}."
            )
        return self.config.keypoint_set


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.suffix == ".json")
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror}).") from None


def _frames(files: list[Path], path: Path) -> list[int]:
    """The frame of each file, by the number in its name, else by the order of the names."""
    matches = [_NUMBERED.fullmatch(file.stem) for file in files]
    videos = {match[1] for match in matches if match}
    if len(files) == 1 or not videos:
        return list(range(len(files)))
    if not all(matches) or len(videos) > 1:
        some = ", ".join(sorted({file.name for file in files[:: max(len(files) - 1, 1)]}))
        raise UserError(
            f"{path} holds files of several videos ({some}); put each video's into its own folder."
        )
    numbers_ = [int(match[2]) for match in matches if match]
    if len(set(numbers_)) < len(numbers_):
        raise UserError(f"{path} has two files of one frame.")
    return [int(frame) for frame in frame_indices(numbers_, None, path)]


def _read_frame(file: Path, frame: int, found: Found) -> None:
    content = load(file)
    if not isinstance(content, dict) or "people" not in content:
        raise UserError(f"{file} is none of OpenPose's: it has no people.")
    for person in objects(content["people"], f"{file}: people"):
        values = numbers(person.get("pose_keypoints_2d"), (None,), f"{file}: pose_keypoints_2d")
        if len(values) == 0:  # hands or face alone
            continue
        if len(values) % 3:
            raise UserError(f"{file}: pose_keypoints_2d must be x, y and confidence in turn.")
        found.add(frame, values.reshape(-1, 3), identity=_identity(person.get("person_id")))


def _identity(person_id: Any) -> int | None:
    """OpenPose writes −1 where it follows nobody."""
    value = person_id[0] if isinstance(person_id, list) and len(person_id) == 1 else None
    return value if isinstance(value, int) and value >= 0 else None


def _hips_have_a_middle(found: Found) -> bool:
    """Whether keypoint 8 is in the middle of 9 and 12, as in BODY_25 and not in BODY_25B.

    True as well where no person shows these three; BODY_25 is the usual one.
    """
    hips = np.stack([person[[8, 9, 12]] for person in found.points] or [np.zeros((3, 3))])
    hips = hips[(hips[..., 2] > 0).all(-1) & (np.abs(hips) < FARTHEST_PIXEL).all((-1, -2))]
    if not len(hips):
        return True
    middle, one, other = hips[..., :2].swapaxes(0, 1)
    miss = np.linalg.norm(middle - (one + other) / 2, axis=-1)
    return bool(np.median(miss / (np.linalg.norm(one - other, axis=-1) + _SMALL)) < _NEAR)
