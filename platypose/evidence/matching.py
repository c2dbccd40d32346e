"""Who is who from camera to camera.

Every track is cut into pieces of a few frames, so short that a tracker that exchanged two people
spoils little. Two pieces of one view speak for one person where the later begins as the earlier
goes on, and nobody else does; two pieces of different views where the lines of sight of the same
keypoints at the same time meet. Pieces whose evidence adds up to most are a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.evidence.detections import Detections, Track, boxes_of
from platypose.evidence.evidence import Camera
from platypose.evidence.grouping import group
from platypose.evidence.linking import FALSE_ALARM, LONGEST_GAP, NEAREST
from platypose.evidence.sight import Sight, sights

if TYPE_CHECKING:
    from platypose.evidence.checks import Array

PIECE = 5
"""Frames of a piece."""
CLOSE = 0.8
"""Sizes between two people of a view within which a tracker may exchange them in any frame."""
DEVIATION, BLUR = 0.15, 0.05
"""Of a person from where the last frame lets it expect, sizes; and what a frame of gap adds."""
NOWHERE = 8.0
"""Nats by which the next piece of a person had better be none than four deviations away."""
SURE = 8.0
"""Nats, at most, that one piece goes on in another, or does not."""
KNOWN = 1.0
"""Nats that a tracker's word is worth."""
FEWEST = 3
"""Keypoints that two views must share in a frame."""
PASSING = 0.1
"""Gap between lines of sight, in sizes of the person, that speaks as much for one as for two."""
BLOCK = 2048
"""Frames at once, which bounds memory."""


@attrs.frozen(eq=False)
class _Seen:
    """A track, and what of it is needed here.

    Attributes:
        track: as the detector or the tracker has it.
        view: which it is of.
        size: (N,) half of the height or width, px.
        centre: (N, 2) mean of the keypoints, px.
        piece: (N,) the piece that each frame is in, numbered over all tracks.
    """

    track: Track
    view: int
    size: NDArray[np.float64]
    centre: NDArray[np.float64]
    piece: NDArray[np.int64]


def people_across(
    views: Sequence[Detections], cameras: Sequence[Camera]
) -> list[tuple[str, tuple[Track | None, ...]]]:
    """The people whom several cameras saw.

    Arguments:
        views: a video each, of the same moments.
        cameras: that took them, one each, calibrated together.

    Returns:
        everybody by name and as seen in each view, None where a view never shows them; from the
        one who covers most of all pictures on. Their tracks are put together from pieces. They
        keep the names that they have in the views where these agree, and are else called "0", "1"
        and so on. In videos of 50 frames or more those who are seen in fewer than 5 are left out.
    """
    tracks = _cut(views)
    along, by_motion = _along(tracks)
    across, by_sight = _across(tracks, cameras)
    groups = group(
        np.concatenate([along, across]), np.concatenate([by_motion, by_sight]), _places(tracks)
    )
    length = max(view.num_frames for view in views)
    fewest = FALSE_ALARM if length >= 10 * FALSE_ALARM else 1
    people = []
    for number in range(int(groups.max(initial=-1)) + 1):
        parts = [(one, np.flatnonzero(groups[one.piece] == number)) for one in tracks]
        parts = [(one, rows) for one, rows in parts if len(rows)]
        if len({f for one, rows in parts for f in one.track.frames[rows].tolist()}) >= fewest:
            people.append(parts)
    joined = [
        tuple(
            _joined([(one.track, rows) for one, rows in parts if one.view == view])
            for view in range(len(views))
        )
        for parts in people
    ]
    sizes = [sum(track.size for track in person if track is not None) for person in joined]
    order = sorted(range(len(people)), key=lambda number: -sizes[number])
    names = [{one.track.name for one, _ in people[number]} for number in order]
    agreed = all(len(own) == 1 for own in names) and len(set().union(*names)) == len(names)
    called = [min(own) if agreed else str(number) for number, own in enumerate(names)]
    return [
        (name, tuple(track and attrs.evolve(track, name=name) for track in joined[number]))
        for name, number in zip(called, order)
    ]


def _cut(views: Sequence[Detections]) -> list[_Seen]:
    """All tracks, cut: every few frames, at gaps and jumps, and in each frame near others."""
    found = []
    for number, view in enumerate(views):
        own = []
        for track in view.people:
            boxes = boxes_of(track.keypoints, track.confidence)
            seen = (track.confidence > 0)[..., None]
            count = np.maximum(seen.sum(1), 1)
            own.append(
                _Seen(
                    track=track,
                    view=number,
                    size=0.5 * (boxes[:, 2:] - boxes[:, :2]).max(-1).clip(1.0),
                    centre=(track.keypoints * seen).sum(1) / count,
                    piece=np.zeros(len(track.frames), np.int64),
                )
            )
        near = [np.zeros(len(one.piece), bool) for one in own]
        for (i, one), (j, other) in combinations(enumerate(own), 2):
            rows, columns = shared_frames(one.track, other.track)
            away = np.linalg.norm(one.centre[rows] - other.centre[columns], axis=-1)
            close = away < CLOSE * np.maximum(one.size[rows], other.size[columns])
            near[i][rows[close]] = near[j][columns[close]] = True
        found += [(one, alone) for one, alone in zip(own, near)]
    pieces, total = [], 0
    for one, alone in found:
        frames = one.track.frames
        gap = np.diff(frames)
        new = (gap > 1) | (np.diff(frames // PIECE) > 0) | alone[1:] | alone[:-1] | _jumps(one)
        piece = np.concatenate([[0], np.cumsum(new)])
        pieces.append(attrs.evolve(one, piece=total + piece))
        total += int(piece[-1]) + 1
    return pieces


def shared_frames(one: Track, other: Track) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in two tracks the frames are that both have, each (N,)."""
    first = max(one.frames[0], other.frames[0])
    last = min(one.frames[-1], other.frames[-1])
    if first > last:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, rows, columns = np.intersect1d(
        one.frames, other.frames, assume_unique=True, return_indices=True
    )
    return rows, columns


def _places(tracks: Sequence[_Seen]) -> list[set[int]]:
    """The frames of views that each piece takes."""
    views = max((one.view for one in tracks), default=0) + 1
    places: list[set[int]] = []
    for one in tracks:
        starts = np.flatnonzero(np.diff(one.piece, prepend=-1))
        taken = (one.track.frames * views + one.view).tolist()
        ends = [*starts[1:].tolist(), len(taken)]
        places += [set(taken[start:end]) for start, end in zip(starts.tolist(), ends)]
    return places


def _along(tracks: Sequence[_Seen]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Evidence that a piece goes on in another of the same view: pairs (E, 2) and nats (E,).

    Of those that could be next at about a time, of tracks that are there together, and of none, a
    piece is followed by one with the odds of their distance from where it is expected; and so is
    it preceded. The lesser of both counts.
    """
    pairs, costs, choices = [], [], []
    for i, one in enumerate(tracks):
        own = [(j, other) for j, other in enumerate(tracks) if other.view == one.view]
        for row, j, column in _next(one, own):
            departure = _departure(one, row, tracks[j], column)
            if departure is not None:
                pairs.append((one.piece[row], tracks[j].piece[column]))
                costs.append(departure - (KNOWN if i == j else 0.0))
                frames = one.track.frames[row], tracks[j].track.frames[column]
                choices.append(((i, frames[0]), (j, frames[1])))
    both, cost = np.array(pairs, np.int64).reshape(-1, 2), np.array(costs)
    choice = np.array(choices, np.int64).reshape(-1, 2, 2)
    spans = np.array([one.track.frames[[0, -1]] for one in tracks]).reshape(-1, 2)
    track, frame = choice[..., 0], choice[..., 1]
    follows = _odds(both[:, 0], cost, track[:, 1], spans, frame[:, 1])
    precedes = _odds(both[:, 1], cost, track[:, 0], spans, frame[:, 0])
    nats = np.minimum(follows, precedes).clip(-SURE, SURE)
    back = _back(tracks)
    return np.concatenate([both, back]), np.concatenate([nats, np.full(len(back), KNOWN)])


def _back(tracks: Sequence[_Seen]) -> NDArray[np.int64]:
    """Pieces before and after a gap so long that a name alone joins them, (E, 2)."""
    pairs = [np.zeros((0, 2), np.int64)]
    for one in tracks:
        rows = np.flatnonzero(np.diff(one.track.frames) > LONGEST_GAP)
        pairs.append(np.stack([one.piece[rows], one.piece[rows + 1]], -1))
    return np.concatenate(pairs)


def _odds(
    piece: NDArray[np.int64],
    cost: NDArray[np.float64],
    track: NDArray[np.int64],
    spans: NDArray[np.int64],
    frame: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Logarithm of the odds of each choice of a piece, against none and its rivals.

    Arguments:
        piece: (E,) that has the choice.
        cost: (E,) nats.
        track: (E,) number of the track that the choice is of.
        spans: (N, 2) first and last frame of each track: those that share none could go on in one
            another, and are no rivals.
        frame: (E,) at which the choice would be met; rivals are met within a few.
    """
    order = np.argsort(piece, kind="stable")
    nats = np.empty(len(cost))
    for own in np.split(order, np.flatnonzero(np.diff(piece[order])) + 1):
        (first, last), of, at = spans[track[own]].T, track[own], frame[own]
        rivals = (first[:, None] <= last) & (last[:, None] >= first)
        rivals &= (of[:, None] != of) & (np.abs(at[:, None] - at) <= PIECE)
        nats[own] = -cost[own] - np.log(np.exp(-NOWHERE) + rivals @ np.exp(-cost[own]))
    return nats


def _next(one: _Seen, own: Iterable[tuple[int, _Seen]]) -> Iterator[tuple[int, int, int]]:
    """Last row of each piece, and the number of the track and the row where it may go on.

    Where a track goes on at once, others are looked at for a few frames only: exchanges are
    sudden, and longer gaps are between the end of a track and the beginning of another.
    """
    ends = np.flatnonzero(np.diff(one.piece, append=-1))
    frames = one.track.frames
    ending = np.diff(frames, append=np.iinfo(np.int64).max)[ends] > PIECE
    for number, other in own:
        others = other.track.frames
        if others[0] > frames[-1] + LONGEST_GAP or others[-1] <= frames[0]:
            continue
        beginning = np.diff(others, prepend=-LONGEST_GAP) > PIECE
        columns = np.searchsorted(others, frames[ends], side="right")
        inside = columns < len(others)
        for row, column, open_end in zip(ends[inside], columns[inside], ending[inside]):
            gap = others[column] - frames[row]
            if gap <= PIECE or (gap <= LONGEST_GAP and open_end and beginning[column]):
                start = np.searchsorted(other.piece, other.piece[column])
                if start == column:
                    yield int(row), number, int(column)


def _jumps(one: _Seen) -> NDArray[np.bool_]:
    """Whether the person is somewhere else in the next frame of the track, (N - 1,)."""
    moved = np.linalg.norm(np.diff(one.centre, axis=0), axis=-1)
    return np.asarray(moved > NEAREST * one.size[1:])


def _departure(one: _Seen, row: int, other: _Seen, column: int) -> float | None:
    """Nats that a piece costs as the next, by its distance from where that is expected."""
    before, after = one.track, other.track
    seen = (before.confidence[row] > 0) & (after.confidence[column] > 0)
    if not seen.any():
        return None
    gap = int(after.frames[column] - before.frames[row])
    first = max(int(np.searchsorted(one.piece, one.piece[row])), row - 3)
    span = max(int(before.frames[row] - before.frames[first]), 1)
    step = (one.centre[row] - one.centre[first]) / span
    expected = before.keypoints[row][seen] + step * min(gap, 5)
    away = np.linalg.norm(after.keypoints[column][seen] - expected, axis=-1).mean()
    size = max(one.size[row], other.size[column])
    blur = 1 + BLUR * (gap - 1) / DEVIATION
    return float(0.5 * (away / size / DEVIATION / blur) ** 2 + 2 * np.log(blur))


def _across(
    tracks: Sequence[_Seen], cameras: Sequence[Camera]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Evidence that pieces of different views are of one person: pairs (E, 2) and nats (E,)."""
    pairs: list[NDArray[np.int64]] = [np.zeros((0, 2), np.int64)]
    nats: list[NDArray[np.float64]] = [np.zeros(0)]
    for one, other, rows, columns, gap in _gaps(tracks, cameras):
        both = np.stack([one.piece[rows], other.piece[columns]], -1)
        unique, frame = np.unique(both, axis=0, return_inverse=True)
        pairs.append(unique)
        nats.append(np.bincount(frame.ravel(), (1 - (gap / PASSING) ** 2).clip(-1)).astype(float))
    return np.concatenate(pairs), np.concatenate(nats)


def _gaps(
    tracks: Sequence[_Seen], cameras: Sequence[Camera]
) -> Iterator[tuple[_Seen, _Seen, NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """For two tracks of different views the rows of frames that both have, and how far the lines
    of sight pass by one another there: the median over the keypoints, in sizes of the person."""
    last = max((int(one.track.frames[-1]) for one in tracks), default=-1)
    for start in range(0, last + 1, BLOCK):
        lines = []
        for one in tracks:
            low, high = np.searchsorted(one.track.frames, [start, start + BLOCK])
            lines.append((int(low), _lines(one, slice(low, high), cameras[one.view])))
        for i, j in combinations(range(len(tracks)), 2):
            one, other = tracks[i], tracks[j]
            if one.view == other.view:
                continue
            rows, columns = shared_frames(one.track, other.track)
            frames = one.track.frames[rows]
            inside = (frames >= start) & (frames < start + BLOCK)
            rows, columns = rows[inside], columns[inside]
            if not len(rows):
                continue
            left = lines[i][1].at(rows - lines[i][0])
            right = lines[j][1].at(columns - lines[j][0])
            gap = left.gap(right, one.size[rows], other.size[columns])
            seen = (one.track.confidence[rows] > 0) & (other.track.confidence[columns] > 0)
            gap = np.where(seen, gap, np.nan)
            enough = (~np.isnan(gap)).sum(-1) >= FEWEST
            if enough.any():
                median = np.nanmedian(gap[enough], axis=-1)
                yield one, other, rows[enough], columns[enough], median


def _lines(one: _Seen, rows: slice, camera: Camera) -> Sight:
    frames = one.track.frames[rows]
    return sights(camera.at(frames), one.track.keypoints[rows])


def _joined(parts: Iterable[tuple[Track, NDArray[np.int64]]]) -> Track | None:
    """Rows of several tracks as one; None of none."""
    pieces = list(parts)
    if not pieces:
        return None
    order = np.argsort(np.concatenate([track.frames[rows] for track, rows in pieces]))

    def put(name: str) -> Array | None:
        arrays = [getattr(track, name) for track, _ in pieces]
        if any(array is None or array.shape[1:] != arrays[0].shape[1:] for array in arrays):
            return None
        chosen = [array[rows] for array, (_, rows) in zip(arrays, pieces)]
        return np.concatenate(chosen)[order]

    names = [field.name for field in attrs.fields(Track) if field.name != "name"]
    values: dict[str, Any] = {name: put(name) for name in names}
    if values["heatmaps"] is None or values["cell_to_pixel"] is None:
        values["heatmaps"] = values["cell_to_pixel"] = None
    return Track(name="", **values)
