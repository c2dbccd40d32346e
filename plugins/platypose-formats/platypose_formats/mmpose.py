"""MMPose: predictions that its demos and its inferencer save as JSON."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from platypose.api import BuildContext, UserError
from platypose.evidence import Detections
from platypose_formats.config import MMPoseConfig
from platypose_formats.json_file import load, numbers, objects, start
from platypose_formats.people import Array, Found, detections, frame_indices, set_by_number

_KEYS = re.compile(r'"(meta_info|instance_info|instances|keypoint_scores)"\s*:')
SETS = {
    "coco": "coco-17",
    "coco_wholebody": "coco-17",
    "halpe26": "halpe-26",
    "h36m": "h36m-17",
    "mpii": "mpii-16",
}
"""Keypoint set by the `dataset_name` of `meta_info`."""


class MMPose:
    """Reads `instance_info` and `predictions`, and the inferencer's bare lists."""

    def __init__(self, config: MMPoseConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether the names of its fields stand at the start of a JSON file."""
        return bool(_KEYS.search(start(path)))

    def read(self, path: Path) -> Detections:
        """One video; frame_id, where there is one, numbers the frames.

        Raises:
            UserError: the file is damaged or something else.
        """
        content = load(path)
        name = None
        if isinstance(content, dict):
            meta = content.get("meta_info")
            name = meta.get("dataset_name") if isinstance(meta, dict) else None
            content = content.get("instance_info", content.get("predictions"))
        frames = _frames(content, str(path))
        if not frames:
            raise UserError(f"{path} has no frames.")
        indices = _indices([number for number, _ in frames], path)
        found = Found()
        for index, (_, people) in zip(indices, frames):
            for person in people:
                where = f"{path}: frame {index}"
                points = _points(person, where)
                found.add(index, points, _box(person.get("bbox"), where), _identity(person))
        chosen = self.config.keypoint_set
        if chosen == "auto" and isinstance(name, str):
            chosen = SETS.get(name, chosen)
        keypoints = set_by_number(found, chosen, path)
        return detections(found, path, keypoints, first_frame=0, num_frames=max(indices) + 1)


def _frames(content: Any, where: str) -> list[tuple[Any, list[dict[str, Any]]]]:
    """(frame_id or None, people) of every frame."""
    if not isinstance(content, list):
        raise UserError(f"{where} has neither instance_info nor predictions that are a list.")
    if content and all(isinstance(item, dict) and "keypoints" in item for item in content):
        return [(None, content)]  # one picture
    return [_frame(item, f"{where}: frame {index}") for index, item in enumerate(content)]


def _frame(item: Any, where: str) -> tuple[Any, list[dict[str, Any]]]:
    if isinstance(item, dict) and "instances" in item:
        return item.get("frame_id"), objects(item["instances"], f"{where}: instances")
    if isinstance(item, list):
        return None, objects(item, where)
    raise UserError(f"{where} has no instances.")


def _indices(numbers_: list[Any], path: Path) -> list[int]:
    if all(number is None for number in numbers_):
        return list(range(len(numbers_)))
    for number in numbers_:
        if not isinstance(number, int) or isinstance(number, bool):
            raise UserError(f"{path} has a frame_id {number!r}, which is no whole number.")
    if len(set(numbers_)) < len(numbers_):
        raise UserError(f"{path} has a frame_id twice.")
    return [int(index) for index in frame_indices(numbers_, None, path)]


def _points(person: dict[str, Any], where: str) -> Array:
    points = numbers(person.get("keypoints"), (None, None), f"{where}: keypoints")
    scores = numbers(person.get("keypoint_scores"), (len(points),), f"{where}: keypoint_scores")
    if points.shape[1] != 2:
        raise UserError(f"{where}: keypoints must be x and y; 3D predictions are not read.")
    return np.concatenate([points, scores[:, None]], -1)


def _box(bbox: Any, where: str) -> Array | None:
    """Left, top, right and bottom, which stand in a list in a list."""
    if isinstance(bbox, list) and len(bbox) == 1 and isinstance(bbox[0], list):
        bbox = bbox[0]
    return None if bbox is None else numbers(bbox, (4,), f"{where}: bbox")


def _identity(person: dict[str, Any]) -> int | None:
    track = person.get("track_id")
    return track if isinstance(track, int) and track >= 0 else None
