"""What each program wrote is what is read, whichever format it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from platypose.api import Reader, UserError
from platypose.config import choose
from platypose.evidence import Detections
from platypose.evidence.reading import read_evidence
from platypose.skeleton import keypoint_set

PANDAS = Path(__file__).parent / "data" / "two-people-by-pandas.h5"
Case = tuple[str, str, Any]


def read(path: Path, chosen: str | None = None) -> Detections:
    content = read_evidence(path, None if chosen is None else choose(Reader, chosen))
    assert isinstance(content, Detections)
    return content


def check(found: Detections, people: Any, tolerance: float = 1e-3) -> None:
    """As many people as there are, each in all frames, with their keypoints and confidence."""
    frames = people.shape[1]
    assert found.num_frames == frames and len(found.people) == len(people)
    by_place = sorted(found.people, key=lambda track: track.keypoints[..., 0].max())
    for track, person in zip(by_place, people, strict=True):
        assert track.frames.tolist() == list(range(frames))
        missing = person[..., 2] == 0
        np.testing.assert_allclose(track.keypoints, person[..., :2], atol=tolerance)
        np.testing.assert_array_equal(track.confidence == 0, missing)
        assert (track.keypoints[missing] == 0).all()


def test_the_format_is_found_and_its_people_are_read(
    case: Case, files: Any, tmp_path: Path
) -> None:
    name, keypoints, write = case
    people = files.seen(keypoints)[: 1 if name == "videopose3d" else 2]
    found = read(write(tmp_path / "seen.json", people))
    assert found.keypoint_set == keypoints
    assert found.keypoint_names == keypoint_set(keypoints).keypoints
    check(found, people)
    if name != "videopose3d":  # which holds no confidence
        for track in found.people:
            assert np.abs(track.confidence - people[..., 2]).max(-1).min() < 1e-6


def test_naming_the_format_reads_the_same(case: Case, files: Any, tmp_path: Path) -> None:
    name, keypoints, write = case
    path = write(tmp_path / "seen.json", files.seen(keypoints)[:1])
    one, other = read(path), read(path, name)
    np.testing.assert_array_equal(one.people[0].keypoints, other.people[0].keypoints)


def test_who_shows_nothing_in_a_frame_was_not_seen_there(
    case: Case, files: Any, tmp_path: Path
) -> None:
    _, keypoints, write = case
    people = files.seen(keypoints)[:1].copy()
    people[:, 2] = 0.0
    found = read(write(tmp_path / "seen.json", people))
    (track,) = found.people
    assert found.num_frames == 6 and track.frames.tolist() == [0, 1, 3, 4, 5]


def test_keypoints_outside_of_the_picture_stay_where_they_are(
    case: Case, files: Any, tmp_path: Path
) -> None:
    _, keypoints, write = case
    people = files.seen(keypoints)[:1].copy()
    people[..., :2] -= np.where(people[..., 2:] > 0, [1500.0, 0.0], 0.0)
    found = read(write(tmp_path / "seen.json", people))
    assert found.people[0].keypoints.min() < -500
    check(found, people)


def test_nan_and_negative_confidence_are_missing_keypoints(
    case: Case, files: Any, tmp_path: Path
) -> None:
    name, keypoints, write = case
    people = files.seen(keypoints)[:1].copy()
    wrong = people.copy()
    some = [i for i, c in enumerate(people[0, 0, :, 2]) if c > 0]
    wrong[:, :, some[0], :2] = np.nan
    people[:, :, some[0]] = 0.0
    if name != "videopose3d":
        wrong[:, :, some[1], 2] = -0.01
        wrong[:, :, some[2], 2] = np.nan
        people[:, :, some[1:3]] = 0.0
    check(read(write(tmp_path / "seen.json", wrong)), people)


# OpenPose


@pytest.mark.parametrize("keypoints", ["body-25", "body-25b"])
def test_the_two_sets_of_25_are_told_apart_by_the_hips(
    keypoints: str, files: Any, tmp_path: Path
) -> None:
    folder = files.openpose(tmp_path / "seen", files.seen(keypoints))
    assert read(folder).keypoint_set == keypoints
    other = "body-25" if keypoints == "body-25b" else "body-25b"
    assert read(folder, f"openpose:keypoint_set={other}").keypoint_set == other


def test_a_frame_whose_file_is_missing_has_nobody(files: Any, tmp_path: Path) -> None:
    folder = files.openpose(tmp_path / "seen", files.seen("body-25"))
    (folder / "clip_000000000103_keypoints.json").unlink()
    found = read(folder)
    assert found.num_frames == 6
    assert [track.frames.tolist() for track in found.people] == [[0, 1, 2, 4, 5]] * 2


def test_openpose_s_own_identities_are_kept(files: Any, tmp_path: Path) -> None:
    folder = files.openpose(tmp_path / "seen", files.seen("body-25"))
    for frame, file in enumerate(sorted(folder.iterdir())):
        content = json.loads(file.read_text())
        for who, person in enumerate(content["people"]):
            person["person_id"] = [7 + who]
        content["people"] = content["people"][:: 1 if frame % 2 else -1]
        file.write_text(json.dumps(content))
    assert sorted(track.name for track in read(folder).people) == ["7", "8"]


def test_files_of_two_videos_are_one_sentence(files: Any, tmp_path: Path) -> None:
    folder = files.openpose(tmp_path / "seen", files.seen("body-25"))
    (folder / "clip_000000000103_keypoints.json").rename(folder / "other_000_keypoints.json")
    with pytest.raises(UserError, match=r"several videos \(clip_0+100_.*, other_000_keyp"):
        read(folder)


@pytest.mark.parametrize("count", [15, 70])
def test_other_sets_of_openpose_are_named(count: int, tmp_path: Path) -> None:
    person = {"pose_keypoints_2d": [100.0, 200.0, 0.5] * count}
    (tmp_path / "a_0_keypoints.json").write_text(json.dumps({"people": [person]}))
    with pytest.raises(UserError, match=f"has {count} keypoints a person; OpenPose's sets of 25"):
        read(tmp_path)


# COCO, AlphaPose, MMPose


def test_the_first_frame_can_be_given(files: Any, tmp_path: Path) -> None:
    path = files.coco(tmp_path / "seen.json", files.seen("coco-17"))
    content = json.loads(path.read_text())
    for entry in content:
        entry["image_id"] += 5
    path.write_text(json.dumps(content))
    assert read(path).people[0].frames[0] == 0
    assert read(path, "coco:first_frame=1").people[0].frames[0] == 4
    with pytest.raises(UserError, match="has a frame 5, which is before the first frame 6"):
        read(path, "coco:first_frame=6")


def test_other_categories_than_people_are_left_out(files: Any, tmp_path: Path) -> None:
    path = files.coco(tmp_path / "seen.json", files.seen("coco-17"))
    content = json.loads(path.read_text())
    for entry in content[::2]:
        entry["category_id"] = 18
    path.write_text(json.dumps(content))
    assert len(read(path).people) == 1


def test_boxes_are_left_top_right_bottom(files: Any, tmp_path: Path) -> None:
    people = files.seen("coco-17")[:1]
    for write in (files.coco, files.alphapose, files.mmpose):
        (track,) = read(write(tmp_path / "seen.json", people)).people
        points = people[0, 0][people[0, 0, :, 2] > 0, :2]
        np.testing.assert_allclose(track.boxes[0], [*points.min(0), *points.max(0)])


def test_alphapose_s_identities_are_kept(files: Any, tmp_path: Path) -> None:
    path = files.alphapose(tmp_path / "seen.json", files.seen("halpe-26"), identified=True)
    assert [track.name for track in read(path).people] == ["1", "2"]


def test_alphapose_s_classes_are_no_identities(files: Any, tmp_path: Path) -> None:
    """Without tracking, everybody is of class 0, in as many brackets as detections were merged."""
    people = files.seen("halpe-26")
    path = files.alphapose(tmp_path / "seen.json", people)
    content = json.loads(path.read_text())
    for index, entry in enumerate(content):
        entry["idx"] = ([0.0], [[0.0], [0.0]], [[0.0], [0.0], [0.0]])[index % 3]
    path.write_text(json.dumps(content))
    check(read(path), people)


@pytest.mark.parametrize(("count", "keypoints"), [(133, "coco-17"), (136, "halpe-26")])
def test_of_a_whole_body_the_body_is_kept(
    count: int, keypoints: str, files: Any, tmp_path: Path
) -> None:
    people = files.seen(keypoints)
    rest = np.full((*people.shape[:2], count - people.shape[2], 3), 0.5)
    whole = np.concatenate([people, rest], 2)
    found = read(files.alphapose(tmp_path / "seen.json", whole))
    assert found.keypoint_set == keypoints
    check(found, people)


def test_mmpose_s_meta_info_names_the_set(files: Any, tmp_path: Path) -> None:
    people = files.seen("h36m-17")
    found = read(files.mmpose(tmp_path / "seen.json", people, dataset="h36m"))
    assert found.keypoint_set == "h36m-17"
    check(found, people)


def test_mmpose_s_other_shapes_hold_the_same(files: Any, tmp_path: Path) -> None:
    people = files.seen("coco-17")
    path = files.mmpose(tmp_path / "seen.json", people)
    frames = json.loads(path.read_text())["instance_info"]
    instances = [frame["instances"] for frame in frames]
    for content in (frames, {"predictions": instances}, {"predictions": frames}):
        path.write_text(json.dumps(content))
        check(read(path), people)
    path.write_text(json.dumps(instances[0]))
    check(read(path), people[:, :1])


# MediaPipe


def test_mediapipe_s_rate_and_size_are_kept(files: Any, tmp_path: Path) -> None:
    found = read(files.mediapipe(tmp_path / "seen.json", files.seen("mediapipe-33")))
    assert (found.frame_rate, found.image_size) == (59.94, (2000, 1920))


def test_bare_lists_of_landmarks_need_the_size(files: Any, tmp_path: Path) -> None:
    people = files.seen("mediapipe-33")[:1]
    path = files.mediapipe(tmp_path / "seen.json", people)
    frames = [frame["landmarks"][0] for frame in json.loads(path.read_text())["frames"]]
    rows = [[list(mark.values()) for mark in frame] for frame in frames]
    named = [{"pose_landmarks": frame} for frame in frames]
    for content in (frames, rows, named, [*frames[:3], None, [], *frames[3:]]):
        path.write_text(json.dumps(content))
        found = read(path, "mediapipe:image_size=[2000,1920],frame_rate=30")
        assert found.frame_rate == 30.0 and found.num_frames == len(content)
        track = found.people[0]
        kept = people[0] if len(content) == 6 else people[0][[0, 1, 2, 3, 4, 5]]
        np.testing.assert_allclose(track.keypoints, kept[..., :2], atol=1e-3)
        with pytest.raises(UserError, match="does not say how large the video is; give it with"):
            read(path, "mediapipe")


def test_mediapipe_s_size_may_be_that_of_the_whole_lift(files: Any, tmp_path: Path) -> None:
    people = files.seen("mediapipe-33")[:1]
    path = files.mediapipe(tmp_path / "seen.json", people)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({"frames": content["frames"]}))
    found = read_evidence(path, image_size=(2000, 1920))
    assert isinstance(found, Detections) and found.image_size == (2000, 1920)
    np.testing.assert_allclose(found.people[0].keypoints, people[0][..., :2], atol=1e-3)
    own = choose(Reader, "mediapipe:image_size=[1000,960]")
    assert read_evidence(path, own, image_size=(2000, 1920)).image_size == (1000, 960)


# DeepLabCut


def test_a_table_that_pandas_wrote_is_read(files: Any) -> None:
    people = files.seen("coco-17")
    found = read(PANDAS)
    assert [track.name for track in found.people] == ["left", "right"]
    check(found, people)


@pytest.mark.parametrize("kind", ["dlc_csv", "dlc_h5"])
def test_body_parts_become_keypoints_by_a_map(kind: str, files: Any, tmp_path: Path) -> None:
    people = files.seen("coco-17")
    parts = tuple(f"part {i}" for i in range(17))
    path = getattr(files, kind)(tmp_path / "seen", people, parts)
    with pytest.raises(UserError, match="none of the keypoints of coco-17 among its body parts"):
        read(path)
    names = keypoint_set("coco-17").keypoints
    kept = range(5, 17)
    (tmp_path / "map.yaml").write_text("".join(f"{names[i]}: part {i}\n" for i in kept))
    check(read(path, f"deeplabcut:bodyparts={tmp_path / 'map.yaml'}"), people)
    (tmp_path / "map.yaml").write_text("nose: tail\n")
    with pytest.raises(UserError, match="names a body part 'tail', but"):
        read(path, f"deeplabcut:bodyparts={tmp_path / 'map.yaml'}")
    (tmp_path / "map.yaml").write_text("tail: part 1\n")
    with pytest.raises(UserError, match="names a keypoint 'tail' that the set has not"):
        read(path, f"deeplabcut:bodyparts={tmp_path / 'map.yaml'}")


def test_case_and_punctuation_of_body_parts_do_not_matter(files: Any, tmp_path: Path) -> None:
    people = files.seen("coco-17")
    names = keypoint_set("coco-17").keypoints
    parts = tuple(name.replace("_", " ").title() for name in names)
    check(read(files.dlc_csv(tmp_path / "seen", people, parts)), people)


# VideoPose3D


def test_one_video_of_several_is_chosen(files: Any, tmp_path: Path) -> None:
    people = files.seen("h36m-17")
    views = [people[0, ..., :2], people[1, ..., :2]]
    positions = {"S1": {"Walking": views, "Eating": views[:1]}, "S5": {"Eating": views[1:]}}
    np.savez(tmp_path / "data_2d.npz", positions_2d=positions, metadata={"layout_name": "h36m"})
    path = tmp_path / "data_2d.npz"
    with pytest.raises(UserError, match=r"several videos; choose one with .*subject=, of S1, S5"):
        read(path)
    check(read(path, "videopose3d:subject=S1,action=Walking,camera=1"), people[1:])
    check(read(path, "videopose3d:subject=S5"), people[1:])
    with pytest.raises(UserError, match="has no camera '2'; it has 0, 1"):
        read(path, "videopose3d:subject=S1,action=Walking,camera=2")


def test_videopose3d_s_image_size_is_kept(files: Any, tmp_path: Path) -> None:
    found = read(files.videopose3d(tmp_path / "seen", files.seen("coco-17")))
    assert found.image_size == (2000, 1920)
