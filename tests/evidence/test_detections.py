from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from platypose import Evidence
from platypose.api import UserError
from platypose.evidence import Detections, Track
from platypose.testing import scene

NAMES = ("nose", "left_hip", "right_hip")


def track(name: str = "0", height: float = 100.0, **changes: Any) -> Track:
    keypoints = np.tile([[50.0, 0.0], [40.0, height], [60.0, height]], (3, 1, 1))
    options: dict[str, Any] = {
        "name": name,
        "frames": np.array([0, 1, 4]),
        "keypoints": keypoints,
        "confidence": np.ones((3, 3)),
    }
    return Track(**options | changes)


def detections(*people: Track, **changes: Any) -> Detections:
    options: dict[str, Any] = {
        "keypoint_set": "coco-17",
        "keypoint_names": NAMES,
        "num_frames": 5,
        "frame_rate": 30.0,
        "image_size": (640, 480),
        "people": people,
        "credit": "Somebody.",
    }
    return Detections(**options | changes)


def test_the_largest_person_covers_most_of_the_picture_over_all_frames() -> None:
    seen = detections(track("near", 200.0), track("far", 50.0))
    assert [person.name for person in seen.person("largest")] == ["near"]
    once = {"frames": np.array([2]), "confidence": np.ones((1, 3))}
    brief = track("brief", keypoints=track(height=220.0).keypoints[:1], **once)
    assert [p.name for p in detections(track("near", 200.0), brief).person()] == ["near"]


def test_a_box_counts_where_there_is_one() -> None:
    boxed = track("boxed", 10.0, boxes=np.tile([0.0, 0.0, 500.0, 500.0], (3, 1)))
    assert [p.name for p in detections(track("near", 200.0), boxed).person()] == ["boxed"]


def test_a_missing_keypoint_makes_nobody_larger() -> None:
    points = track().keypoints.copy()
    points[:, 0] = -9000.0
    unseen = np.tile([0.0, 1.0, 1.0], (3, 1))
    assert track(keypoints=points, confidence=unseen).size == 0.0


def test_people_are_chosen_by_name_or_number_or_all_of_them() -> None:
    seen = detections(track("0"), track("7"))
    assert [p.name for p in seen.person(7)] == [p.name for p in seen.person("7")] == ["7"]
    assert [p.name for p in seen.person("all")] == ["0", "7"]
    with pytest.raises(UserError, match="There is no person '3'; choose largest, all, or one of 0"):
        seen.person(3)
    with pytest.raises(UserError, match="Nobody was found"):
        detections().person("all")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": np.array([0, 1, 1])}, "Person '0': frames must be at least 0 and ascend"),
        ({"frames": np.array([-1, 0, 1])}, "must be at least 0"),
        ({"frames": np.array([0.0, 1.0, 2.0])}, "frames holds float64, not whole numbers"),
        ({"frames": np.array([], np.int64)}, "at least one frame"),
        ({"keypoints": np.full((3, 3, 2), np.nan)}, "NaN or infinite"),
        ({"keypoints": np.zeros((3, 3))}, "keypoints has shape"),
        ({"keypoints": np.full((3, 3, 2), 2e6)}, "beyond a million pixels"),
        ({"confidence": np.full((3, 3), 1.5)}, "confidence must lie between 0 and 1"),
        ({"confidence": np.full((3, 3), -0.5)}, "confidence must lie between 0 and 1"),
        ({"boxes": np.tile([5.0, 5.0, 4.0, 9.0], (3, 1))}, "left, top, right and bottom"),
        ({"heatmaps": np.zeros((3, 3, 4, 4))}, "no cell_to_pixel"),
        ({"covariance": np.zeros((3, 2, 2))}, "covariance has shape"),
    ],
)
def test_a_wrong_track_is_one_sentence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        track(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keypoint_set": "coco"}, "no keypoint set 'coco'"),
        ({"keypoint_names": ("nose", "nose", "left_hip")}, "twice"),
        ({"keypoint_names": ()}, "name no keypoints"),
        ({"keypoint_names": ("nose",)}, "Person '0' has 3 keypoints, but 1 are named"),
        ({"num_frames": 4}, "Person '0' is in frame 4, but the video has 4 frames"),
        ({"num_frames": 0}, "no frames"),
        ({"num_frames": 10**12}, "at most 10000000 are read"),
        ({"frame_rate": 0.0}, "frame rate"),
        ({"frame_rate": float("nan")}, "frame rate"),
        ({"image_size": (0, 5)}, "image size"),
        ({"focal": 0.0}, "focal length"),
        ({"focal": float("nan")}, "focal length"),
        ({"people": (track("a"), track("a"))}, "Two people are called 'a'"),
    ],
)
def test_wrong_detections_are_one_sentence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        detections(**{"people": (track(),)} | changes)


@pytest.mark.parametrize("ending", [".safetensors", ".npz"])
def test_what_is_written_is_read_again(ending: str, tmp_path: Path) -> None:
    heatmaps = np.random.default_rng(0).integers(0, 255, (3, 3, 4, 5)).astype(np.uint8)
    affine = np.tile(np.eye(2, 3), (3, 1, 1, 1))
    full = track(
        "full", heatmaps=heatmaps, cell_to_pixel=affine, boxes=np.tile(np.arange(4), (3, 1))
    )
    seen = detections(track("plain"), full, frame_rate=None)
    seen.write(tmp_path / f"seen{ending}")
    again = Detections.read(tmp_path / f"seen{ending}")
    for one, other in zip(again.people, seen.people, strict=True):
        for field in attrs.fields(Track):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))
    plain = [field.name for field in attrs.fields(Detections) if field.name != "people"]
    assert [getattr(again, name) for name in plain] == [getattr(seen, name) for name in plain]


def test_a_file_of_detections_is_no_evidence_and_the_other_way_round(tmp_path: Path) -> None:
    detections(track()).write(tmp_path / "seen")
    with pytest.raises(UserError, match="seen holds detections, not evidence"):
        Evidence.read(tmp_path / "seen")
    scene.evidence(1).write(tmp_path / "seen")
    with pytest.raises(UserError, match="seen holds evidence, not detections"):
        Detections.read(tmp_path / "seen")
