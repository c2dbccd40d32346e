"""AMASS files and a small body model of SMPL+H's layout, whose joints are known."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from platypose_motion.amass import Amass
from platypose_motion.config import AmassConfig
from scipy.spatial.transform import Rotation

from platypose.api import UserError
from platypose.skeleton import H36M_17

JOINTS, VERTICES, SHAPES, FRAMES = 52, 70, 16, 12
PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19]
PARENTS += [20, 22, 23, 20, 25, 26, 20, 28, 29, 20, 31, 32, 20, 34, 35]
PARENTS += [21, 37, 38, 21, 40, 41, 21, 43, 44, 21, 46, 47, 21, 49, 50]
random = np.random.default_rng(0)
TEMPLATE = random.normal(size=(VERTICES, 3))
SHIFTS = 0.03 * random.normal(size=(VERTICES, 3, SHAPES))
REGRESSOR = random.dirichlet(np.ones(VERTICES) / 10, JOINTS)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """male/model.npz and neutral/model.npz, with the arrays of the published file."""
    kintree = np.array([PARENTS, range(JOINTS)], "int64") % 2**32
    for gender in ("male", "neutral"):
        folder = tmp_path / "smplh" / gender
        folder.mkdir(parents=True)
        np.savez(
            folder / "model.npz",
            v_template=TEMPLATE,
            shapedirs=SHIFTS,
            J_regressor=REGRESSOR,
            kintree_table=kintree.astype("uint32"),
            weights=np.zeros((VERTICES, JOINTS)),
            posedirs=np.zeros((VERTICES, 3, 459)),
            f=np.zeros((9, 3), "uint32"),
        )
    return tmp_path / "smplh"


def _recording(**changes: Any) -> dict[str, Any]:
    motion = np.random.default_rng(1)
    return {
        "poses": 0.4 * motion.normal(size=(FRAMES, 156)),
        "trans": motion.normal(size=(FRAMES, 3)),
        "betas": motion.normal(size=16),
        "dmpls": np.zeros((FRAMES, 8)),
        "gender": np.array("male"),
        "mocap_framerate": np.array(120.0),
        **changes,
    }


def _write(folder: Path, name: str = "ACCAD/Male1General_c3d/General_A1_-_Stand", **k: Any) -> Path:
    file = folder / f"{name}_poses.npz"
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, **_recording(**k))
    return folder


def _joints(content: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Forward kinematics, joint by joint."""
    rest = REGRESSOR @ (TEMPLATE + SHIFTS @ content["betas"])
    turns = Rotation.from_rotvec(content["poses"].reshape(-1, 3)).as_matrix()
    turns = turns.reshape(FRAMES, JOINTS, 3, 3)
    world, where = [turns[:, 0]], [np.tile(rest[0], (FRAMES, 1))]
    for joint in range(1, JOINTS):
        parent = PARENTS[joint]
        where.append(where[parent] + world[parent] @ (rest[joint] - rest[parent]))
        world.append(world[parent] @ turns[:, joint])
    result: np.ndarray[Any, Any] = np.stack(where, 1) + content["trans"][:, None]
    return result


def test_joints_are_those_of_the_body_model(tmp_path: Path, model: Path) -> None:
    data = Amass(config=AmassConfig(model=model))
    (trial,) = data.trials([_write(tmp_path / "amass")])
    recording = data.read(trial)
    joints = _joints(_recording())
    assert recording.frame_rate == 120
    for joint, index in {"left_hip": 1, "right_knee": 5, "left_foot": 7, "right_wrist": 21}.items():
        np.testing.assert_allclose(
            recording.positions[:, H36M_17.joints.index(joint)], joints[:, index], atol=1e-6
        )
    np.testing.assert_allclose(
        recording.positions[:, 0], (joints[:, 1] + joints[:, 2]) / 2, atol=1e-6
    )
    np.testing.assert_allclose(recording.toes, joints[:, [10, 11]], atol=1e-6)


def test_ten_shape_numbers_and_bytes_as_gender_will_do(tmp_path: Path, model: Path) -> None:
    data = Amass(config=AmassConfig(model=model))
    betas = np.random.default_rng(1).normal(size=10)
    folder = _write(tmp_path / "amass", betas=betas, gender=np.array(b"neutral"))
    (trial,) = data.trials([folder])
    joints = _joints(_recording(betas=np.concatenate([betas, np.zeros(6)])))
    np.testing.assert_allclose(data.read(trial).positions[:, 4], joints[:, 1], atol=1e-6)


def test_published_splits_names_and_actions(tmp_path: Path) -> None:
    names = {
        "ACCAD/Male1General_c3d/General A1 - Stand": "train",
        "CMU/01/01_01": "train",
        "CMU/05/05_02": "test",
        "SSM_synced/20160330_03333/ATUsquat_sync": "test",
        "Transitions_mocap/mazen_c3d/airkick_jumpinplace": "test",
        "MPI_HDM05/tr/HDM_tr_01-01_01_120": "validation",
        "HumanEva/S1/Box_1": "validation",
    }
    for name in names:
        _write(tmp_path, name)
    np.savez(tmp_path / "CMU" / "01" / "shape.npz", betas=np.zeros(16))
    trials = {t.name: t for t in Amass().trials([tmp_path])}
    assert {name: t.split for name, t in trials.items()} == names
    assert trials["CMU/01/01_01"].subject == "CMU/01"
    assert trials["HumanEva/S1/Box_1"].action == "Box"
    assert trials["CMU/01/01_01"].action == ""


def test_without_model_or_package_one_sentence_says_what_to_do(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (trial,) = Amass().trials([_write(tmp_path / "amass")])
    with pytest.raises(UserError, match=r"needs the body model SMPL\+H: download"):
        Amass().read(trial)
    with pytest.raises(UserError, match=r"male/model\.npz does not exist"):
        Amass(config=AmassConfig(model=tmp_path)).read(trial)
    monkeypatch.setitem(sys.modules, "smplx", None)
    with pytest.raises(UserError, match=r"pip install 'platypose-motion\[amass\]'"):
        Amass(config=AmassConfig(model=model)).read(trial)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"poses": np.zeros((FRAMES, 165))}, r"poses \(12, 165\).*download the SMPL\+H version"),
        ({"trans": np.zeros((3, 3))}, r"trans \(3, 3\)"),
        ({"gender": np.array("unknown")}, "gender 'unknown'"),
        ({"betas": np.array("none")}, "no usable betas"),
    ],
)
def test_other_files_are_one_sentence(
    tmp_path: Path, model: Path, changes: dict[str, Any], message: str
) -> None:
    data = Amass(config=AmassConfig(model=model))
    (trial,) = data.trials([_write(tmp_path / "amass", **changes)])
    with pytest.raises(UserError, match=message):
        data.read(trial)


def test_a_model_of_another_kind_is_refused(tmp_path: Path, model: Path) -> None:
    np.savez(model / "male" / "model.npz", v_template=TEMPLATE)
    data = Amass(config=AmassConfig(model=model))
    (trial,) = data.trials([_write(tmp_path / "amass")])
    with pytest.raises(UserError, match=r"male/model\.npz is not a body model of SMPL\+H"):
        data.read(trial)
