"""Who is who from frame to frame.

A person is expected where the last frames say, and found by the distance between the keypoints
that both frames have, in halves of the person's height or width. Which detection is of which
person is the cheapest assignment (scipy's `linear_sum_assignment`). Trackers that come as packages
are no choice: norfair wants NumPy 1, supervision has given its tracker up, trackers brings an
OpenCV with windows, motpy rests on a filter that nobody maintains.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api.errors import UserError
from platypose.evidence.checks import Array
from platypose.evidence.detections import Track, boxes_of

LONGEST_GAP = 30
"""Frames after which somebody who has not been seen is somebody else."""

NEAREST, FARTHEST = 0.4, 1.2
"""Distance from where a person is expected, in sizes: after one frame, and at most."""

MOST_PEOPLE = 200
"""In one frame; more are no detector's output."""

FALSE_ALARM = 5
"""Frames; who is seen in fewer of a video of ten times as many is a detector's mistake."""


@attrs.define
class _People:
    """What is known of P people when the next frame is looked at.

    Attributes:
        number: (P,) who it is.
        frame: (P,) where it was seen last.
        keypoints: (P, K, 2) pixels, then.
        seen: (P, K) which of them were ever seen.
        size: (P,) half of the height or width, px.
        velocity: (P, 2) pixels a frame.
    """

    number: NDArray[np.int64]
    frame: NDArray[np.int64]
    keypoints: NDArray[np.float64]
    seen: NDArray[np.bool_]
    size: NDArray[np.float64]
    velocity: NDArray[np.float64]

    def expected(self, frame: int) -> NDArray[np.float64]:
        """Keypoints in that frame, (P, K, 2); nobody keeps a speed for long."""
        gap = np.minimum(frame - self.frame, 5)
        return self.keypoints + (self.velocity * gap[:, None])[:, None]

    def take(self, rows: NDArray[Any]) -> _People:
        """Some of the people."""
        return _People(*(array[rows] for array in attrs.astuple(self, recurse=False)))

    def plus(self, other: _People) -> _People:
        """These and others."""
        pairs = zip(attrs.astuple(self, recurse=False), attrs.astuple(other, recurse=False))
        return _People(*map(np.concatenate, pairs))


def link(frames: NDArray[np.int64], keypoints: Array, confidence: Array) -> NDArray[np.int64]:
    """Number the people of a video.

    Arguments:
        frames: (M,) frame of each detection, ascending; a frame may have several.
        keypoints: (M, K, 2) pixels.
        confidence: (M, K); 0 is a missing keypoint.

    Returns:
        (M,) the person that each detection is of, 0 and up in the order of appearance.

    Raises:
        UserError: a frame has more than 200 people, or more than one and scipy is not installed.
    """
    boxes = boxes_of(keypoints, confidence)
    everybody = _People(
        number=np.zeros(len(frames), np.int64),
        frame=np.asarray(frames),
        keypoints=np.asarray(keypoints, np.float64),
        seen=confidence > 0,
        size=0.5 * (boxes[:, 2:] - boxes[:, :2]).max(-1).clip(1.0),
        velocity=np.zeros((len(frames), 2)),
    )
    starts = np.flatnonzero(np.diff(frames, prepend=-1)).tolist()
    people = everybody.take(np.arange(0))
    count = 0
    for start, end in zip(starts, [*starts[1:], len(frames)]):
        frame = int(frames[start])
        if end - start > MOST_PEOPLE:
            raise UserError(
                f"Frame {frame} has {end - start} people; at most {MOST_PEOPLE} are linked."
            )
        now = everybody.take(np.arange(start, end))
        if len(people.frame) and frame - people.frame.min() > LONGEST_GAP:
            people = people.take(frame - people.frame <= LONGEST_GAP)
        rows, columns = _pairs(people, now, frame)
        _follow(people, columns, now, rows, frame)
        new = np.ones(end - start, bool)
        new[rows] = False
        now.number[rows] = people.number[columns]
        if new.any():
            now.number[new] = np.arange(count, count + new.sum())
            count += int(new.sum())
            people = people.plus(now.take(new))
        everybody.number[start:end] = now.number
    return everybody.number


def _pairs(
    people: _People, now: _People, frame: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Detections of this frame, and the people that they are of."""
    if not len(people.frame):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    expected = people.expected(frame)
    reach = np.minimum(NEAREST + 0.1 * (frame - people.frame - 1), FARTHEST)
    cost = np.empty((len(now.frame), len(people.frame)))
    for row, (points, seen) in enumerate(zip(now.keypoints, now.seen)):
        away = points - expected
        shared = seen & people.seen
        distance = (np.sqrt(np.einsum("pkc,pkc->pk", away, away)) * shared).sum(-1)
        cost[row] = distance / np.maximum(shared.sum(-1), 1)
        cost[row][~shared.any(-1)] = np.inf
    cost /= reach * np.maximum(people.size, now.size[:, None])
    rows, columns = _cheapest(np.minimum(cost, 1e3))
    near = cost[rows, columns] <= 1
    return rows[near], columns[near]


def _cheapest(cost: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the cheapest assignment."""
    if cost.shape == (1, 1):
        return np.zeros(1, np.int64), np.zeros(1, np.int64)
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise UserError(
            "Following several people needs scipy; install it with: pip install scipy"
        ) from None
    rows, columns = linear_sum_assignment(cost)
    return rows, columns


def _follow(
    people: _People,
    columns: NDArray[np.int64],
    now: _People,
    rows: NDArray[np.int64],
    frame: int,
) -> None:
    """Take detections up; a keypoint that is missing stays where it was expected."""
    seen, known = now.seen[rows], people.seen[columns]
    expected = people.expected(frame)[columns]
    both = (seen & known)[..., None]
    moved = ((now.keypoints[rows] - people.keypoints[columns]) * both).sum(1) / both.sum(1)
    step = moved / (frame - people.frame[columns])[:, None]
    people.velocity[columns] = 0.5 * (people.velocity[columns] + step)
    people.keypoints[columns] = np.where(seen[..., None], now.keypoints[rows], expected)
    people.seen[columns] = seen | known
    people.size[columns] = 0.8 * people.size[columns] + 0.2 * now.size[rows]
    people.frame[columns] = frame


def tracks(
    frames: NDArray[np.int64],
    keypoints: Array,
    confidence: Array,
    *,
    num_frames: int,
    identities: Sequence[str] | None = None,
    **more: Array | None,
) -> tuple[Track, ...]:
    """Sort detections by person.

    Arguments:
        frames: (M,) frame of each detection.
        keypoints: (M, K, 2) pixels.
        confidence: (M, K); 0 is a missing keypoint.
        num_frames: of the video.
        identities: (M,) who it is, where the detector says it; None follows people by their
            keypoints and calls them "0", "1" and so on, the largest first. Then somebody who is
            seen in fewer than 5 frames of a video of 50 or more is left out.
        more: the other arrays of `Track`, (M, ...).

    Raises:
        UserError: a person stands twice in a frame, or `link` does not work.
    """
    someone = (confidence > 0).any(-1)
    order = np.flatnonzero(someone)[np.argsort(frames[someone], kind="stable")]
    names: NDArray[Any]
    if identities is None:
        names = link(frames[order], keypoints[order], confidence[order]).astype(str)
    else:
        names = np.array(identities, dtype=object)[order]
    found = []
    for name in dict.fromkeys(names.tolist()):
        own = order[names == name]
        twice = np.flatnonzero(np.diff(frames[own]) == 0)
        if len(twice):
            raise UserError(f"Person {name!r} stands twice in frame {frames[own][twice[0]]}.")
        arrays = {key: array[own] for key, array in more.items() if array is not None}
        found.append(
            Track(
                name=str(name),
                frames=frames[own],
                keypoints=keypoints[own],
                confidence=confidence[own],
                **arrays,
            )
        )
    if identities is not None:
        return tuple(found)
    if num_frames >= 10 * FALSE_ALARM:
        found = [track for track in found if len(track.frames) >= FALSE_ALARM]
    found.sort(key=lambda track: -track.size)
    return tuple(attrs.evolve(track, name=str(i)) for i, track in enumerate(found))
