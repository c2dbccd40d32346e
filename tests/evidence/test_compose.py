"""From detections in videos to the evidence of one person."""

from __future__ import annotations

from functools import cache
from typing import Any

import attrs
import numpy as np
import pytest

from platypose.api import UserError
from platypose.evidence import Camera, Detections, Track
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
    with pytest.raises(UserError, match="places are known, but that of camera 'guess' is a guess"):
        evidence_of([video(person)] * 2, [CAMERAS[0], guess], [person] * 2)
    leaning = attrs.evolve(CAMERAS[1], roll_deviation=0.1)
    evidence = evidence_of([video(person)] * 2, [CAMERAS[0], leaning], [person] * 2)
    assert evidence.cameras[1].roll_deviation == 0.1


def names(
    views: list[Detections], choice: str, cameras: tuple[Camera, ...] = CAMERAS
) -> list[tuple[str, list[str | None]]]:
    """People, and their names in the views that show them."""
    return [
        (name, [None if track is None else track.name for track in tracks])
        for name, tracks in people_of(views, cameras[: len(views)], choice)
    ]


def test_people_of_a_view_are_chosen_by_size_by_name_or_altogether() -> None:
    spread = np.array([[[0, 0], [50, 90], [9, 9]]] * 2, float)
    first, second = track([0, 1]), track([0, 1], "7", keypoints=spread)
    view = video(first, second)
    assert names([view], "largest") == [("7", ["7"])]
    assert names([view], "0") == [("0", ["0"])]
    assert names([view], "all") == [("0", ["0"]), ("7", ["7"])]


def test_who_is_alone_in_every_view_is_one_person_whatever_the_cameras_say() -> None:
    views = [video(track([0])), video(track([0], "a"))]
    guesses = tuple(attrs.evolve(camera, roll_deviation=0.1) for camera in CAMERAS)
    for choice in ("all", "largest", "0"):
        assert names(views, choice, guesses) == [("0", ["0", "a"])]


def test_somebody_may_be_named_in_each_view() -> None:
    views = [video(track([0]), track([1], "7")), video(track([0], "a"), track([1], "7"))]
    assert names(views, "0, a") == [("0", ["0", "a"])]
    with pytest.raises(UserError, match="--person 0,a,b names 3 people for 2 views"):
        names(views, "0,a,b")


@cache
def filmed(camera: int) -> tuple[Track, Track]:
    """What a camera sees of two people, the nearer one first."""
    body = np.random.default_rng(0).uniform([-0.2, -0.2, 0.1], [0.2, 0.2, 1.7], (3, 3))
    tracks = []
    for name, place in (("near", [0.8, -1.0, 0.0]), ("far", [-0.9, 1.1, 0.0])):
        x, y, z = CAMERAS[camera].rotation @ (body + place).T + CAMERAS[camera].translation[:, None]
        pixels = scene.FOCAL * np.stack([x / z, y / z], -1) + scene.SIZE / 2
        tracks.append(
            track([0, 1, 2], name, keypoints=np.stack([pixels] * 3), confidence=np.ones((3, 3)))
        )
    return tracks[0], tracks[1]


def called(person: Track, name: str) -> Track:
    return attrs.evolve(person, name=name)


def test_people_of_several_views_are_found_by_the_cameras() -> None:
    (near, far), (other_near, other_far) = filmed(0), filmed(1)
    agreed = [video(near, far), video(other_far, other_near)]
    assert names(agreed, "all") == [("near", ["near"] * 2), ("far", ["far"] * 2)]
    assert names(agreed, "far") == [("far", ["far"] * 2)]
    crossed = [
        video(called(near, "0"), called(far, "1")),
        video(called(other_far, "0"), called(other_near, "1")),
    ]
    ((name, found),) = people_of(crossed, CAMERAS, "largest")
    assert name == "0" and None not in found
    for track_, truth in zip(found, (near, other_near)):
        assert track_ is not None
        np.testing.assert_array_equal(track_.keypoints, truth.keypoints)
    with pytest.raises(UserError, match="no person 'x'; choose largest, all, one of 0, 1, or name"):
        names(crossed, "x")


def test_who_is_missing_from_a_view_is_lifted_without_it() -> None:
    (near, far), (other_near, _) = filmed(0), filmed(1)
    views = [video(near, far), video(other_near)]
    assert names(views, "far") == [("far", ["far", None])]
    ((_, person),) = people_of(views, CAMERAS, "far")
    evidence = evidence_of(views, CAMERAS, person)
    assert evidence.cameras == CAMERAS[:1]
    assert evidence.keypoints is not None and evidence.keypoints.shape == (3, 1, 3, 2)


def test_who_is_who_is_not_found_with_guessed_or_wrong_cameras() -> None:
    views = [video(*filmed(0)), video(*filmed(1))]
    guesses = (CAMERAS[0], attrs.evolve(CAMERAS[1], focal_deviation=0.1))
    with pytest.raises(UserError, match="'camera 1' is a guess; name one person in each view"):
        names(views, "largest", guesses)
    turned = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    wrong = (CAMERAS[0], attrs.evolve(CAMERAS[1], rotation=turned @ CAMERAS[1].rotation))
    with pytest.raises(UserError, match="No two views show the same person by these cameras"):
        names(views, "all", wrong)
