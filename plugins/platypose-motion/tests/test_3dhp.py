"""MATLAB files as MPI-INF-3DHP publishes them, from a motion that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from platypose_motion.config import MpiInf3dhpConfig
from platypose_motion.mpi_inf_3dhp import MpiInf3dhp
from platypose_motion.vertical import rotation_from
from scipy.io import savemat
from scipy.spatial.transform import Rotation

from platypose.api import FilmedDataset, UserError
from platypose.skeleton import H36M_17

# Index of each joint of the pose among the 28 and among the 17, after the names in the MATLAB
# functions mpii_get_joint_sets and mpii_get_joints of the data set.
IN_28 = [4, 23, 24, 25, 18, 19, 20, 3, 5, 6, 7, 9, 10, 11, 14, 15, 16]
IN_17 = [14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4]
TOES_IN_28 = [22, 27]
CAMERAS = 14
FRAMES = 30


def _motion() -> np.ndarray[Any, Any]:
    phase = np.random.default_rng(0).uniform(0, 6, (17, 3))
    sway = 0.05 * np.sin(np.arange(FRAMES)[:, None, None] / 9 + phase)
    return np.array(H36M_17.standing) + np.array([0.3, 0.1, 0.95]) + sway


def _cameras(up: int) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """R and t (mm) of x_cam = R x_studio + t, round a studio whose axis y points up or down."""
    found = []
    for number in range(CAMERAS):
        level = np.diag([1.0, -up, -up])
        around = Rotation.from_euler("yx", [25 * number, 5], degrees=True).as_matrix()
        found.append((level @ around, np.array([100.0 * number, 900.0, 4500.0])))
    return found


def _intrinsics(number: int) -> np.ndarray[Any, Any]:
    return np.array([[1490.0 + number, 0, 1024], [0, 1495.0, 1051], [0, 0, 1]])


def _seen(camera: np.ndarray[Any, Any], k: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    pixels = camera @ k.T
    result: np.ndarray[Any, Any] = pixels[..., :2] / pixels[..., 2:]
    return result


def _train(folder: Path, up: int = 1, scale: float = 1.1) -> None:
    """S3/Seq2/annot.mat with cells (14, 1) of (frames, 84) doubles, and camera.calibration."""
    sequence = folder / "S3" / "Seq2"
    sequence.mkdir(parents=True)
    random = np.random.default_rng(1)
    studio = random.normal(size=(FRAMES, 28, 3)) * 1000
    studio[:, IN_28] = 1000 * _motion() @ rotation_from(1, up)
    studio[:, TOES_IN_28] = studio[:, [20, 25]] + 100
    cells = {name: np.empty((CAMERAS, 1), object) for name in ("annot2", "annot3", "univ_annot3")}
    text = "Skeletool Camera Calibration File V1.0\n"
    for number, (r, t) in enumerate(_cameras(up)):
        k, seen = _intrinsics(number), studio @ r.T + t
        cells["annot3"][number, 0] = seen.reshape(FRAMES, 84)
        cells["univ_annot3"][number, 0] = scale * seen.reshape(FRAMES, 84)
        cells["annot2"][number, 0] = _seen(seen, k).reshape(FRAMES, 56)
        wide = np.eye(4)
        wide[:3, :3] = k
        whole = np.eye(4)
        whole[:3, :3], whole[:3, 3] = r, t
        text += (
            f"name          {number}\n  sensor      10 10\n  size        2048 2048\n"
            f"  animated    0\n  intrinsic   {' '.join(map(repr, wide.ravel().tolist()))} \n"
            f"  extrinsic   {' '.join(map(repr, whole.ravel().tolist()))} \n  radial      0\n"
        )
    savemat(
        sequence / "annot.mat",
        {**cells, "frames": np.arange(FRAMES)[:, None], "cameras": np.arange(CAMERAS)[None]},
    )
    (sequence / "camera.calibration").write_text(text)


def _test(folder: Path, valid: np.ndarray[Any, Any], name: str = "TS5") -> np.ndarray[Any, Any]:
    """TS5/annot_data.mat, HDF5, whose axes are in the opposite order of MATLAB's."""
    (folder / name).mkdir(parents=True)
    joints = np.zeros((FRAMES, 1, 17, 3))
    camera = 1000 * _motion() @ rotation_from(1, -1) + [0, 1000.0, 4000.0]
    joints[:, 0, IN_17] = camera
    k = np.array([[1683.5, 0, 939.9], [0, 1671.9, 560.2], [0, 0, 1]])
    with h5py.File(folder / name / "annot_data.mat", "w") as file:
        file["annot3"] = joints
        file["univ_annot3"] = 0.9 * joints
        file["annot2"] = _seen(joints, k)
        file["valid_frame"] = valid[:, None].astype(float)
        file["activity_annotation"] = np.ones((FRAMES, 1))
        file["bb_crop"] = np.zeros((FRAMES, 34))
    return camera / 1000


@pytest.mark.parametrize("up", [1, -1])
def test_training_joints_come_back_in_the_studio(tmp_path: Path, up: int) -> None:
    _train(tmp_path, up)
    (trial,) = MpiInf3dhp().trials([tmp_path])
    assert (trial.name, trial.subject, trial.split) == ("S3/Seq2", "S3", "train")
    recording = MpiInf3dhp().read(trial)
    np.testing.assert_allclose(recording.positions, _motion(), atol=1e-9)
    assert recording.toes is not None and recording.toes.shape == (FRAMES, 2, 3)
    # A short recording is one of those at 25 Hz.
    assert recording.frame_rate == 25


def test_each_training_camera_sees_the_truth_where_the_file_says(tmp_path: Path) -> None:
    _train(tmp_path)
    data = MpiInf3dhp()
    assert isinstance(data, FilmedDataset)
    (trial,) = data.trials([tmp_path])
    evidences = list(data.evidence(trial))
    assert len(evidences) == CAMERAS
    for number, evidence in enumerate(evidences):
        (camera,) = evidence.cameras
        assert evidence.keypoints is not None and evidence.joints_3d is not None
        seen = evidence.joints_3d @ camera.rotation.T + camera.translation
        np.testing.assert_allclose(
            evidence.keypoints[:, 0], _seen(seen, _intrinsics(number)), atol=1e-6
        )
        assert camera.image_size == (2048, 2048)


def test_test_joints_come_back_before_a_level_camera(tmp_path: Path) -> None:
    valid = np.ones(FRAMES, bool)
    valid[[0, 11, 12]] = False
    camera = _test(tmp_path / "mpi_inf_3dhp_test_set", valid)
    (trial,) = MpiInf3dhp().trials([tmp_path])
    assert (trial.name, trial.split) == ("TS5", "test")
    recording = MpiInf3dhp().read(trial)
    assert np.isnan(recording.positions[~valid]).all()
    # x stays, depth becomes y, down becomes -z, up to the turn about the vertical.
    heights = recording.positions[valid][..., 2]
    np.testing.assert_allclose(heights, -camera[valid][..., 1], atol=1e-12)
    pairs = np.linalg.norm(np.diff(recording.positions[valid], axis=1), axis=-1)
    np.testing.assert_allclose(pairs, np.linalg.norm(np.diff(_motion()[valid], axis=1), axis=-1))
    assert recording.frame_rate == 25


@pytest.mark.parametrize("universal", [False, True])
def test_the_camera_of_a_test_sequence_is_found_from_its_keypoints(
    tmp_path: Path, universal: bool
) -> None:
    valid = np.ones(FRAMES, bool)
    valid[[0, 11, 12]] = False
    _test(tmp_path, valid)
    data = MpiInf3dhp(config=MpiInf3dhpConfig(universal=universal))
    (trial,) = data.trials([tmp_path])
    first, second = data.evidence(trial)
    assert (first.num_frames, second.num_frames) == (10, FRAMES - 13)
    (camera,) = second.cameras
    np.testing.assert_allclose(camera.parameters["focal"], (1683.5, 1671.9), rtol=1e-9)
    np.testing.assert_allclose(camera.parameters["centre"], (939.9, 560.2), rtol=1e-9)
    assert camera.image_size == (1920, 1080)
    assert second.joints_3d is not None
    height = np.ptp(second.joints_3d[0, :, 2])
    expected = np.ptp(_motion()[13, :, 2]) * (0.9 if universal else 1)
    np.testing.assert_allclose(height, expected)


def test_both_parts_are_found_in_one_folder(tmp_path: Path) -> None:
    _train(tmp_path)
    _test(tmp_path / "mpi_inf_3dhp_test_set", np.ones(FRAMES, bool), "TS1")
    assert [t.name for t in MpiInf3dhp().trials([tmp_path])] == ["S3/Seq2", "TS1"]


def test_damaged_and_other_files_are_one_sentence(tmp_path: Path) -> None:
    data = MpiInf3dhp()
    with pytest.raises(
        UserError, match=r"holds neither S1/Seq1/annot\.mat nor TS1/annot_data\.mat"
    ):
        data.trials([tmp_path])
    for name in ("S1/Seq1/annot.mat", "TS1/annot_data.mat"):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_bytes(b"no MATLAB file")
    (tmp_path / "S1/Seq1/camera.calibration").write_text("name 0\n  size 1 1\n")
    train, test = data.trials([tmp_path])
    with pytest.raises(UserError, match=r"camera\.calibration is not a camera calibration"):
        data.read(train)
    with pytest.raises(UserError, match=r"annot_data\.mat is not the published MATLAB 7\.3 file"):
        data.read(test)


def test_keypoints_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    _test(tmp_path, np.ones(FRAMES, bool))
    with h5py.File(tmp_path / "TS5" / "annot_data.mat", "r+") as file:
        file["annot2"][3, 0, 5] += 40
    (trial,) = MpiInf3dhp().trials([tmp_path])
    with pytest.raises(UserError, match="keypoints that no camera makes of its joints"):
        list(MpiInf3dhp().evidence(trial))
