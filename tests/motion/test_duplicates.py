"""One motion given twice is found, whatever its size, place, heading and frame clock."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platypose.motion import Clip
from platypose.motion.duplicates import DIFFERENCE, find_duplicates, matches
from platypose.skeleton import H36M_17

Array = np.ndarray[Any, Any]
RATE = 30.0
PARENTS = H36M_17.parents


def motion(
    seed: int,
    seconds: float = 3.0,
    *,
    start: float = 0.0,
    scale: float = 1.0,
    yaw: float = 0.0,
    place: tuple[float, float] = (0.0, 0.0),
    sway: float = 0.25,
    repeat: float = 0.0,
) -> Array:
    """Somebody whose bones sway smoothly about the standing pose, (F, 17, 3) float32.

    The motion is a function of time, which is sampled from `start` on, a fraction of a frame
    included. `repeat` is how much another take of the same movement differs.
    """
    random = np.random.default_rng(seed)
    time = start + np.arange(round(seconds * RATE))[:, None, None] / RATE
    hertz = np.array([0.7, 1.1, 1.9, 3.1])
    size = random.normal(size=(4, 17, 3)) * sway / (hertz[:, None, None] + 0.5)
    phase = random.uniform(0, 2 * np.pi, (4, 17, 3))
    if repeat:
        other = np.random.default_rng(seed + 1000)
        size = size * (1 + repeat * other.normal(size=size.shape))
        phase = phase + repeat * other.normal(size=phase.shape)
    tilt = sum(size[k] * np.sin(2 * np.pi * hertz[k] * time + phase[k]) for k in range(len(hertz)))
    standing = np.array(H36M_17.standing)
    pose = np.zeros((len(time), 17, 3))
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            bone = standing[joint] - standing[parent]
            turned = bone + np.linalg.norm(bone) * tilt[:, joint]
            turned *= np.linalg.norm(bone) / np.linalg.norm(turned, axis=-1, keepdims=True)
            pose[:, joint] = pose[:, parent] + turned
    cos, sin = np.cos(yaw), np.sin(yaw)
    pose = scale * pose @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    moved: Array = (pose + np.array([*place, 0.9 * scale])).astype(np.float32)
    return moved


def clips(**given: tuple[str, Array]) -> list[tuple[Clip, Array]]:
    """Clips by name, each with its split and its positions."""
    return [
        (Clip(name=name, subject=name, split=split, start=0, frames=len(pose)), pose)
        for name, (split, pose) in given.items()
    ]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 50),
    start=st.floats(0.0, 0.5),
    scale=st.floats(0.8, 1.25),
    yaw=st.floats(-np.pi, np.pi),
    place=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
)
def test_size_place_heading_and_clock_do_not_hide_a_duplicate(
    seed: int, start: float, scale: float, yaw: float, place: tuple[float, float]
) -> None:
    copy = motion(seed, 2.0, start=start, scale=scale, yaw=yaw, place=place)
    (match,) = matches([motion(seed), copy], RATE)
    assert match.difference < DIFFERENCE / 2
    offset = (match.first_start - match.second_start) / RATE
    if match.first == 1:
        offset = -offset
    assert offset == pytest.approx(start, abs=0.3 / RATE)


@pytest.mark.parametrize("repeat", [0.15, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_another_take_of_the_same_movement_is_no_duplicate(seed: int, repeat: float) -> None:
    assert not matches([motion(seed), motion(seed, repeat=repeat)], RATE)


def test_the_mirrored_motion_is_no_duplicate() -> None:
    original = motion(3)
    mirrored = (original * np.array([-1, 1, 1], np.float32))[:, list(H36M_17.mirror)]
    assert not matches([original, mirrored], RATE)


def test_a_copy_in_whole_millimetres_is_a_duplicate() -> None:
    original = motion(4)
    rounded = np.round(original * 1000) / 1000
    assert len(matches([original, rounded.astype(np.float32)], RATE)) == 1


def test_a_copy_on_another_skeleton_is_a_duplicate() -> None:
    """Bones of other proportions, with the directions that they had."""
    original = motion(5).astype(float)
    factors = np.random.default_rng(0).uniform(0.8, 1.2, 17)
    other = original.copy()
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            bone = original[:, joint] - original[:, parent]
            other[:, joint] = other[:, parent] + factors[joint] * bone
    assert len(matches([original.astype(np.float32), other.astype(np.float32)], RATE)) == 1


def test_people_who_stand_still_are_no_duplicates() -> None:
    still = motion(0, sway=0.0)
    assert not matches([still, motion(1, sway=0.0, place=(1, 0))], RATE)
    noise = np.random.default_rng(0).normal(0, 2e-4, (2, *still.shape)).astype(np.float32)
    assert not matches([still + noise[0], still + noise[1]], RATE)


def test_the_train_clip_goes_however_long_it_is() -> None:
    found = find_duplicates(
        clips(
            long=("train", motion(1, 6.0)),
            held_out=("test", motion(1, 2.0, start=1.01, scale=0.9)),
            other=("train", motion(2)),
        ),
        RATE,
    )
    assert set(found) == {"long"}
    assert "repeats the motion of held_out" in found["long"]


def test_of_one_split_the_shorter_goes() -> None:
    parts = clips(
        cut=("train", motion(1, 2.0, start=1.0)),
        whole=("train", motion(1, 6.0)),
        copy=("train", motion(1, 6.0, yaw=1.0)),
    )
    found = find_duplicates(parts, RATE)
    assert set(found) == {"cut", "copy"}
    assert all("whole" in reason for reason in found.values())


def test_a_clip_that_goes_takes_no_other_with_it() -> None:
    """The end of the long clip is of the test clip, and its start of a short one that stays."""
    long = np.concatenate([motion(1, 2.0), motion(2, 2.0)])
    found = find_duplicates(
        clips(
            short=("train", motion(1, 2.0)),
            long=("train", long),
            held_out=("test", motion(2, 2.0)),
        ),
        RATE,
    )
    assert set(found) == {"long"}


def test_a_snippet_of_a_test_clip_goes_and_removes_nothing_longer() -> None:
    found = find_duplicates(
        clips(
            held_out=("test", motion(1, 3.0)),
            snippet=("train", motion(1, 0.7, start=1.0)),
            other=("train", motion(2, 3.0)),
            held_out_snippet=("test", motion(2, 0.7, start=1.0)),
        ),
        RATE,
    )
    assert set(found) == {"snippet"}


def test_nothing_is_found_among_none_or_one() -> None:
    assert not find_duplicates([], RATE)
    assert not find_duplicates(clips(alone=("train", motion(1))), RATE)


def test_the_frame_rate_is_minded() -> None:
    """The same motion at 60 Hz, of which every second frame is the one at 30 Hz."""
    slow = motion(6, 3.0)
    fine = np.empty((2 * len(slow) - 1, 17, 3), np.float32)
    fine[::2] = slow
    fine[1::2] = motion(6, 3.0, start=0.5 / RATE)[:-1]
    assert len(matches([fine, fine[20:]], 2 * RATE)) == 1
    assert not matches([fine, slow], 2 * RATE)
