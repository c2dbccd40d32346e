from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from platypose_motion.cmu import Cmu
from platypose_motion.hdm05 import Hdm05

from platypose.api import Dataset, UserError

Write = Callable[..., str]
HDM05 = Hdm05()


@pytest.fixture
def published(tmp_path: Path, amc: Write, asf: str) -> Path:
    """Two cuts of each of three actors, in the folders of the published split."""
    names = {
        "hdm05/train/1": ("bd_depositFloorR_001", "bk_depositFloorR_030"),
        "hdm05/train/10": ("bd_squat1Reps_002",),
        "hdm05/test/1": ("tr_depositFloorR_030", "tr_kickLFront1Reps_026"),
    }
    for folder, cuts in names.items():
        (tmp_path / folder).mkdir(parents=True)
        for cut in cuts:
            (tmp_path / folder / f"HDM_{cut}_120.amc").write_text(amc(25))
            (tmp_path / folder / f"HDM_{cut[:2]}.asf").write_text(asf)
    return tmp_path


def test_names_tell_the_actor_and_the_action(published: Path) -> None:
    assert isinstance(HDM05, Dataset)
    assert pickle.loads(pickle.dumps(HDM05)) == HDM05
    trials = {trial.name: trial for trial in HDM05.trials([published])}
    assert sorted(trials) == [
        "bd_depositFloorR_001",
        "bd_squat1Reps_002",
        "bk_depositFloorR_030",
        "tr_depositFloorR_030",
        "tr_kickLFront1Reps_026",
    ]
    kick = trials["tr_kickLFront1Reps_026"]
    assert (kick.subject, kick.action, kick.split) == ("tr", "kickLFront1Reps", "test")
    # The folders of the published split do not matter: the people do.
    assert {trial.subject for trial in trials.values() if trial.split == "test"} == {"tr"}


def test_whole_takes_are_named_by_part_and_scene(tmp_path: Path, amc: Write, asf: str) -> None:
    (tmp_path / "HDM_mm_02-03_01_120.amc").write_text(amc(5))
    (tmp_path / "HDM_mm.asf").write_text(asf)
    (trial,) = HDM05.trials([tmp_path])
    assert (trial.name, trial.action) == ("mm_02-03_01", "02-03")
    assert HDM05.read(trial).frame_rate == 120.0


def test_a_cut_is_read_as_cmu_files_of_the_same_text_are(
    published: Path, tmp_path: Path, amc: Write, asf: str
) -> None:
    (tmp_path / "cmu").mkdir()
    (tmp_path / "cmu/02_01.amc").write_text(amc(25))
    (tmp_path / "cmu/02.asf").write_text(asf)
    cmu = Cmu()
    (twin,) = cmu.trials([tmp_path / "cmu"])
    recording = HDM05.read(HDM05.trials([published])[0])
    np.testing.assert_array_equal(recording.positions, cmu.read(twin).positions)
    assert recording.frame_rate == 120.0


def test_weights_are_shared_alike() -> None:
    assert "CC BY-SA 3.0" in HDM05.licence
    assert "same licence" in HDM05.licence
    assert "was obtained from HDM05" in HDM05.credit


def test_a_cut_without_its_skeleton_and_a_strange_source_are_one_sentence(
    published: Path, tmp_path: Path, amc: Write
) -> None:
    (published / "hdm05/test/1/HDM_tr.asf").unlink()
    alone = next(trial for trial in HDM05.trials([published]) if trial.subject == "tr")
    with pytest.raises(UserError, match=r"hdm05/test/1/HDM_tr\.asf cannot be read"):
        HDM05.read(alone)
    (tmp_path / "cmu").mkdir()
    (tmp_path / "cmu/02_01.amc").write_text(amc(3))
    with pytest.raises(UserError, match=r"cmu holds no HDM05 recording, such as HDM_bd_squat1Reps"):
        HDM05.trials([tmp_path / "cmu"])
