"""From detections in videos to the evidence of one person."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from platypose.api import UserError
from platypose.evidence import Detections, Track
from platypose.evidence.compose import evidence_of, people_of
from platypose.evidence.guess import guessed_camera
from platypose.testing import scene

NAMES = ("nose", "left_hip", "right_hip")
CAMERAS = scene.cameras()


def track(frames: list[int], name: str = "0", **changes: Any) -> Track:
    """A person whose keypoints tell the frame."""
    at = np.array(frames)
    keypoints = np.broadcast_to(at[:, None, None] * 10.0, (len(at), 3, 2)).copy()
    fields: dict[str, Any] = {"keypoints": keypoints, "confidence": np.full((len(at), 3), 0.5)}
    return Track(name=name, frames=at, **fields | changes)


def video(*people: Track, frames: int = 10, **changes: Any) -> Detections:
    fields: dict[str, Any] = {"frame_rate": 25.0, "image_size": (1000, 1000)} | changes
    return Detections(
        keypoint_set=fields.pop("keypoint_set", "coco-17"),
        keypoint_names=fields.pop("keypoint_names", NAMES),
        num_frames=frames,
        people=people,
        **fields,
    )


def test_views_are_aligned_and_gaps_have_confidence_0() -> None:
    left, right = track([2, 3, 5]), track([3, 6])
    views = video(left, credit="me"), video(right, frames=8, credit="me")
    evidence = evidence_of(views, CAMERAS, (left, right))
    assert (evidence.num_frames, evidence.first_frame, evidence.frame_rate) == (5, 2, 25.0)
    assert evidence.confidence is not None and evidence.keypoints is not None
    expected = [[1, 0], [1, 1], [0, 0], [1, 0], [0, 1]]
    np.testing.assert_array_equal(evidence.confidence[..., 0], 0.5 * np.array(expected))
    np.testing.assert_array_equal(evidence.keypoints[3, 0, 1], [50, 50])
    assert evidence.credit == "me" and evidence.cameras == CAMERAS


def test_heatmaps_and_covariances_come_along_where_all_views_have_them() -> None:
    rich = {
        "heatmaps": np.full((2, 3, 4, 5), 200, np.uint8),
        "cell_to_pixel": np.full((2, 1, 2, 3), [[4.0, 0, 7], [0, 4, 9]]),
        "covariance": np.full((2, 3, 2, 2), 9 * np.eye(2)),
    }
    person = track([0, 2], **rich)
    evidence = evidence_of([video(person)], CAMERAS[:1], [person])
    assert evidence.heatmaps is not None and evidence.covariance is not None
    assert evidence.heatmaps.shape == (3, 1, 3, 4, 5) and evidence.heatmaps.dtype == np.uint8
    np.testing.assert_array_equal(evidence.heatmaps.max((1, 2, 3, 4)), [200, 0, 200])
    np.testing.assert_array_equal(evidence.covariance[:, 0, 0, 1, 1], [9, 1, 9])
    poor = track([0, 2])
    both = evidence_of([video(person), video(poor)], CAMERAS, [person, poor])
    assert both.heatmaps is None and both.cell_to_pixel is None and both.covariance is None


def test_a_moving_camera_has_a_pose_in_each_frame_of_the_video() -> None:
    still = CAMERAS[0]
    shifts = still.translation + np.arange(10)[:, None] * [0.1, 0, 0]
    moving = attrs.evolve(still, rotation=np.stack([still.rotation] * 10), translation=shifts)
    person = track([4, 5])
    evidence = evidence_of([video(person)], [moving], [person])
    np.testing.assert_array_equal(evidence.cameras[0].translation, shifts[4:6])
    with pytest.raises(UserError, match="moves over 10 frames, but the video has 9"):
        evidence_of([video(person, frames=9)], [moving], [person])


def test_the_frame_rate_is_the_videos_or_given() -> None:
    person = track([0])
    unknown = video(person, frame_rate=None)
    assert evidence_of([unknown], CAMERAS[:1], [person], 50.0).frame_rate == 50
    assert evidence_of([unknown, video(person)], CAMERAS, [person] * 2).frame_rate == 25
    with pytest.raises(UserError, match="give --frame-rate"):
        evidence_of([unknown], CAMERAS[:1], [person])
    with pytest.raises(UserError, match=r"different frame rates \(25, 30\)"):
        evidence_of([video(person), video(person, frame_rate=30.0)], CAMERAS, [person] * 2)


def test_views_must_see_the_same_keypoints_through_known_cameras() -> None:
    person = track([0])
    other = video(person, keypoint_set="body-25")
    with pytest.raises(UserError, match="one is of 'coco-17' and another of 'body-25'"):
        evidence_of([video(person), other], CAMERAS, [person] * 2)
    guess = guessed_camera((1000, 1000))
    with pytest.raises(UserError, match="camera 'guess' is a guess"):
        evidence_of([video(person)] * 2, [CAMERAS[0], guess], [person] * 2)


def names(views: list[Detections], choice: str) -> list[tuple[str, list[str]]]:
    return [(name, [t.name for t in tracks]) for name, tracks in people_of(views, choice)]


def test_people_are_chosen_by_size_by_name_or_altogether() -> None:
    spread = np.array([[[0, 0], [50, 90], [9, 9]]] * 2, float)
    first, second = track([0, 1]), track([0, 1], "7", keypoints=spread)
    view = video(first, second)
    assert names([view], "largest") == [("7", ["7"])]
    assert names([view], "0") == [("0", ["0"])]
    assert names([view], "all") == [("0", ["0"]), ("7", ["7"])]
    other = video(track([0], "a"), track([1], "7"))
    assert names([view, other], "0,a") == [("0", ["0", "a"])]
    assert names([view, other], "7") == [("7", ["7", "7"])]
    with pytest.raises(UserError, match="who is who in several views is not known"):
        names([view, other], "all")
    with pytest.raises(UserError, match="--person 0,a,b names 3 people for 2 views"):
        names([view, other], "0,a,b")
    assert names([video(first), video(track([0], "a"))], "all") == [("0", ["0", "a"])]
