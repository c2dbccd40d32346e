"""Pickles as Python 2 wrote those of 3DPW, from joints that are known."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from platypose_motion.three_dpw import ThreeDpw
from platypose_motion.vertical import rotation_from
from scipy.spatial.transform import Rotation

from platypose.api import FilmedDataset, UserError
from platypose.skeleton import H36M_17, keypoint_set

FRAMES = 20
JOINT = {name: index for index, name in enumerate(H36M_17.joints)}


class _Python2(pickle._Pickler):  # type: ignore[name-defined, misc]
    """Protocol 2 with Python 2's strings, for texts and for the bytes of arrays."""

    dispatch = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def save_string(self, value: str | bytes) -> None:
        content = value.encode("latin1") if isinstance(value, str) else value
        self.write(pickle.BINSTRING + struct.pack("<i", len(content)) + content)
        self.memoize(value)

    dispatch[str] = save_string
    dispatch[bytes] = save_string


def _dumped(value: Any) -> bytes:
    stream = io.BytesIO()
    _Python2(stream, 2).dump(value)
    # NumPy of that time had no underscore in the name of its core.
    return stream.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def _smpl(person: int) -> np.ndarray[Any, Any]:
    """(F, 24, 3) metres, z up: somebody who stands, with every joint in motion."""
    rest = np.zeros((24, 3))
    rest[[0, 3, 6, 9, 12, 15], 2] = [0.95, 1.08, 1.21, 1.27, 1.48, 1.55]
    for side, sign in ((0, 1), (1, -1)):
        rest[[1 + side, 4 + side, 7 + side, 10 + side], 2] = [0.86, 0.48, 0.08, 0.02]
        rest[[1 + side, 4 + side, 7 + side, 10 + side], 0] = sign * 0.08
        rest[10 + side, 1] = -0.12
        rest[[13 + side, 16 + side, 18 + side, 20 + side, 22 + side], 0] = sign * np.array(
            [0.08, 0.17, 0.43, 0.68, 0.76]
        )
        rest[[13 + side, 16 + side, 18 + side, 20 + side, 22 + side], 2] = 1.4
    phase = np.random.default_rng(person).uniform(0, 6, (24, 3))
    sway = 0.02 * np.sin(np.arange(FRAMES)[:, None, None] / 7 + phase)
    result: np.ndarray[Any, Any] = rest + sway + [person, 0, 0]
    return result


def _sequence(up: int) -> dict[str, Any]:
    """The keys of a published file; the axes have y up or down."""
    turn = rotation_from(1, up)
    k = np.array([[1961.8, 0, 540.0], [0, 1969.2, 960.0], [0, 0, 1]])
    cam_poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    cam_poses[:, :3, :3] = [
        np.diag([1.0, -up, -up]) @ Rotation.from_euler("y", 2 * f, degrees=True).as_matrix()
        for f in range(FRAMES)
    ]
    cam_poses[:, :3, 3] = [[0.0, 1.0, 6.0 + 0.01 * f] for f in range(FRAMES)]
    people = [_smpl(0) @ turn, _smpl(1) @ turn]
    detected = []
    for joints in people:
        seen = np.einsum("fij,fkj->fki", cam_poses[:, :3, :3], joints) + cam_poses[:, None, :3, 3]
        pixels = seen @ k.T
        # The detector's right shoulder, elbow and wrist are rows 2, 3, 4; left knee is row 12.
        rows = np.zeros((FRAMES, 3, 18))
        for row, joint in {2: 17, 3: 19, 4: 21, 5: 16, 8: 2, 12: 4, 13: 7}.items():
            rows[:, :2, row] = pixels[:, joint, :2] / pixels[:, joint, 2:]
            rows[:, 2, row] = 0.8
        detected.append(rows)
    detected[1][7] = 0  # not detected in that frame
    valid = [np.ones(FRAMES, int), np.ones(FRAMES, int)]
    valid[0][:4] = 0
    return {
        "sequence": "courtyard_basketball_00",
        "betas": [np.zeros(10), np.zeros(10)],
        "poses": [np.zeros((FRAMES, 72)), np.zeros((FRAMES, 72))],
        "trans": [np.zeros((FRAMES, 3)), np.zeros((FRAMES, 3))],
        "poses_60Hz": [np.zeros((2 * FRAMES, 72)), np.zeros((2 * FRAMES, 72))],
        "genders": ["m", "f"],
        "texture_maps": [np.zeros((4, 4, 3), "uint8"), []],
        "v_template_clothed": [np.zeros((5, 3)), np.zeros((5, 3))],
        "jointPositions": [joints.reshape(FRAMES, 72) for joints in people],
        "poses2d": detected,
        "img_frame_ids": np.arange(FRAMES) * 2,
        "cam_poses": cam_poses,
        "campose_valid": valid,
        "cam_intrinsics": k,
    }


@pytest.fixture(params=[1, -1])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    for split in ("train", "validation", "test"):
        (tmp_path / "sequenceFiles" / split).mkdir(parents=True)
    file = tmp_path / "sequenceFiles" / "test" / "courtyard_basketball_00.pkl"
    file.write_bytes(_dumped(_sequence(request.param)))
    return tmp_path


def test_24_joints_become_17_in_a_world_with_z_up(folder: Path) -> None:
    first, second = ThreeDpw().trials([folder])
    for person, trial in enumerate((first, second)):
        recording, smpl = ThreeDpw().read(trial), _smpl(person)
        pose = recording.positions
        assert recording.frame_rate == 30
        for joint, index in {
            "right_hip": 2,
            "left_knee": 4,
            "right_foot": 8,
            "neck": 12,
            "left_shoulder": 16,
            "right_elbow": 19,
            "left_wrist": 20,
        }.items():
            np.testing.assert_allclose(pose[:, JOINT[joint]], smpl[:, index], atol=1e-12)
        np.testing.assert_allclose(pose[:, JOINT["hip"]], (smpl[:, 1] + smpl[:, 2]) / 2, atol=1e-12)
        thorax = (smpl[:, 13] + smpl[:, 14]) / 2
        np.testing.assert_allclose(pose[:, JOINT["thorax"]], thorax, atol=1e-12)
        spine = (2 * smpl[:, 3] + smpl[:, 6]) / 3
        np.testing.assert_allclose(pose[:, JOINT["spine"]], spine, atol=1e-12)
        head = smpl[:, 12] + 1.3 * (smpl[:, 15] - smpl[:, 12])
        np.testing.assert_allclose(pose[:, JOINT["head"]], head, atol=1e-12)
        np.testing.assert_allclose(recording.toes, smpl[:, [10, 11]], atol=1e-12)


def test_names_people_splits_and_actions(folder: Path) -> None:
    content = (folder / "sequenceFiles/test/courtyard_basketball_00.pkl").read_bytes()
    for split, name in (("train", "outdoors_climbing_01"), ("validation", "courtyard_jacket_00")):
        (folder / "sequenceFiles" / split / f"{name}.pkl").write_bytes(content)
    trials = ThreeDpw().trials([folder / "sequenceFiles"])
    assert {(t.name, t.split, t.action) for t in trials} == {
        (f"{name}-{person}", split, action)
        for name, split, action in (
            ("courtyard_basketball_00", "test", "courtyard_basketball"),
            ("outdoors_climbing_01", "train", "outdoors_climbing"),
            ("courtyard_jacket_00", "validation", "courtyard_jacket"),
        )
        for person in (0, 1)
    }
    assert len({t.subject for t in trials}) == 6


def test_the_published_zip_is_read_in_place(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "sequenceFiles.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.rglob("*.pkl"):
            file.write(path, path.relative_to(folder))
    trial = ThreeDpw().trials([archive])[1]
    again = ThreeDpw().trials([folder])[1]
    np.testing.assert_array_equal(
        ThreeDpw().read(trial).positions, ThreeDpw().read(again).positions
    )


def test_the_moving_camera_sees_the_joints_where_the_keypoints_are(folder: Path) -> None:
    data = ThreeDpw()
    assert isinstance(data, FilmedDataset)
    first, second = data.trials([folder])
    (whole,) = data.evidence(first)
    assert whole.num_frames == FRAMES - 4  # the camera of the first four frames is not valid
    before, after = data.evidence(second)
    assert (before.num_frames, after.num_frames) == (7, FRAMES - 8)
    for evidence in (whole, before, after):
        (camera,) = evidence.cameras
        assert camera.image_size == (1080, 1920)
        assert evidence.joints_3d is not None and evidence.keypoints is not None
        joints = np.einsum("fij,fkj->fki", camera.rotation, evidence.joints_3d)
        joints += camera.translation[:, None]
        pixels = joints[..., :2] / joints[..., 2:] * camera.parameters["focal"]
        pixels += camera.parameters["centre"]
        for keypoint, joint in {"right_wrist": "right_wrist", "left_ankle": "left_foot"}.items():
            np.testing.assert_allclose(
                evidence.keypoints[:, 0, evidence.keypoint_names.index(keypoint)],
                pixels[:, JOINT[joint]],
                atol=1e-6,
            )
        assert set(evidence.keypoint_names) <= set(keypoint_set("body-25").keypoints)
        assert evidence.confidence is not None
        assert (evidence.confidence[..., evidence.keypoint_names.index("nose")] == 0).all()


def test_a_pickle_that_runs_something_is_refused(folder: Path) -> None:
    class Gadget:
        def __reduce__(self) -> Any:
            return (folder.__class__.touch, (folder / "mark",))

    file = folder / "sequenceFiles/test/courtyard_basketball_00.pkl"
    file.write_bytes(pickle.dumps({"jointPositions": [Gadget()]}, 2))
    with pytest.raises(UserError, match=r"basketball_00\.pkl cannot be read as arrays"):
        ThreeDpw().trials([folder])
    assert not (folder / "mark").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"poses": []}, "has no jointPositions"),
        ({"jointPositions": [np.zeros((3, 24, 3))]}, r"not of shape \(frames, 72\)"),
        ({"jointPositions": [np.zeros((3, 72))]}, "does not show which axis points up"),
    ],
)
def test_other_pickles_are_one_sentence(folder: Path, content: Any, message: str) -> None:
    file = folder / "sequenceFiles/test/courtyard_basketball_00.pkl"
    file.write_bytes(_dumped(content))
    with pytest.raises(UserError, match=message):
        ThreeDpw().trials([folder])
