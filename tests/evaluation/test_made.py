"""What the made cameras see, against OpenCV and the truth that comes with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import cv2
import numpy as np
import pytest
import torch

from platypose.api import UserError
from platypose.evaluation.detection import detect
from platypose.evaluation.excerpt import cut
from platypose.evaluation.made import MadeSource, every, meeting_point
from platypose.evidence.presets import h36m_cameras


def _source(people: Path, **changes: Any) -> MadeSource:
    options: dict[str, Any] = {
        "split": "test",
        "frames": 1,
        "spacing": 30,
        "frame_rate": 30.0,
        "keypoints": "h36m-17",
    }
    return MadeSource([people], h36m_cameras(), **{**options, **changes})


def test_there_are_44_cameras_that_stand_round_a_point_and_look_at_it() -> None:
    cameras = h36m_cameras()
    assert len({camera.name for camera in cameras}) == len(cameras) == 44
    for camera in cameras:
        centre = -camera.rotation.T @ camera.translation
        assert 3 < np.linalg.norm(centre[:2]) < 8 and 1 < centre[2] < 2
        towards = np.array([*meeting_point(cameras), 1.0]) - centre
        assert camera.rotation[2] @ towards / np.linalg.norm(towards) > 0.98
        assert camera.rotation[1, 2] < -0.9  # the image's down is the world's


def test_recordings_are_cut_without_overlap_and_short_ones_kept_whole() -> None:
    assert cut(200, 64, 30) == [(0, 64), (64, 64), (128, 64)]
    assert cut(100, 1, 30) == [(0, 1), (30, 1), (60, 1), (90, 1)]
    assert cut(20, 64, 30) == [(0, 20)]


def test_only_the_split_is_seen(people: Path) -> None:
    assert {e.recording for e in _source(people).excerpts()} == {"05_01", "05_02"}
    with pytest.raises(UserError, match="people has no clip of the split 'validation'"):
        _source(people, split="validation").excerpts()


def test_a_faster_recording_is_thinned() -> None:
    assert [every(rate, 30.0) for rate in (24.0, 30.0, 50.0, 60.0, 120.0)] == [1, 1, 2, 2, 4]


def test_keypoints_are_what_opencv_projects(people: Path) -> None:
    source = _source(people, frames=64)
    for number, excerpt in enumerate(source.excerpts()):
        scene = source.see((excerpt,), number)
        assert scene is not None and scene.evidence.keypoints is not None
        (camera,) = scene.evidence.cameras
        fx, fy = camera.parameters["focal"]
        cx, cy = camera.parameters["centre"]
        matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        turn, _ = cv2.Rodrigues(camera.rotation)
        distortion = np.array(camera.parameters["distortion"])
        pixels, _ = cv2.projectPoints(
            scene.truth.reshape(-1, 1, 3), turn, camera.translation, matrix, distortion
        )
        np.testing.assert_allclose(
            scene.evidence.keypoints[:, 0], pixels.reshape(-1, 17, 2), atol=1e-6
        )
        assert (pixels >= 0).all() and (pixels < 1002).all()


def test_a_clip_stands_on_the_floor_in_the_middle_and_is_only_moved_and_turned(
    people: Path,
) -> None:
    source = _source(people, frames=64)
    excerpt = source.excerpts()[1]
    scene = source.see((excerpt,), 3)
    assert scene is not None
    original = source.motions[0].positions[64:128].astype(np.float64)
    path = scene.truth[:, 0, :2]
    np.testing.assert_allclose((path.max(0) + path.min(0)) / 2, source.middle, atol=1e-9)
    assert scene.truth[..., 2].min() == pytest.approx(0)
    first, second = (x - x[:, :1] for x in (scene.truth, original))
    np.testing.assert_allclose(
        np.linalg.norm(first, axis=-1), np.linalg.norm(second, axis=-1), atol=1e-6
    )
    np.testing.assert_allclose(first[..., 2], second[..., 2], atol=1e-6)
    np.testing.assert_array_equal(scene.evidence.root, scene.truth[:, 0])


def test_what_is_drawn_depends_on_the_number_of_the_group_alone(people: Path) -> None:
    source = _source(people)
    group = tuple(source.excerpts()[:5])
    first, again, other = (source.see(group, number) for number in (1, 1, 2))
    assert first is not None and again is not None and other is not None
    np.testing.assert_array_equal(first.evidence.keypoints, again.evidence.keypoints)
    assert not np.allclose(first.truth, other.truth)


def test_a_clip_that_walks_out_of_every_image_is_left_out(people: Path) -> None:
    source = _source(people, frames=64)
    away = source.motions[0].positions.copy()
    away[:64, :, 0] += np.linspace(0, 40, 64)[:, None]
    source.motions[0] = attrs.evolve(source.motions[0], positions=away)
    assert source.see((source.excerpts()[0],), 0) is None
    both = source.see(tuple(source.excerpts()[:2]), 0)
    assert both is not None and both.excerpts == (source.excerpts()[1],)
    assert len(both.truth) == both.evidence.num_frames == 64


def test_noise_has_the_stated_size_and_the_covariance_says_it(people: Path) -> None:
    scene = _source(people, frames=200).see((_source(people, frames=200).excerpts()[0],), 0)
    assert scene is not None and scene.evidence.keypoints is not None
    noisy = detect(
        scene.evidence, noise_px=7.0, occlude="none", generator=torch.Generator().manual_seed(0)
    )
    assert noisy.keypoints is not None and noisy.covariance is not None
    error = noisy.keypoints - scene.evidence.keypoints
    assert error.std() == pytest.approx(7, rel=0.02) and abs(error.mean()) < 0.2
    np.testing.assert_array_equal(noisy.covariance[0, 0, 0], 49 * np.eye(2))
    assert noisy.confidence is None


@pytest.mark.parametrize(
    ("occlude", "hidden"),
    [
        ("lower-body", {"right_knee", "right_foot", "left_knee", "left_foot"}),
        ("half", {f"{s}_{j}" for s in ("left",) for j in
                  ("hip", "knee", "foot", "shoulder", "elbow", "wrist")}),
    ],
)  # fmt: skip
def test_the_joints_that_are_named_are_hidden(occlude: str, hidden: set[str], people: Path) -> None:
    scene = _source(people).see(tuple(_source(people).excerpts()), 0)
    assert scene is not None
    seen = detect(
        scene.evidence, noise_px=0.0, occlude=occlude, generator=torch.Generator().manual_seed(0)
    )
    assert seen.confidence is not None
    names = {seen.keypoint_names[k] for k in np.flatnonzero((seen.confidence == 0).all((0, 1)))}
    mirrored = {name.replace("left", "right") for name in hidden}
    assert names in (hidden, mirrored)
    assert (seen.confidence == 0).sum() == len(hidden) * len(seen.confidence)


def test_joints_hidden_at_random_leave_enough_to_place_a_person(people: Path) -> None:
    scene = _source(people, frames=200).see((_source(people, frames=200).excerpts()[0],), 0)
    assert scene is not None
    for share in (0.3, 0.95):
        seen = detect(
            scene.evidence,
            noise_px=0.0,
            occlude=f"random:{share}",
            generator=torch.Generator().manual_seed(0),
        )
        assert seen.confidence is not None
        counts = (seen.confidence > 0).sum((1, 2))
        assert counts.min() >= 3
        if share < 0.5:
            assert counts.mean() / 17 == pytest.approx(1 - share, abs=0.02)


def test_another_keypoint_set_is_seen_by_its_names(people: Path) -> None:
    scene = _source(people, keypoints="coco-17").see((_source(people).excerpts()[0],), 0)
    assert scene is not None and scene.evidence.keypoint_set == "coco-17"
    assert len(scene.evidence.keypoint_names) == 12
    exact = _source(people).see((_source(people).excerpts()[0],), 0)
    assert exact is not None and exact.evidence.keypoints is not None
    knee = exact.evidence.keypoint_names.index("left_knee")
    same = scene.evidence.keypoint_names.index("left_knee")
    assert scene.evidence.keypoints is not None
    np.testing.assert_allclose(
        scene.evidence.keypoints[:, :, same], exact.evidence.keypoints[:, :, knee]
    )


def test_frames_can_be_taken_out_of_an_evidence(people: Path) -> None:
    source = _source(people, frames=64)
    scene = source.see((source.excerpts()[0],), 0)
    assert scene is not None and scene.evidence.keypoints is not None
    part = scene.evidence.at(np.array([3, 5]))
    assert part.num_frames == 2 and part.root is not None and part.cameras
    np.testing.assert_array_equal(part.keypoints, scene.evidence.keypoints[[3, 5]])


def test_further_cameras_stood_around_the_same_person_and_see_the_whole_clip(people: Path) -> None:
    one, three = _source(people), _source(people, views=3)
    excerpts = one.excerpts()[:4]
    single, several = (source.see(tuple(excerpts), 5) for source in (one, three))
    assert single is not None and several is not None
    assert single.evidence.cameras[0].name == several.evidence.cameras[0].name
    names = [camera.name for camera in several.evidence.cameras]
    assert len(set(names)) == 3 and len({name.partition("/")[0] for name in names}) == 1
    assert several.evidence.keypoints is not None and single.evidence.keypoints is not None
    assert several.evidence.keypoints.shape == (4, 3, 17, 2)
    np.testing.assert_allclose(several.evidence.keypoints[:, :1], single.evidence.keypoints)
    for view, camera in enumerate(several.evidence.cameras):
        (alone,) = [c for c in h36m_cameras() if c.name == camera.name]
        np.testing.assert_array_equal(alone.rotation, camera.rotation)
        points = several.evidence.keypoints[:, view]
        assert (points >= 0).all() and (points < np.array(camera.image_size)).all()
