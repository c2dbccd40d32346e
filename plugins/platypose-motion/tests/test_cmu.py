from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from platypose_motion.bvh import parse
from platypose_motion.cgspeed import restore_lost_bones
from platypose_motion.cmu import Cmu
from platypose_motion.splits import CMU_TEST_SUBJECTS

from platypose.api import Dataset, Trial, UserError
from platypose.motion.recording import Recording
from platypose.skeleton import H36M_17

Write = Callable[..., str]
JOINT = {name: index for index, name in enumerate(H36M_17.joints)}
CMU = Cmu()


def _folder(path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


def _archive(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def _only(source: Path) -> Trial:
    (trial,) = CMU.trials([source])
    return trial


@pytest.fixture
def walker(tmp_path: Path, trial: Write) -> Recording:
    """The made-up walker as read from the cgspeed conversion."""
    return CMU.read(_only(_folder(tmp_path / "walker", {"02/02_01.bvh": trial()})))


def test_cmu_is_a_data_set_that_can_be_sent_to_another_process() -> None:
    assert isinstance(CMU, Dataset)
    assert pickle.loads(pickle.dumps(CMU)) == CMU


def test_walker_stands_on_the_floor_in_metres(walker: Recording) -> None:
    ankles = walker.positions[:, [JOINT["left_foot"], JOINT["right_foot"]], 2]
    assert -0.1 < ankles.min() < 0.2
    assert 1.4 < walker.positions[:, JOINT["head"], 2].mean() < 1.8
    assert walker.absolute


def test_walker_walks_1_2_metres_a_second_towards_x(walker: Recording) -> None:
    assert walker.frame_rate == 120.0
    assert len(walker.positions) == 240, "the T-pose is dropped"
    hips = walker.positions[:, JOINT["hip"]]
    velocity = (hips[-1] - hips[0]) * walker.frame_rate / (len(hips) - 1)
    np.testing.assert_allclose(velocity, [1.2, 0, 0], atol=0.01)


def test_left_is_left(walker: Recording) -> None:
    pose = walker.positions
    for part in ("hip", "knee", "foot", "shoulder", "elbow", "wrist"):
        left, right = pose[:, JOINT[f"left_{part}"]], pose[:, JOINT[f"right_{part}"]]
        # Facing x with z up, the left side is towards y.
        assert ((left - right)[:, 1] > 0.1).all()
    assert walker.toes is not None
    assert (walker.toes[:, 0, 1] > walker.toes[:, 1, 1]).all()
    assert (walker.toes.mean(axis=(0, 1)) > pose[:, [3, 6]].mean(axis=(0, 1)))[0]


def test_only_the_bent_elbow_is_bent(walker: Recording) -> None:
    def angle(side: str) -> float:
        shoulder, elbow, wrist = (
            walker.positions[0, JOINT[f"{side}_{part}"]] for part in ("shoulder", "elbow", "wrist")
        )
        upper, fore = elbow - shoulder, wrist - elbow
        cos = upper @ fore / np.linalg.norm(upper) / np.linalg.norm(fore)
        return float(np.degrees(np.arccos(np.clip(cos, -1, 1))))

    assert angle("left") == pytest.approx(60, abs=1e-3)
    assert angle("right") == pytest.approx(0, abs=1e-3)


def test_hip_is_midway_between_the_hips(walker: Recording) -> None:
    pose = walker.positions
    middle = (pose[:, JOINT["left_hip"]] + pose[:, JOINT["right_hip"]]) / 2
    np.testing.assert_allclose(pose[:, JOINT["hip"]], middle, atol=1e-9)


def test_acclaim_files_and_the_conversion_give_the_same_recording(
    tmp_path: Path, trial: Write, amc: Write, asf: str, column: Callable[[str], int]
) -> None:
    def turn(walk: np.ndarray) -> None:
        # Every bone but the pelvis, which has no channels, turns about every axis.
        random = np.random.default_rng(0)
        walk[:, 3:] += random.uniform(-40, 40, walk.shape[1] - 3)
        for joint in ("LHipJoint", "RHipJoint"):
            walk[:, column(joint) : column(joint) + 3] = 0

    source = _archive(
        tmp_path / "a.zip",
        {
            "subjects/02/02.asf": asf,
            "subjects/02/02_01.amc": amc(30, turn),
            "bvh/02/02_01.bvh": trial(30, turn),
        },
    )
    original, converted = (CMU.read(found) for found in CMU.trials([source]))
    assert original.frame_rate == converted.frame_rate == 120.0
    # The files are written with five decimals.
    np.testing.assert_allclose(original.positions, converted.positions, atol=1e-6)
    assert original.toes is not None
    assert converted.toes is not None
    np.testing.assert_allclose(original.toes, converted.toes, atol=1e-6)


def test_lost_thorax_and_wrist_bones_are_restored(trial: Write) -> None:
    bvh = restore_lost_bones(parse(trial(), "walk.bvh"))

    def length(name: str) -> float:
        return float(np.linalg.norm(bvh.joints[bvh.index(name)].offset))

    assert length("Neck") == pytest.approx(2.0)
    for side in ("Left", "Right"):
        assert length(f"{side}Shoulder") == pytest.approx(2.0)
        assert length(f"{side}FingerBase") == pytest.approx(1.7)
    again = restore_lost_bones(bvh)
    assert again.joints == bvh.joints


def test_daz_figure_stands_with_its_left_towards_y(tmp_path: Path, daz: Write) -> None:
    found = _only(_archive(tmp_path / "daz.zip", {"indian/06.bvh": daz()}))
    assert (found.name, found.subject, found.action) == ("94_06", "94", "indian")
    recording = CMU.read(found)
    assert len(recording.positions) == 40 - 12, "the T-pose and the way out of it are dropped"
    pose = recording.positions[0]
    # Worked out from the offsets: the root at 90 cm, the hip joints 2.64 cm above it.
    np.testing.assert_allclose(pose[JOINT["hip"]], [-0.0097536, 0, 0.9264397], atol=1e-6)
    np.testing.assert_allclose(
        pose[JOINT["left_knee"]], [-0.0024384, 0.0877824, 0.5582407], atol=1e-6
    )
    np.testing.assert_allclose(
        pose[JOINT["left_wrist"]] - pose[JOINT["left_elbow"]],
        [0.0707136, 0.225879, 0.00773209],
        atol=1e-6,
    )
    assert pose[JOINT["head"], 2] == pytest.approx(0.9 + 0.6165303 + 0.15, abs=1e-4)
    assert recording.toes is not None
    assert (recording.toes[:, 0, 1] > 0.05).all()
    assert (recording.toes[..., 0] > 0.05).all()


def test_trials_of_the_couple_have_the_partners_number(tmp_path: Path, daz: Write) -> None:
    names = ["salsa/01.bvh", "salsa/15.bvh", "salsa/16.bvh", "salsa/30.bvh", "martial/03.bvh"]
    source = _archive(tmp_path / "daz.zip", dict.fromkeys([*names, "standard.bvh"], daz()))
    trials = {trial.member: trial for trial in CMU.trials([source])}
    assert {member: trial.name for member, trial in trials.items()} == {
        "salsa/01.bvh": "60_01",
        "salsa/15.bvh": "60_15",
        "salsa/16.bvh": "61_01",
        "salsa/30.bvh": "61_15",
        "martial/03.bvh": "135_03",
    }
    # CMU recorded the couple at 60 Hz, whatever the file says.
    assert CMU.read(trials["salsa/16.bvh"]).frame_rate == 60.0
    assert CMU.read(trials["martial/03.bvh"]).frame_rate == 120.0


def test_a_daz_figure_under_its_published_name_is_told_by_its_joints(
    tmp_path: Path, daz: Write
) -> None:
    found = _only(_folder(tmp_path / "daz", {"02_01.bvh": daz()}))
    assert found.name == "02_01"
    assert CMU.read(found).positions[0, JOINT["hip"], 2] == pytest.approx(0.926, abs=1e-3)


def test_a_head_upside_down_is_refused(tmp_path: Path, daz: Write) -> None:
    found = _only(_archive(tmp_path / "daz.zip", {"salsa/06.bvh": daz(head_turn=175.0)}))
    with pytest.raises(UserError, match=r"head upside down in 28 of 28 frames"):
        CMU.read(found)


def test_subjects_05_08_and_16_are_held_out(tmp_path: Path, trial: Write) -> None:
    names = ["02_01", "05_02", "08_01", "16_11", "49_01"]
    files = {f"{name[:2]}/{name}.bvh": trial(3) for name in names}
    trials = CMU.trials([_folder(tmp_path, files)])
    assert [found.subject for found in trials] == ["02", "05", "08", "16", "49"]
    assert [found.split for found in trials] == ["train", "test", "test", "test", "train"]
    assert {"05", "08", "16"} == CMU_TEST_SUBJECTS


def test_zip_and_folder_give_the_same_recordings(
    tmp_path: Path, trial: Write, amc: Write, asf: str
) -> None:
    files = {"02/02_01.bvh": trial(9), "s/05/05_01.amc": amc(9), "s/05/05.asf": asf}
    folder = CMU.trials([_folder(tmp_path / "folder", files)])
    packed = CMU.trials([_archive(tmp_path / "a.zip", files)])
    assert [found.name for found in folder] == [found.name for found in packed]
    for one, other in zip(folder, packed, strict=True):
        np.testing.assert_array_equal(CMU.read(one).positions, CMU.read(other).positions)


def test_originals_come_before_conversions(
    tmp_path: Path, trial: Write, amc: Write, asf: str, daz: Write
) -> None:
    conversions = _archive(tmp_path / "b.zip", {"02_01.bvh": trial(), "indian/06.bvh": daz()})
    originals = _archive(tmp_path / "a.zip", {"02/02_01.amc": amc(), "02/02.asf": asf})
    trials = CMU.trials([conversions, originals])
    assert [(found.name, found.source) for found in trials] == [
        ("02_01", originals),
        ("02_01", conversions),
        ("94_06", conversions),
    ]


def test_credit_is_what_the_owners_ask_for() -> None:
    assert CMU.credit == (
        "The data used in this project was obtained from mocap.cs.cmu.edu. "
        "The database was created with funding from NSF EIA-0196217."
    )
    assert "not resold" in CMU.licence


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"02_01.bvh": "HIERARCHY"}, r"02_01\.bvh ends where ROOT is expected"),
        ({"02_01.bvh": ""}, r"02_01\.bvh ends where HIERARCHY is expected"),
        ({"walk.bvh": "TRIAL"}, r"walk\.bvh is not named subject_trial, such as 02_01"),
        ({"02_01.bvh": "SHORT"}, r"02_01\.bvh holds only the 1 frames that the conversion adds"),
        ({"02_01.bvh": "RENAMED"}, r"02_01\.bvh is of neither .* cgspeed, it has no joint LeftLeg"),
        ({"02/02_01.amc": "AMC"}, r"02/02\.asf cannot be read"),
        ({"02_01.amc": "LIMP", "02.asf": "LAME"}, r"02\.asf has no joint ltibia"),
        ({"02_01.amc": "WIDE", "02.asf": "ASF"}, r'02_01\.amc, line 5: "root" has 7 values'),
        ({"02_01.amc": "CUT", "02.asf": "ASF"}, r'02_01\.amc ends where "\w+" is expected'),
    ],
)
def test_an_unusable_trial_is_one_sentence(
    tmp_path: Path, files: dict[str, str], message: str, trial: Write, amc: Write, asf: str
) -> None:
    motion = amc(5)
    texts = {
        "TRIAL": trial(3),
        "SHORT": trial(1),
        "RENAMED": trial(3).replace("JOINT LeftLeg", "JOINT lLower"),
        "AMC": motion,
        "WIDE": re.sub(r"(root [^\r]*)", r"\1 0.5", motion, count=1),
        "CUT": motion[: motion.rindex("lwrist")],
        "ASF": asf,
        "LAME": asf.replace("ltibia", "lshin"),
        "LIMP": motion.replace("ltibia", "lshin"),
    }
    source = _folder(tmp_path, {name: texts.get(text, text) for name, text in files.items()})
    with pytest.raises(UserError, match=message) as caught:
        CMU.read(_only(source))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "absent.zip", r"absent\.zip does not exist; a zip archive or a fol"),
        (
            lambda path: _folder(path, {"notes.zip": "none"}) / "notes.zip",
            r"notes\.zip cannot be read as a zip archive",
        ),
        (lambda path: path, r"holds no CMU trial; a zip archive or a folder"),
        (lambda path: _archive(path / "a.zip", {}), r"a\.zip holds no CMU trial"),
        (
            lambda path: _archive(path / "a.zip", {"standard.bvh": "", "02_01_tpose.bvh": ""}),
            r"a\.zip holds no CMU trial",
        ),
    ],
)
def test_an_unusable_source_is_one_sentence(
    tmp_path: Path, make: Callable[[Path], Path], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        CMU.trials([make(tmp_path)])


def test_who_moves_in_cmu_actions_is_not_asked(tmp_path: Path, trial: Write) -> None:
    joints = [joint.name.replace(" ", "") for joint in parse(trial(2), "a.bvh").joints]
    np.savez(
        tmp_path / "cmu-actions.npz",
        positions_mm=np.arange(9 * len(joints), dtype=np.int16).reshape(3, -1, 3),
        joint_names=np.array(joints),
        sequence_names=np.array(["train/walking/walking_1", "test/running/running_1"]),
        sequence_lengths=np.array([1, 2]),
        frame_rate_hz=np.array(120.0),
    )
    bvh = _folder(tmp_path / "bvh", {"05_01.bvh": trial(3)})
    trials = CMU.trials([tmp_path / "cmu-actions.npz", bvh])
    assert [found.split for found in trials] == ["test", "train", "test"]
    assert trials[0].name == "05_01", "trials that are known come first"
    assert not CMU.read(trials[2]).absolute
