from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from platypose_motion.bvh import parse
from platypose_motion.cgspeed import UNIT, restore_lost_bones
from platypose_motion.cmu import Cmu
from platypose_motion.config import CmuConfig

from platypose.api import UserError
from platypose.motion import MotionSet, Rejection, bone_lengths
from platypose.skeleton import H36M_17

Trial = Callable[..., str]
Column = Callable[[str], int]
JOINT = {name: index for index, name in enumerate(H36M_17.joints)}


def _prepare(
    *sources: Path, frame_rate: float = 30.0
) -> tuple[MotionSet, dict[str, Rejection], list[tuple[int, int, str]]]:
    seen: list[tuple[int, int, str]] = []
    motion, rejections = Cmu(config=CmuConfig(frame_rate=frame_rate)).prepare(
        sources, progress=lambda done, total, name: seen.append((done, total, name))
    )
    return motion, {rejection.name: rejection for rejection in rejections}, seen


def _folder(path: Path, trials: dict[str, str]) -> Path:
    for name, text in trials.items():
        file = path / name[:2] / f"{name}.bvh"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


def _archive(path: Path, trials: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in trials.items():
            archive.writestr(f"{name[:2]}/{name}.bvh", text)
    return path


@pytest.fixture
def walker(tmp_path: Path, trial: Trial) -> np.ndarray:
    """The made-up walker as prepared, (frames, 17, 3)."""
    motion, rejections, _ = _prepare(_folder(tmp_path, {"02_01": trial()}))
    assert not rejections
    return motion.positions


def test_walker_stands_on_the_floor_in_metres(walker: np.ndarray) -> None:
    ankles = walker[:, [JOINT["left_foot"], JOINT["right_foot"]], 2]
    assert -0.1 < ankles.min() < 0.2
    assert 1.4 < walker[:, JOINT["head"], 2].mean() < 1.8


def test_leg_length_is_the_files_in_cmu_units(walker: np.ndarray) -> None:
    leg = sum(
        np.linalg.norm(walker[:, JOINT[a]] - walker[:, JOINT[b]], axis=-1).mean()
        for a, b in [("left_hip", "left_knee"), ("left_knee", "left_foot")]
    )
    inches = (np.hypot(2.4, 6.6) + np.hypot(2.5, 6.9)) / 0.45
    np.testing.assert_allclose(leg, inches * 0.0254, rtol=1e-3)


def test_walker_goes_forward_along_x_at_its_speed(walker: np.ndarray) -> None:
    # The tolerance covers the sway of the filter at the two ends.
    velocity = (walker[-1, 0] - walker[0, 0]) / ((len(walker) - 1) / 30)
    np.testing.assert_allclose(velocity, [1.2, 0, 0], atol=0.01)


def test_left_is_the_left_of_a_person_who_walks_along_x(walker: np.ndarray) -> None:
    for part in ("hip", "knee", "foot", "shoulder"):
        left, right = walker[:, JOINT[f"left_{part}"]], walker[:, JOINT[f"right_{part}"]]
        assert (left[:, 1] > right[:, 1]).all()


def test_the_arm_that_the_file_bends_is_the_left_one(walker: np.ndarray) -> None:
    def reach(side: str) -> float:
        shoulder, wrist = walker[:, JOINT[f"{side}_shoulder"]], walker[:, JOINT[f"{side}_wrist"]]
        return float(np.linalg.norm(wrist - shoulder, axis=-1).mean())

    straight = (5 + 1.5 * 3.4) * UNIT
    np.testing.assert_allclose(reach("right"), straight, rtol=1e-3)
    assert reach("left") < 0.9 * straight
    # Bent by -60° about y, the left hand comes forward.
    assert (walker[:, JOINT["left_wrist"], 0] > walker[:, JOINT["left_elbow"], 0] + 0.2).all()


def test_the_t_pose_is_dropped_and_four_frames_become_one(walker: np.ndarray) -> None:
    # 241 frames with the T-pose.
    assert walker.shape == (60, 17, 3)
    # The first prepared frame has the arm bent already, which the T-pose has not.
    assert walker[0, JOINT["left_wrist"], 0] > walker[0, JOINT["left_shoulder"], 0] + 0.2


def test_hip_is_the_middle_of_the_hips(walker: np.ndarray) -> None:
    middle = walker[:, [JOINT["left_hip"], JOINT["right_hip"]]].mean(axis=1)
    np.testing.assert_allclose(walker[:, JOINT["hip"]], middle, atol=1e-5)


def test_lost_thorax_and_wrist_bones_are_restored(trial: Trial) -> None:
    offsets = {
        joint.name: joint.offset for joint in restore_lost_bones(parse(trial(), "walker")).joints
    }
    for name in ("Neck", "LeftShoulder", "RightShoulder"):
        np.testing.assert_allclose(offsets[name], (0, 2.0, 0), atol=1e-12)
    np.testing.assert_allclose(offsets["LeftFingerBase"], (1.7, 0, 0))
    np.testing.assert_allclose(offsets["RightFingerBase"], (-1.7, 0, 0))


def test_a_file_that_has_these_bones_keeps_them(trial: Trial) -> None:
    own = re.sub(r"(JOINT Neck\n\{\nOFFSET) 0 0 0", r"\1 0 2.5 0", trial())
    offsets = {joint.name: joint.offset for joint in restore_lost_bones(parse(own, "a")).joints}
    assert offsets["Neck"] == (0, 2.5, 0)


def test_bones_are_human_and_rigid(tmp_path: Path, trial: Trial) -> None:
    motion, _, _ = _prepare(_folder(tmp_path, {"02_01": trial()}))
    lengths = bone_lengths(motion, H36M_17.parents)["02"]
    by_joint = dict(zip(H36M_17.joints[1:], lengths.mean_mm, strict=True))
    assert 380 < by_joint["left_knee"] < 450
    assert 240 < by_joint["left_wrist"] < 300
    assert 200 < by_joint["thorax"] < 260
    assert lengths.spread_mm.max() < 2


def test_subjects_05_08_and_16_are_held_out(tmp_path: Path, trial: Trial) -> None:
    names = ["02_01", "05_02", "08_01", "16_11", "49_01"]
    motion, _, _ = _prepare(_folder(tmp_path, dict.fromkeys(names, trial())))
    assert {clip.name: clip.split for clip in motion.clips} == {
        "02_01": "train",
        "05_02": "test",
        "08_01": "test",
        "16_11": "test",
        "49_01": "train",
    }
    assert [clip.subject for clip in motion.clips] == ["02", "05", "08", "16", "49"]


def test_zip_and_folder_give_the_same_set(tmp_path: Path, trial: Trial) -> None:
    trials = {"02_01": trial(), "05_01": trial(300)}
    from_folder, _, _ = _prepare(_folder(tmp_path / "folder", trials))
    from_zip, _, _ = _prepare(_archive(tmp_path / "a.zip", trials))
    np.testing.assert_array_equal(from_folder.positions, from_zip.positions)
    assert from_folder.clips == from_zip.clips


def test_a_trial_given_twice_counts_once(tmp_path: Path, trial: Trial) -> None:
    folder = _folder(tmp_path / "folder", {"02_01": trial()})
    archive = _archive(tmp_path / "a.zip", {"02_01": trial(), "02_02": trial()})
    motion, rejections, _ = _prepare(folder, archive)
    assert [clip.name for clip in motion.clips] == ["02_01", "02_02"]
    (rejection,) = rejections.values()
    assert rejection.name == f"{archive}/02/02_01.bvh"
    assert "given twice" in rejection.reason


def test_progress_counts_every_file(tmp_path: Path, trial: Trial) -> None:
    _, _, seen = _prepare(_folder(tmp_path, {"05_01": trial(), "02_01": trial()}))
    assert seen == [(1, 2, "02_01"), (2, 2, "05_01")]


def test_another_frame_rate(tmp_path: Path, trial: Trial) -> None:
    motion, _, _ = _prepare(_folder(tmp_path, {"02_01": trial()}), frame_rate=60.0)
    assert motion.frame_rate == 60.0
    assert len(motion.positions) == 120


def test_credit_is_what_the_owners_ask_for(tmp_path: Path, trial: Trial) -> None:
    motion, _, _ = _prepare(_folder(tmp_path, {"02_01": trial()}))
    assert motion.credit == (
        "The data used in this project was obtained from mocap.cs.cmu.edu. "
        "The database was created with funding from NSF EIA-0196217."
    )


def _z_up(walk: np.ndarray) -> None:
    # Turned by 90° about x, the person lies unless z is read as the vertical axis.
    walk[:, 5] = 90


def _rows_nan(walk: np.ndarray) -> None:
    walk[7, 4] = np.nan


def _scaled(text: str, factor: float) -> str:
    """All offsets in another unit."""

    def scale(found: re.Match[str]) -> str:
        return "OFFSET " + " ".join(str(factor * float(x)) for x in found[1].split())

    return re.sub(r"OFFSET (.*)", scale, text)


def _mirrored(text: str) -> str:
    """Left and right exchanged in the offsets, not in the names."""

    def flip(found: re.Match[str]) -> str:
        x, y, z = found[1].split()
        return f"OFFSET {-float(x)} {y} {z}"

    return re.sub(r"OFFSET (.*)", flip, text)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda trial: trial(100), r"lasts 0\.8\d s, less than 1 s"),
        (lambda trial: trial(edit=_rows_nan), "NaN"),
        (lambda trial: _scaled(trial(), 5.644), r"a leg is 4\.\d+ m long.*units"),
        (lambda trial: _scaled(trial(), 0.05644), r"a leg is 0\.05 m long.*units"),
        (lambda trial: _mirrored(trial()), "left and right are swapped"),
        (lambda trial: trial(edit=_z_up), "upright in 0 % of the frames"),
        (
            lambda trial: trial().replace("JOINT LeftLeg", "JOINT lShin"),
            "not the cgspeed skeleton: it has no joint LeftLeg",
        ),
        (lambda trial: trial()[:9000], r"02_01\.bvh"),
        (lambda trial: "", r"02_01\.bvh ends where HIERARCHY is expected"),
    ],
)
def test_implausible_trials_are_left_out_with_the_reason(
    tmp_path: Path,
    trial: Trial,
    make: Callable[[Trial], str],
    reason: str,
) -> None:
    folder = _folder(tmp_path, {"02_01": make(trial), "02_02": trial()})
    motion, rejections, _ = _prepare(folder)
    assert [clip.name for clip in motion.clips] == ["02_02"]
    assert re.search(reason, rejections["02_01"].reason)


def test_a_limb_that_changes_its_length_is_left_out(tmp_path: Path, trial: Trial) -> None:
    # Position channels let the elbow drift away from the shoulder.
    lines = trial().splitlines()
    start = lines.index("JOINT LeftForeArm") + 3
    lines[start] = "CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation"
    motion_start = next(i for i, line in enumerate(lines) if line.startswith("Frame Time")) + 1
    moving = [line.split()[1] for line in lines if line.startswith(("ROOT", "JOINT"))]
    column = 3 + 3 * moving.index("LeftForeArm")
    for number, row in enumerate(lines[motion_start:]):
        values = row.split()
        values[column:column] = [f"{number / 100:.3f}", "0", "0"]
        lines[motion_start + number] = " ".join(values)
    folder = _folder(tmp_path, {"02_01": "\n".join(lines), "02_02": trial()})
    _, rejections, _ = _prepare(folder)
    assert re.search("bone to left_elbow changes its length by", rejections["02_01"].reason)


def test_a_trial_is_cut_where_a_joint_jumps(tmp_path: Path, trial: Trial, column: Column) -> None:
    def jump(walk: np.ndarray) -> None:
        # The right knee bends the wrong way for a tenth of a second.
        walk[200:212, column("RightUpLeg") + 2] += 70

    folder = _folder(tmp_path, {"02_01": trial(481, jump)})
    motion, rejections, _ = _prepare(folder)
    assert [clip.name for clip in motion.clips] == ["02_01-1", "02_01-2"]
    assert "jumps of a joint" in rejections["02_01"].reason
    assert 12 / 120 <= rejections["02_01"].seconds <= 20 / 120
    # 199 frames before and 267 after at 120 Hz, every fourth kept.
    assert [clip.frames for clip in motion.clips] == [50, 67]
    for clip in motion.clips:
        steps = np.linalg.norm(np.diff(motion.of(clip), axis=0), axis=-1)
        assert steps.max() * 30 < 5


def test_pieces_shorter_than_a_second_are_left_out(
    tmp_path: Path, trial: Trial, column: Column
) -> None:
    def jump(walk: np.ndarray) -> None:
        walk[100:, column("RightUpLeg") + 2] += 70

    motion, rejections, _ = _prepare(_folder(tmp_path, {"02_01": trial(481, jump)}))
    assert [clip.name for clip in motion.clips] == ["02_01"]
    assert "102 of 480 frames" in rejections["02_01"].reason


def test_a_name_without_subject_and_trial_is_left_out(tmp_path: Path, trial: Trial) -> None:
    folder = _folder(tmp_path, {"02_01": trial()})
    (folder / "walk.bvh").write_text(trial())
    motion, rejections, _ = _prepare(folder)
    assert len(motion.clips) == 1
    assert "not subject_trial.bvh" in rejections[f"{folder}/walk.bvh"].reason


def test_a_damaged_member_of_an_archive_is_left_out(tmp_path: Path, trial: Trial) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("02/02_01.bvh", trial())
        file.writestr("02/02_02.bvh", trial())
    content = bytearray(archive.read_bytes())
    content[5000] ^= 0xFF
    archive.write_bytes(content)
    motion, rejections, _ = _prepare(archive)
    assert [clip.name for clip in motion.clips] == ["02_02"]
    assert "cannot be read" in rejections["02_01"].reason


def _no_such_source(path: Path) -> Sequence[Path]:
    return [path / "absent.zip"]


def _text_file(path: Path) -> Sequence[Path]:
    (path / "notes.zip").write_text("no archive")
    return [path / "notes.zip"]


def _empty_folder(path: Path) -> Sequence[Path]:
    return [path]


def _empty_archive(path: Path) -> Sequence[Path]:
    return [_archive(path / "a.zip", {})]


def _nothing_usable(path: Path) -> Sequence[Path]:
    return [_archive(path / "a.zip", {"02_01": "HIERARCHY"})]


def _no_source(path: Path) -> Sequence[Path]:
    return []


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (_no_such_source, r"absent\.zip does not exist; a zip archive or a folder"),
        (_text_file, r"notes\.zip cannot be read as a zip archive"),
        (_empty_folder, r"holds no \.bvh file"),
        (_empty_archive, r"a\.zip holds no \.bvh file"),
        (_nothing_usable, r"no usable CMU trial; 02_01: .*02_01\.bvh ends where ROOT"),
        (_no_source, r"no usable CMU trial\."),
    ],
)
def test_unusable_sources_are_one_sentence(
    tmp_path: Path, sources: Callable[[Path], Sequence[Path]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        _prepare(*sources(tmp_path))
