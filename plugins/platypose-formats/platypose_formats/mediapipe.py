"""MediaPipe: pose landmarks, frame by frame, as people dump them to JSON.

A file is a list of frames, or an object with that list under `frames` or `poses`. A frame is a
list of 33 landmarks, or of several people's, or an object with either under `landmarks`,
`pose_landmarks` or `poseLandmarks`; null, or an empty list, where nobody was found. A landmark is
an object with x, y and visibility, or a list of x, y, z and visibility.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from platypose.api import BuildContext, UserError
from platypose.evidence import Detections
from platypose_formats.config import MediaPipeConfig
from platypose_formats.json_file import load, numbers, start
from platypose_formats.people import Array, Found, detections

_KEYS = re.compile(r'"(visibility|pose_landmarks|poseLandmarks)"\s*:')
FRAMES = ("frames", "poses")
LANDMARKS = ("landmarks", "pose_landmarks", "poseLandmarks")
RATES = ("fps", "frame_rate", "frameRate")
COUNT = 33
FARTHEST = 100.0
"""Landmarks farther than so many pictures away are no fractions of one."""


class MediaPipe:
    """Reads the 33 landmarks of MediaPipe's pose."""

    def __init__(self, config: MediaPipeConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether the names of its fields stand at the start of a JSON file."""
        return bool(_KEYS.search(start(path)))

    def read(self, path: Path) -> Detections:
        """One video; the frames are in the order of the list.

        Raises:
            UserError: the file is damaged or something else, or the image size is not known.
        """
        content = load(path)
        about = content if isinstance(content, dict) else {}
        frames = _first(about, FRAMES) if about else content
        if not isinstance(frames, list) or not frames:
            raise UserError(f"{path} must hold a list of frames.")
        size = self.config.image_size or _size(about, path)
        found = Found()
        for index, frame in enumerate(frames):
            for person in _people(frame, f"{path}: frame {index}"):
                points = _points(person, f"{path}: frame {index}")
                if np.nanmax(np.abs(points[:, :2]), initial=0.0) > FARTHEST:
                    raise UserError(
                        f"{path}: frame {index} has landmarks that are no fractions of the picture."
                    )
                points[:, :2] *= size
                found.add(index, points)
        return detections(
            found,
            path,
            "mediapipe-33",
            first_frame=0,
            num_frames=len(frames),
            frame_rate=self.config.frame_rate or _rate(about, path),
            image_size=size,
        )


def _first(content: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((content[name] for name in names if name in content), None)


def _size(about: dict[str, Any], path: Path) -> tuple[int, int]:
    width, height = (about.get(name) for name in ("width", "height"))
    if width is None or height is None:
        raise UserError(
            f"{path} does not say how large the video is; give it with --image-size, as in "
            "1920x1080."
        )
    if not all(isinstance(n, int) and 0 < n < 1 << 16 for n in (width, height)):
        raise UserError(f"{path}: width and height must be whole numbers of pixels.")
    return int(width), int(height)


def _rate(about: dict[str, Any], path: Path) -> float | None:
    rate = _first(about, RATES)
    if rate is None:
        return None
    if not isinstance(rate, (int, float)) or not 0 < rate < 1e6:
        raise UserError(f"{path}: the frame rate must be a positive number, not {str(rate)[:20]}.")
    return float(rate)


def _people(frame: Any, where: str) -> list[list[Any]]:
    """The landmarks of everybody in a frame."""
    if isinstance(frame, dict):
        frame = _first(frame, LANDMARKS)
    if frame is None or frame == []:
        return []
    if not isinstance(frame, list):
        raise UserError(f"{where} must be a list of landmarks.")
    several = all(isinstance(person, list) and len(person) in (0, COUNT) for person in frame)
    people = frame if several else [frame]
    return [person for person in people if person]


def _points(person: list[Any], where: str) -> Array:
    """(33, 3): x, y, visibility."""
    if len(person) != COUNT:
        raise UserError(f"{where} has {len(person)} landmarks; MediaPipe's pose has {COUNT}.")
    if all(isinstance(landmark, dict) for landmark in person):
        rows = [[mark.get("x"), mark.get("y"), mark.get("visibility", 1.0)] for mark in person]
        return numbers(rows, (COUNT, 3), f"{where}: x, y, visibility")
    points = numbers(person, (COUNT, None), f"{where}: landmarks")
    if points.shape[1] == 3:  # x, y and depth
        points[:, 2] = 1.0
        return points
    if points.shape[1] != 4:
        raise UserError(f"{where}: a landmark must be x, y, z and, if known, visibility.")
    return points[:, [0, 1, 3]]
