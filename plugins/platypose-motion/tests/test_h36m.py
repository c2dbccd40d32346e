"""Files as VideoPose3D's preparation writes them, from a motion that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from platypose_motion.config import H36mConfig
from platypose_motion.h36m import H36m

from platypose.api import FilmedDataset, UserError
from platypose.evidence.presets import h36m_cameras
from platypose.skeleton import H36M_17

FRAMES = {"Directions 1": 12, "Directions": 9, "WalkDog": 10}
# As VideoPose3D's own code lists them, joints 4, 5, 9 … are static or doubles and are removed.
REMOVED = {4, 5, 9, 10, 11, 16, 20, 21, 22, 23, 24, 28, 29, 30, 31}
KEPT = [joint for joint in range(32) if joint not in REMOVED]


def _motion(frames: int, seed: int) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(seed)
    sway = 0.05 * np.sin(np.arange(frames)[:, None, None] / 9 + random.uniform(0, 6, (17, 3)))
    return np.array(H36M_17.standing) + np.array([0.2, -0.4, 0.95]) + sway


@pytest.fixture
def motions() -> dict[str, dict[str, np.ndarray[Any, Any]]]:
    return {
        subject: {action: _motion(n, number) for number, (action, n) in enumerate(FRAMES.items())}
        for subject in ("S1", "S9", "S11")
    }


@pytest.fixture
def folder(tmp_path: Path, motions: dict[str, dict[str, Any]]) -> Path:
    """data_3d_h36m.npz: 32 joints, float32 metres; the two detections beside it."""
    random = np.random.default_rng(0)
    positions: dict[str, dict[str, Any]] = {}
    detections: dict[str, dict[str, Any]] = {}
    for subject, actions in motions.items():
        positions[subject], detections[subject] = {}, {}
        for action, motion in actions.items():
            joints = random.normal(size=(len(motion), 32, 3)).astype("float32")
            joints[:, KEPT] = motion
            positions[subject][action] = joints
            detections[subject][action] = [
                # The videos are longer than the motion.
                np.concatenate([_projected(motion, camera), np.zeros((3, 17, 2))]).astype("float32")
                for camera in h36m_cameras()
                if camera.name.startswith(f"{subject}/")
            ]
    np.savez_compressed(tmp_path / "data_3d_h36m.npz", positions_3d=positions)
    symmetry = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]
    metadata = {"layout_name": "h36m", "num_joints": 17, "keypoints_symmetry": symmetry}
    for detector in ("gt", "cpn_ft_h36m_dbb"):
        np.savez_compressed(
            tmp_path / f"data_2d_h36m_{detector}.npz", positions_2d=detections, metadata=metadata
        )
    return tmp_path


def _projected(motion: np.ndarray[Any, Any], camera: Any) -> np.ndarray[Any, Any]:
    (fx, fy), (cx, cy) = camera.parameters["focal"], camera.parameters["centre"]
    k = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    points, _ = cv2.projectPoints(
        motion.reshape(-1, 3),
        cv2.Rodrigues(camera.rotation)[0],
        camera.translation,
        k,
        np.array(camera.parameters["distortion"]),
    )
    return points.reshape(-1, 17, 2)


def test_32_joints_become_the_17_in_metres_at_50_hz(
    folder: Path, motions: dict[str, dict[str, Any]]
) -> None:
    data = H36m()
    trials = data.trials([folder])
    assert len(trials) == 9
    for trial in trials:
        recording = data.read(trial)
        motion = motions[trial.subject][trial.member.partition("/")[2]]
        np.testing.assert_allclose(recording.positions, motion, atol=1e-6)
        assert recording.frame_rate == 50 and recording.positions.dtype == np.float64


def test_toes_are_the_joints_after_the_ankles(folder: Path) -> None:
    with np.load(folder / "data_3d_h36m.npz", allow_pickle=True) as file:
        raw = file["positions_3d"].item()["S1"]["WalkDog"]
    data = H36m()
    trial = next(t for t in data.trials([folder]) if t.name == "S1/WalkDog")
    np.testing.assert_array_equal(data.read(trial).toes, raw[:, [9, 4]].astype(float))


def test_names_splits_and_actions(folder: Path) -> None:
    trials = {t.name: t for t in H36m().trials([folder / "data_3d_h36m.npz"])}
    assert trials["S1/Directions 1"].action == trials["S1/Directions"].action == "Directions"
    assert {t.subject: t.split for t in trials.values()} == {
        "S1": "train",
        "S9": "test",
        "S11": "test",
    }


def test_detections_are_paired_with_camera_and_truth(
    folder: Path, motions: dict[str, dict[str, Any]]
) -> None:
    data = H36m(config=H36mConfig(detector="gt"))
    assert isinstance(data, FilmedDataset)
    trial = next(t for t in data.trials([folder]) if t.name == "S9/WalkDog")
    evidences = list(data.evidence(trial))
    assert [e.cameras[0].name for e in evidences] == [
        f"S9/{camera}" for camera in ("54138969", "55011271", "58860488", "60457274")
    ]
    for evidence in evidences:
        assert evidence.keypoints is not None and evidence.joints_3d is not None
        assert evidence.keypoints.shape == (10, 1, 17, 2)
        np.testing.assert_allclose(evidence.joints_3d, motions["S9"]["WalkDog"], atol=1e-6)
        seen = _projected(evidence.joints_3d, evidence.cameras[0])
        np.testing.assert_allclose(evidence.keypoints[:, 0], seen, atol=1e-3)
        assert evidence.keypoint_names == H36M_17.joints and evidence.frame_rate == 50


def test_missing_detections_and_other_files_are_one_sentence(folder: Path, tmp_path: Path) -> None:
    data = H36m(config=H36mConfig(detector="detectron_pt_coco"))
    trial = data.trials([folder])[0]
    with pytest.raises(UserError, match=r"data_2d_h36m_detectron_pt_coco\.npz does not exist; put"):
        list(data.evidence(trial))
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(UserError, match=r"other\.npz holds no positions_3d by subject"):
        data.trials([tmp_path / "other.npz"])
    with pytest.raises(UserError, match=r"data_3d_h36m\.npz does not exist"):
        data.trials([tmp_path / "nowhere" / "data_3d_h36m.npz"])


def test_wrong_shapes_are_refused(tmp_path: Path) -> None:
    positions = {"S1": {"Walking": np.zeros((4, 17, 3), "float32")}}
    np.savez_compressed(tmp_path / "data_3d_h36m.npz", positions_3d=positions)
    (trial,) = H36m().trials([tmp_path])
    with pytest.raises(UserError, match=r"S1/Walking is not of shape \(frames, 32, 3\)"):
        H36m().read(trial)
