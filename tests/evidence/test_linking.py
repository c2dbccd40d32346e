from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from platypose.api import UserError
from platypose.evidence.linking import link, tracks

PERSON = np.array([[0.0, -80.0], [-20.0, -40.0], [20.0, -40.0], [-10.0, 80.0], [10.0, 80.0]])
"""A person of 160 px, five keypoints."""


def at(x: float, y: float) -> NDArray[np.float64]:
    return PERSON + np.array([x, y])


def walkers(
    starts: list[float], speeds: list[float], frames: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """People who walk along x at some px a frame, in a random order in every frame."""
    random = np.random.default_rng(seed)
    rows = []
    for frame in range(frames):
        for who in random.permutation(len(starts)):
            centre = [starts[who] + speeds[who] * frame, 200.0 + 15 * who]
            rows.append((frame, PERSON + centre + random.normal(0, 2, PERSON.shape), who))
    frame_of, points, people = zip(*rows)
    return np.array(frame_of), np.array(points), np.array(people)


def same(labels: NDArray[np.int64], truth: NDArray[np.int64]) -> bool:
    return (
        len(set(zip(labels.tolist(), truth.tolist())))
        == len(set(truth.tolist()))
        == len(set(labels.tolist()))
    )


@given(
    starts=st.lists(st.integers(0, 20), min_size=1, max_size=6, unique=True),
    seed=st.integers(0, 99),
)
def test_people_who_stay_apart_keep_their_numbers(starts: list[int], seed: int) -> None:
    frames, points, truth = walkers([150.0 * s for s in starts], [3.0] * len(starts), 20, seed)
    assert same(link(frames, points, np.ones(points.shape[:2])), truth)


@pytest.mark.parametrize("seed", range(5))
def test_people_who_walk_past_one_another_keep_their_numbers(seed: int) -> None:
    frames, points, truth = walkers([100.0, 500.0], [8.0, -8.0], 50, seed)
    assert same(link(frames, points, np.ones(points.shape[:2])), truth)


def test_somebody_who_is_hidden_for_a_while_comes_back() -> None:
    frames, points, truth = walkers([100.0, 400.0], [2.0, 2.0], 60, 0)
    there = (truth == 1) | (frames < 20) | (frames > 35)
    labels = link(frames[there], points[there], np.ones((there.sum(), 5)))
    assert same(labels, truth[there])


def test_somebody_far_away_or_long_afterwards_is_somebody_else() -> None:
    points = np.stack([PERSON, at(900, 0), at(900, 0)])
    labels = link(np.array([0, 1, 90]), points, np.ones((3, 5)))
    assert labels.tolist() == [0, 1, 2]


def test_missing_keypoints_play_no_part() -> None:
    points = np.stack([at(300, 300)] * 3)
    confidence = np.ones((3, 5))
    points[1, :3], confidence[1, :3] = 0.0, 0.0
    assert link(np.arange(3), points, confidence).tolist() == [0, 0, 0]


def test_tracks_are_named_from_the_largest_on_and_false_alarms_left_out() -> None:
    frames, points, truth = walkers([100.0, 500.0], [1.0, 1.0], 60, 0)
    points[truth == 1] += PERSON
    frames, points = np.append(frames, 7), np.append(points, [at(2000, 900)], 0)
    found = tracks(frames, points, np.ones(points.shape[:2]), num_frames=60)
    assert [track.name for track in found] == ["0", "1"]
    assert found[0].size > found[1].size
    assert all(track.frames.tolist() == list(range(60)) for track in found)


def test_the_detector_s_own_identities_are_kept() -> None:
    points = np.stack([PERSON] * 3)
    found = tracks(
        np.array([2, 0, 0]), points, np.ones((3, 5)), num_frames=3, identities=["b", "b", "a"]
    )
    assert {track.name: track.frames.tolist() for track in found} == {"b": [0, 2], "a": [0]}
    with pytest.raises(UserError, match="Person 'a' stands twice in frame 4"):
        tracks(np.array([4, 4]), points[:2], np.ones((2, 5)), num_frames=5, identities=["a", "a"])


def test_who_shows_no_keypoint_was_not_seen() -> None:
    found = tracks(np.zeros(1, np.int64), PERSON[None], np.zeros((1, 5)), num_frames=1)
    assert found == ()


def test_a_frame_of_thousands_is_refused() -> None:
    with pytest.raises(UserError, match="Frame 0 has 300 people; at most 200"):
        link(np.zeros(300, np.int64), np.zeros((300, 5, 2)), np.ones((300, 5)))
