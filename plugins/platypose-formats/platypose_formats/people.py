"""What readers collect, person by person and frame by frame, as detections of one video."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api import UserError
from platypose.evidence import Detections
from platypose.evidence.detections import FARTHEST_PIXEL, MOST_FRAMES
from platypose.evidence.linking import tracks
from platypose.skeleton import keypoint_set

Array = NDArray[np.float64]

BY_NUMBER = {
    16: "mpii-16",
    17: "coco-17",
    18: "coco-18",
    26: "halpe-26",
    133: "coco-17",
    136: "halpe-26",
}
"""Keypoint set by the number of keypoints; those of 133 (COCO-WholeBody) and of 136 (Halpe) begin
with it."""

MOST_CONFIDENCE = 10.0
"""Some detectors exceed 1 a little; beyond it the numbers are no confidence."""


@attrs.define
class Found:
    """People as they are found in a file, in any order.

    Attributes:
        frames: number of each person's frame.
        points: (K, 3) x and y, px, and confidence; NaN where missing.
        boxes: (4,) left, top, right and bottom, px, or None.
        identities: who it is, or None.
    """

    frames: list[int] = attrs.field(factory=list)
    points: list[Array] = attrs.field(factory=list)
    boxes: list[Array | None] = attrs.field(factory=list)
    identities: list[str | None] = attrs.field(factory=list)

    def add(
        self, frame: int, points: Array, box: Array | None = None, identity: object = None
    ) -> None:
        """Take a person up."""
        self.frames.append(frame)
        self.points.append(points)
        self.boxes.append(box)
        self.identities.append(None if identity is None else str(identity))


def set_by_number(found: Found, chosen: str, path: Path) -> str:
    """The keypoint set that was chosen, else the one that has as many keypoints as the people.

    Raises:
        UserError: no set has that many, or people differ, or the chosen set has more keypoints.
    """
    counts = {len(points) for points in found.points} or {17}
    if len(counts) > 1:
        some, others, *_ = sorted(counts)
        raise UserError(f"{path} has people of {some} and of {others} keypoints.")
    (count,) = counts
    if chosen == "auto":
        if count not in BY_NUMBER:
            known = ", ".join(map(str, BY_NUMBER))
            raise UserError(
                f"{path} has {count} keypoints a person, and only {known} are told by number; "
                "name the set with keypoint_set."
            )
        return BY_NUMBER[count]
    needed = len(keypoint_set(chosen).keypoints)
    if needed > count or (needed != count and BY_NUMBER.get(count) != chosen):
        raise UserError(f"{path} has {count} keypoints a person, but {chosen} has {needed}.")
    return chosen


def detections(
    found: Found,
    path: Path,
    keypoints: str,
    *,
    first_frame: int | None = None,
    num_frames: int | None = None,
    frame_rate: float | None = None,
    image_size: tuple[int, int] | None = None,
) -> Detections:
    """Everything that was found, linked through time where the file does not say who is who.

    Arguments:
        found: the people.
        path: the file, for error messages.
        keypoints: name of the keypoint set.
        first_frame: number of the video's first frame; None takes the least.
        num_frames: of the video; None ends it with the last person.
        frame_rate: frames per second, if known.
        image_size: width and height, px, if known.

    Raises:
        UserError: frames or confidence cannot be what they should be.
    """
    names = keypoint_set(keypoints).keypoints
    if not found.frames:
        if num_frames is None:
            raise UserError(f"{path} has nobody in it.")
        return Detections(
            keypoint_set=keypoints,
            keypoint_names=names,
            num_frames=num_frames,
            frame_rate=frame_rate,
            image_size=image_size,
        )
    frames = frame_indices(found.frames, first_frame, path)
    points = np.stack([person[: len(names)] for person in found.points])
    xy, confidence = _seen(points, path)
    identities = [name for name in found.identities if name is not None]
    count = int(frames.max()) + 1 if num_frames is None else num_frames
    people = tracks(
        frames,
        xy,
        confidence,
        num_frames=count,
        identities=identities if len(identities) == len(frames) else None,
        boxes=_boxes(found),
    )
    return Detections(
        keypoint_set=keypoints,
        keypoint_names=names,
        num_frames=count,
        frame_rate=frame_rate,
        image_size=image_size,
        people=people,
    )


def frame_indices(numbers: list[int], first: int | None, path: Path) -> NDArray[np.int64]:
    """Numbers of frames counted from the first frame of the video.

    Raises:
        UserError: one is before the first frame, or too far behind it.
    """
    least = min(numbers)
    first = least if first is None else first
    if least < first:
        raise UserError(f"{path} has a frame {least}, which is before the first frame {first}.")
    if max(numbers) - first >= MOST_FRAMES:
        raise UserError(
            f"{path} has frames {first} to {max(numbers)}, which are no frames of a video; at most "
            f"{MOST_FRAMES} are read."
        )
    return np.array([number - first for number in numbers], np.int64)


def _seen(points: Array, path: Path) -> tuple[Array, Array]:
    """(N, K, 2) pixels and (N, K) confidence, both 0 where a keypoint is missing."""
    xy, confidence = points[..., :2], np.nan_to_num(points[..., 2], nan=0.0, posinf=np.inf)
    missing = (confidence <= 0) | ~np.isfinite(xy).all(-1) | (xy == 0).all(-1)
    confidence = np.where(missing, 0.0, confidence)
    if confidence.max(initial=0.0) > MOST_CONFIDENCE:
        raise UserError(
            f"{path} has a confidence of {confidence.max():g}; it should be between 0 and 1."
        )
    xy = np.where(missing[..., None], 0.0, xy)
    if not missing.all() and np.abs(xy).max() <= 2.0:
        raise UserError(
            f"{path} has coordinates that are fractions of the picture; pixels are expected."
        )
    return xy, np.minimum(confidence, 1.0)


def _boxes(found: Found) -> Array | None:
    """(N, 4), where everybody has a box that is one."""
    boxes = [box for box in found.boxes if box is not None]
    if len(boxes) < len(found.frames):
        return None
    stacked = np.stack(boxes)
    good = (np.abs(stacked) <= FARTHEST_PIXEL).all() and (stacked[:, 2:] >= stacked[:, :2]).all()
    return stacked if good else None
