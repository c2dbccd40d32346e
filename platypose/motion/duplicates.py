"""Motion that a set would hold twice.

Archives give one capture in several forms: on another skeleton, cut out of a longer take, at
another phase of the frame clock. What stays the same is how the bones turn. So stretches of one
second are compared by the accelerations of the bone directions over a tenth of a second, in the
frame of the body's heading, which neither scale nor place nor yaw changes. The *difference* of two
stretches is the root mean square of the difference of their accelerations over that of the
accelerations, at the best shift in time, fractions of a frame included.

Measured at 30 Hz: of 59 pairs of one trial in two forms (CMU as Acclaim, in the cgspeed conversion,
and on the one skeleton of cmu-actions in whole millimetres) the smallest difference is 0 to 0.086,
below 0.041 in nine of ten, and the phase of the frame clock changes it by 0.005 at most. Between
different takes it is 0.133 or more in CMU, where one person walks the same way twice, and 0.103 or
more between repetitions of one slow exercise by one person in UI-PRMD. Velocities, or poses,
separate the two less. Not found are three trials in which cmu-actions has jumps (0.12 to 0.14).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from platypose.motion.motion_set import Clip
from platypose.skeleton import H36M_17

Array = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

SECONDS = 1.0
"""How long a stretch is."""

SHORT_SECONDS = 0.5
"""How long a stretch is in clips that are shorter than `SECONDS`."""

DIFFERENCE = 0.095
"""The difference below which two stretches are one motion."""

MOTION = 1.0
"""Radians a second squared, root mean square over the bones: a stretch with less is not used."""

_SPAN_SECONDS = 0.1
_PROBE_SECONDS = 0.5
_NEAR = 0.15  # radians, root mean square: how near poses of one motion are, whatever the skeleton
_BONES = tuple(
    (H36M_17.joints.index(parent), H36M_17.joints.index(child))
    for parent, child in (
        ("hip", "thorax"),
        ("right_hip", "right_knee"),
        ("right_knee", "right_foot"),
        ("left_hip", "left_knee"),
        ("left_knee", "left_foot"),
        ("left_shoulder", "left_elbow"),
        ("left_elbow", "left_wrist"),
        ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
    )
)
_ACROSS = tuple(
    (H36M_17.joints.index(right), H36M_17.joints.index(left))
    for right, left in (("right_hip", "left_hip"), ("right_shoulder", "left_shoulder"))
)
_PROBES_AT_ONCE = 64
_PAIRS_AT_ONCE = 2048


@attrs.frozen(kw_only=True)
class Match:
    """Two stretches that are one motion.

    Attributes:
        first, second: indices of the clips.
        first_start, second_start: the frames at which the stretches start.
        difference: of the two, below `DIFFERENCE`.
    """

    first: int
    second: int
    first_start: float
    second_start: float
    difference: float


def find_duplicates(
    clips: Sequence[tuple[Clip, npt.NDArray[np.float32]]], frame_rate: float
) -> Mapping[str, str]:
    """The clips to leave out because another one has their motion.

    Between a clip for testing and another one, the other one is left out; between two of one split
    the shorter. A clip of less than `SECONDS` tells less, so that it is never a reason to leave out
    a longer one.

    Arguments:
        clips: with the positions (F, 17, 3), metres, z up.
        frame_rate: frames a second.

    Returns:
        The name of each clip to leave out, and a sentence that says of what it is a duplicate.
    """
    out: dict[str, str] = {}

    def stays(index: int) -> tuple[bool, int, int]:
        clip = clips[index][0]
        return clip.split == "test", clip.frames, -index

    motions = [positions for _, positions in clips]
    brief = {i for i, motion in enumerate(motions) if len(motion) < SECONDS * frame_rate}
    found: list[tuple[Match, int, int]] = []
    for match in [
        *matches(motions, frame_rate),
        *matches(motions, frame_rate, seconds=SHORT_SECONDS, probed=brief),
    ]:
        goes, keeps = sorted((match.first, match.second), key=stays)
        if keeps not in brief or goes in brief:
            found.append((match, goes, keeps))
    found.sort(key=lambda pair: (*stays(pair[2]), *stays(pair[1])), reverse=True)
    for match, goes, keeps in found:
        clip, kept = clips[goes][0], clips[keeps][0]
        if clip.name in out or kept.name in out:
            continue
        own, other = match.first_start, match.second_start
        if goes == match.second:
            own, other = other, own
        out[clip.name] = (
            f"From {own / frame_rate:.2f} s it repeats the motion of {kept.name} from "
            f"{other / frame_rate:.2f} s (difference {match.difference:.3f}, less than "
            f"{DIFFERENCE})."
        )
    return out


def matches(
    motions: Sequence[npt.NDArray[np.float32]],
    frame_rate: float,
    *,
    within: float = DIFFERENCE,
    seconds: float = SECONDS,
    probed: Collection[int] | None = None,
) -> list[Match]:
    """The pairs of clips that share a motion, each with its most similar stretches.

    Arguments:
        motions: (F, 17, 3) each, metres, z up.
        frame_rate: frames a second.
        within: the difference below which two stretches are one motion.
        seconds: how long the stretches are; shorter motions are ignored.
        probed: the motions that are compared with all; None for all.
    """
    span = max(1, round(_SPAN_SECONDS * frame_rate))
    window = max(2 * span + 1, round(seconds * frame_rate))
    long = [index for index, motion in enumerate(motions) if len(motion) >= window]
    looked_for = [place for place, index in enumerate(long) if probed is None or index in probed]
    if len(long) < 2 or not looked_for:
        return []
    takes = _Takes.of([motions[index] for index in long], span)
    least = (MOTION / frame_rate**2) ** 2
    best: dict[tuple[int, int], Match] = {}
    step = max(1, round(_PROBE_SECONDS * frame_rate))
    for mine, theirs in _candidates(takes, looked_for, window, step, least):
        difference = _difference(takes, mine, theirs, window)
        for index in np.flatnonzero(difference < within):
            a, b = (int(takes.clip_of(half[index] // 2)) for half in (mine, theirs))
            match = Match(
                first=long[a],
                second=long[b],
                first_start=mine[index] / 2 - takes.starts[a],
                second_start=theirs[index] / 2 - takes.starts[b],
                difference=float(difference[index]),
            )
            key = (min(a, b), max(a, b))
            if key not in best or match.difference < best[key].difference:
                best[key] = match
    return list(best.values())


@attrs.frozen(kw_only=True, eq=False)
class _Takes:
    """All clips one after another; half-frames lie between the frames.

    Attributes:
        starts: (clips + 1,) the first frame of each clip, and the end.
        span: frames from the middle of a second difference to its ends.
        poses: (N, D) bone directions in the frame of the heading.
        accelerations: (2 N, D) per frame squared, at every half-frame.
        jerks: (2 N, D) per frame cubed, at every half-frame.
    """

    starts: Indices
    span: int
    poses: Array
    accelerations: Array
    jerks: Array

    @classmethod
    def of(cls, motions: Sequence[npt.NDArray[np.float32]], span: int) -> _Takes:
        poses = [_directions(motion) for motion in motions]
        accelerations = [_accelerations(pose, span) for pose in poses]
        return cls(
            starts=np.cumsum([0, *map(len, poses)]),
            span=span,
            poses=np.concatenate(poses),
            accelerations=np.concatenate(accelerations),
            jerks=np.concatenate([2 * np.gradient(one, axis=0) for one in accelerations]),
        )

    def clip_of(self, frame: Indices) -> Indices:
        """The clips that hold these frames."""
        clips: Indices = np.searchsorted(self.starts, frame, side="right") - 1
        return clips

    def inside(self, starts: Indices, window: int) -> Indices:
        """The half-frames, one a frame, at which stretches have accelerations."""
        frames: Indices = starts[:, None] + 2 * np.arange(self.span, window - self.span)
        return frames


def _accelerations(pose: Array, span: int) -> Array:
    """(2 F, D) per frame squared, from (F, D): at every frame and half a frame after it."""
    padded = np.pad(pose, [(2, 3), (0, 0)], mode="edge")
    before = [padded[k : k + len(pose)] for k in range(6)]
    # Lagrange's polynomial through six points, at their middle.
    halves = (
        150 * (before[2] + before[3]) - 25 * (before[1] + before[4]) + 3 * (before[0] + before[5])
    ) / 256
    fine = np.stack([pose, halves], axis=1).reshape(-1, pose.shape[1])
    accelerations = np.zeros_like(fine)
    reach = 2 * span
    second = fine[2 * reach :] - 2 * fine[reach:-reach] + fine[: -2 * reach]
    accelerations[reach:-reach] = second / span**2
    return accelerations


def _directions(motion: npt.NDArray[np.float32]) -> Array:
    """(F, D) such that the distance of two rows is the mean angle of the bones, for small ones."""
    (right, left), (right_shoulder, left_shoulder) = _ACROSS
    hips = _unit(motion[:, left] - motion[:, right])
    shoulders = _unit(motion[:, left_shoulder] - motion[:, right_shoulder])
    across = _unit((hips + shoulders) * np.array([1, 1, 0], np.float32))
    ahead = np.stack([across[:, 1], -across[:, 0], np.zeros_like(across[:, 0])], axis=1)
    bones = np.stack([_unit(motion[:, child] - motion[:, parent]) for parent, child in _BONES], 1)
    turned = [(bones * axis[:, None]).sum(axis=-1) for axis in (across, ahead)]
    directions = np.stack([*turned, bones[..., 2]], axis=-1).reshape(len(motion), -1)
    result: Array = (directions / np.sqrt(len(_BONES))).astype(np.float32)
    return result


def _candidates(
    takes: _Takes, probed: Sequence[int], window: int, step: int, least: float
) -> Iterator[tuple[Indices, Indices]]:
    """First half-frames of stretches of two clips that pass through nearly the same pose.

    The probed clips are taken every `step` frames; of each other clip the nearest pose is taken,
    with the half-frames next to it.
    """
    starts = takes.starts
    ends = starts[1:] - window
    probes = np.concatenate([np.arange(starts[place], ends[place] + 1, step) for place in probed])
    probes = probes[_power(takes.accelerations[takes.inside(2 * probes, window)]) > least]
    square = (takes.poses**2).sum(axis=1)
    middle = window // 2
    for first in range(0, len(probes), _PROBES_AT_ONCE):
        mine = probes[first : first + _PROBES_AT_ONCE]
        distance = square - 2 * takes.poses[mine + middle] @ takes.poses.T
        nearest = np.minimum.reduceat(distance, starts[:-1], axis=1)
        nearest[np.arange(len(mine)), takes.clip_of(mine)] = np.inf
        rows, clips = np.nonzero(nearest < (_NEAR**2 - square[mine + middle])[:, None])
        theirs = np.array(
            [
                starts[clip] + distance[row, starts[clip] : starts[clip + 1]].argmin() - middle
                for row, clip in zip(rows, clips, strict=True)
            ],
            dtype=np.intp,
        )
        for shift in range(-2, 3):
            half = 2 * theirs + shift
            inside = (half >= 2 * starts[clips]) & (half <= 2 * ends[clips])
            a, b = 2 * mine[rows[inside]], half[inside]
            for part in range(0, len(a), _PAIRS_AT_ONCE):
                yield a[part : part + _PAIRS_AT_ONCE], b[part : part + _PAIRS_AT_ONCE]


def _difference(takes: _Takes, mine: Indices, theirs: Indices, window: int) -> Array:
    """The difference of the stretches that start at these half-frames, (pairs,)."""
    theirs = takes.inside(theirs, window)
    own = takes.accelerations[takes.inside(mine, window)]
    rest = own - takes.accelerations[theirs]
    change = takes.jerks[theirs]
    # The shift in time that explains most of the rest, by least squares.
    shift = (rest * change).sum(axis=(1, 2)) / np.maximum((change**2).sum(axis=(1, 2)), 1e-12)
    rest -= np.clip(shift, -0.25, 0.25)[:, None, None] * change
    result: Array = np.sqrt(_power(rest) / np.maximum(_power(own), 1e-12))
    return result


def _power(accelerations: Array) -> Array:
    """The mean over the frames of stretches (pairs, frames, D) of the squared acceleration."""
    power: Array = (accelerations**2).sum(axis=2).mean(axis=1)
    return power


def _unit(vector: Array) -> Array:
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    unit: Array = vector / np.maximum(length, 1e-6)
    return unit
