"""What a detector saw in one video, person by person, before any camera is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api.errors import UserError
from platypose.evidence.checks import (
    Array,
    require_array,
    require_confidence,
    require_heatmaps,
    require_names,
)

MOST_FRAMES = 10_000_000
"""Of a video; an evidence of that many frames still fits into memory."""

FARTHEST_PIXEL = 1e6
"""Coordinates beyond it are damage, and their squares would drown everything else."""


def _int64(value: Any) -> NDArray[np.int64]:
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise UserError(f"frames holds {array.dtype}, not whole numbers.")
    return array.astype(np.int64)


@attrs.frozen(kw_only=True, eq=False)
class Track:
    """One person through a video, in the N frames in which the person was found.

    Attributes:
        name: "0", "1" and so on, or the detector's own identity.
        frames: (N,) indices of the video's frames, ascending.
        keypoints: (N, K, 2) pixels.
        confidence: (N, K) in [0, 1]; 0 is a missing keypoint, whose coordinates are 0 and mean
            nothing.
        boxes: (N, 4) left, top, right and bottom of the person, pixels.
        heatmaps: (N, K, h, w) a detector's score on a grid, at least 0; uint8 or float32.
        cell_to_pixel: (N, K or 1, 2, 3) affine from heatmap cell (x, y, 1) to image pixel.
        covariance: (N, K, 2, 2) of the keypoints, px².
    """

    name: str
    frames: NDArray[np.int64] = attrs.field(converter=_int64)
    keypoints: Array
    confidence: Array
    boxes: Array | None = None
    heatmaps: Array | None = None
    cell_to_pixel: Array | None = None
    covariance: Array | None = None

    def __attrs_post_init__(self) -> None:
        try:
            self._check()
        except UserError as error:
            raise UserError(f"Person {self.name!r}: {error}") from None

    @property
    def size(self) -> float:
        """Area of the person's boxes, else of the boxes round the keypoints, summed, px²."""
        boxes = boxes_of(self.keypoints, self.confidence) if self.boxes is None else self.boxes
        width, height = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64).T
        return float((width * height).sum())

    def _check(self) -> None:
        count = len(self.frames) if self.frames.ndim == 1 else 0
        if count == 0:
            raise UserError("frames must be a list of at least one frame.")
        if self.frames[0] < 0 or (np.diff(self.frames) <= 0).any():
            raise UserError("frames must be at least 0 and ascend, each once.")
        points = self.keypoints.shape[1] if self.keypoints.ndim == 3 else 0
        require_array(self.keypoints, (count, points, 2), "keypoints")
        require_confidence(self.confidence, (count, points))
        seen = self.keypoints[self.confidence > 0]
        if (np.abs(seen.astype(np.float64)) > FARTHEST_PIXEL).any():
            raise UserError("keypoints has coordinates beyond a million pixels.")
        if self.boxes is not None:
            require_array(self.boxes, (count, 4), "boxes")
            if (self.boxes[:, 2:] < self.boxes[:, :2]).any():
                raise UserError("boxes must be left, top, right and bottom, px.")
        if self.heatmaps is not None:
            axes = {"frames": count, "keypoints": points}
            require_heatmaps(self.heatmaps, self.cell_to_pixel, axes)
        if self.covariance is not None:
            require_array(self.covariance, (count, points, 2, 2), "covariance")


@attrs.frozen(kw_only=True, eq=False)
class Detections:
    """What a detector saw in one video.

    Attributes:
        keypoint_set: the detector's keypoint set, such as "coco-17".
        keypoint_names: the K keypoints present, names of that set.
        num_frames: of the video; nobody may be seen in some.
        frame_rate: frames per second, None where the file does not say it.
        image_size: width and height, pixels, None where the file does not say it.
        focal: focal length that the video's metadata note, pixels, None where they do not.
        people: everybody who was seen, each linked through time.
        credit: whom to thank for the data.
        video: the video's file, as a path from the folder of the file of detections, None where it
            is not known.
    """

    keypoint_set: str
    keypoint_names: tuple[str, ...]
    num_frames: int
    frame_rate: float | None = None
    image_size: tuple[int, int] | None = None
    focal: float | None = None
    people: tuple[Track, ...] = ()
    credit: str = ""
    video: str | None = None

    def __attrs_post_init__(self) -> None:
        require_names(self.keypoint_set, self.keypoint_names)
        if not self.keypoint_names:
            raise UserError("The detections name no keypoints.")
        if self.num_frames < 1:
            raise UserError("The detections have no frames.")
        if self.num_frames > MOST_FRAMES:
            raise UserError(
                f"The detections have {self.num_frames} frames; at most {MOST_FRAMES} are read."
            )
        rate = self.frame_rate
        if rate is not None and not (np.isfinite(rate) and rate > 0):
            raise UserError(f"The frame rate must be a positive number, not {rate!r}.")
        size = self.image_size
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise UserError(f"The image size must be two positive numbers, not {size}.")
        if self.focal is not None and not (np.isfinite(self.focal) and self.focal > 0):
            raise UserError(f"The focal length must be a positive number, not {self.focal!r}.")
        for person in self.people:
            if person.keypoints.shape[1] != len(self.keypoint_names):
                raise UserError(
                    f"Person {person.name!r} has {person.keypoints.shape[1]} keypoints, but "
                    f"{len(self.keypoint_names)} are named."
                )
            if person.frames[-1] >= self.num_frames:
                raise UserError(
                    f"Person {person.name!r} is in frame {person.frames[-1]}, but the video has "
                    f"{self.num_frames} frames."
                )
        names = [person.name for person in self.people]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise UserError(f"Two people are called {twice!r}.")

    @classmethod
    def read(cls, path: str | Path) -> Detections:
        """Read a safetensors or npz file.

        Raises:
            UserError: the file is missing, damaged, or holds something else.
        """
        from platypose.evidence.file import read_detections

        return read_detections(Path(path))

    def write(self, path: str | Path) -> None:
        """Write a safetensors or, where the name ends so, an npz file.

        Raises:
            UserError: the file cannot be written.
        """
        from platypose.evidence.file import write

        write(self, Path(path))

    def person(self, choice: str | int = "largest") -> tuple[Track, ...]:
        """Some of the people.

        Arguments:
            choice: "all"; "largest", whoever covers most of the picture summed over the frames;
                or the name of one person, which may be typed as a number.

        Raises:
            UserError: nobody was seen, or nobody has that name.
        """
        if not self.people:
            raise UserError("Nobody was found in any of the frames.")
        if choice == "all":
            return self.people
        if choice == "largest":
            return (max(self.people, key=lambda person: person.size),)
        found = tuple(person for person in self.people if person.name == str(choice))
        if not found:
            names = ", ".join(person.name for person in self.people[:20])
            more = f" and {len(self.people) - 20} more" if len(self.people) > 20 else ""
            raise UserError(
                f"There is no person {str(choice)!r}; choose largest, all, or one of {names}{more}."
            )
        return found


def boxes_of(keypoints: Array, confidence: Array) -> NDArray[np.float64]:
    """The least boxes round the keypoints that were seen.

    Arguments:
        keypoints: (N, K, 2) pixels.
        confidence: (N, K); 0 is a missing keypoint.

    Returns:
        (N, 4) left, top, right and bottom, pixels; zeros where nothing was seen.
    """
    seen = (confidence > 0)[..., None]
    low = np.where(seen, keypoints, np.inf).min(1)
    high = np.where(seen, keypoints, -np.inf).max(1)
    return np.where(seen.any(1), np.concatenate([low, high], -1), 0.0)
