"""MPI-INF-3DHP: eight people in a studio for training, six sequences for testing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import BuildContext, Trial, UserError
from platypose.evidence import Camera, Evidence
from platypose.motion.download import Obtaining
from platypose.motion.recording import Recording
from platypose.skeleton import H36M_17
from platypose_motion import archive
from platypose_motion.config import MpiInf3dhpConfig
from platypose_motion.filmed import pieces
from platypose_motion.vertical import rotation_from, z_up_rotation

Array = npt.NDArray[np.float64]

CREDIT = (
    "MPI-INF-3DHP: D. Mehta, H. Rhodin, D. Casas, P. Fua, O. Sotnychenko, W. Xu, C. Theobalt, "
    "Monocular 3D Human Pose Estimation In The Wild Using Improved CNN Supervision, 3DV 2017."
)
LICENCE = (
    "For non-commercial scientific research; the data may not be passed on, and weights trained on "
    "it are for research as well."
)

OBTAINING = Obtaining(
    instructions="""\
MPI-INF-3DHP is given for research at https://vcai.mpi-inf.mpg.de/3dhp-dataset. Its archive holds a
script, get_dataset.sh, that downloads the training set once its licence is accepted in conf.ig;
the annotations are enough. The test set is mpi_inf_3dhp_test_set.zip. One folder should hold
S1/Seq1/annot.mat and S1/Seq1/camera.calibration up to S8/Seq2, and, as deep as you like,
TS1/annot_data.mat up to TS6.""",
    expected=(
        *(f"S{subject}/Seq{number}" for subject in range(1, 9) for number in (1, 2)),
        *(f"TS{number}" for number in range(1, 7)),
    ),
)

TRAIN_JOINTS = (
    *("spine3", "spine4", "spine2", "spine", "pelvis", "neck", "head", "head_top"),
    *("left_clavicle", "left_shoulder", "left_elbow", "left_wrist", "left_hand"),
    *("right_clavicle", "right_shoulder", "right_elbow", "right_wrist", "right_hand"),
    *("left_hip", "left_knee", "left_ankle", "left_foot", "left_toe"),
    *("right_hip", "right_knee", "right_ankle", "right_foot", "right_toe"),
)
"""The 28 joints of `annot.mat`."""
TEST_JOINTS = (
    *("head_top", "neck", "right_shoulder", "right_elbow", "right_wrist"),
    *("left_shoulder", "left_elbow", "left_wrist", "right_hip", "right_knee", "right_ankle"),
    *("left_hip", "left_knee", "left_ankle", "pelvis", "spine", "head"),
)
"""The 17 joints of `annot_data.mat`."""
POSE = {
    "hip": "pelvis",
    "thorax": "neck",
    "neck": "head",
    "head": "head_top",
    "left_foot": "left_ankle",
    "right_foot": "right_ankle",
}
"""Joints of the pose that the data set calls otherwise. Its neck is the throat, its head the
middle of the head, as Human3.6M's thorax and neck are."""

HALF_RATE = 9000
"""Recordings last about four minutes: with more frames than this at 50 Hz, with fewer at 25 Hz."""
TEST_FRAME_RATE = 25.0
TEST_IMAGE_SIZE = {f"TS{n}": (2048, 2048) if n < 5 else (1920, 1080) for n in range(1, 7)}
WORST_FIT_PX = 5.0

_TRAIN = re.compile(r"(?:.*/)?(S[1-8])/(Seq[12])/annot\.mat")
_TEST = re.compile(r"(?:.*/)?(TS[1-6])/annot_data\.mat")
_EXPECTED = "the folder of MPI-INF-3DHP, or mpi_inf_3dhp_test_set.zip,"


@attrs.frozen(kw_only=True)
class MpiInf3dhp:
    """Reads `S1/Seq1/annot.mat` with `camera.calibration`, and `TS1/annot_data.mat`."""

    config: MpiInf3dhpConfig = MpiInf3dhpConfig()
    credit = CREDIT
    licence = LICENCE

    def obtaining(self) -> Obtaining:
        """Where the files are had."""
        return OBTAINING

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """The sequences S1/Seq1 to S8/Seq2, for training, and TS1 to TS6, for testing.

        Arguments:
            sources: folders or zip archives that hold `S1/Seq1/annot.mat` or
                `TS1/annot_data.mat`, however deep.
        """
        return archive.found_in(
            sources,
            _trials,
            "holds neither S1/Seq1/annot.mat nor TS1/annot_data.mat.",
        )

    def read(self, trial: Trial) -> Recording:
        """The joints in the studio's axes, or before the camera of a test sequence, z up.

        The test set gives no orientation of its cameras against gravity: they are taken as level.
        Its frames that are marked invalid are NaN.
        """
        if trial.split == "test":
            truth, _, valid = self._test(trial)
            world = np.where(valid[:, None, None], truth @ _LEVEL.T, np.nan)
            return Recording(positions=world, frame_rate=TEST_FRAME_RATE)
        camera = _calibration(trial)[0]
        joints = self._train(trial, 0, 3) / 1000
        pose, toes = _named(joints, TRAIN_JOINTS)
        to_z_up = _studio_to_z_up(camera, pose, trial)
        inverse = (to_z_up @ camera.rotation.T).T
        origin = camera.translation
        return Recording(
            positions=(pose - origin) @ inverse,
            frame_rate=_train_rate(len(pose)),
            toes=(toes - origin) @ inverse,
        )

    def evidence(self, trial: Trial) -> Iterable[Evidence]:
        """The published 2D positions with their camera; of invalid frames nothing."""
        if trial.split == "test":
            yield from self._test_evidence(trial)
            return
        truth = self.read(trial).positions
        cameras = _calibration(trial)
        to_z_up = _studio_to_z_up(
            cameras[0], _named(self._train(trial, 0, 3) / 1000, TRAIN_JOINTS)[0], trial
        )
        for index, camera in enumerate(cameras):
            keypoints, _ = _named(self._train(trial, index, 2), TRAIN_JOINTS)
            yield from pieces(
                attrs.evolve(camera, rotation=camera.rotation @ to_z_up.T),
                keypoints=keypoints,
                truth=truth,
                usable=np.asarray(np.isfinite(keypoints).all(axis=(1, 2))),
                keypoints_of="h36m-17",
                frame_rate=_train_rate(len(truth)),
                credit=CREDIT,
            )

    def _train(self, trial: Trial, camera: int, axes: int) -> Array:
        """(F, 28, axes) of one camera; 3D in mm in the camera's axes, 2D in px."""
        name = {2: "annot2", 3: self._truth}[axes]
        cells = _train_file(trial.source, trial.member).get(name)
        if cells is None or cells.dtype != object or camera >= cells.size:
            raise UserError(f"{trial} has no {name} of camera {camera}.")
        values = cells.ravel()[camera]
        if values.ndim != 2 or values.shape[1] != axes * len(TRAIN_JOINTS):
            raise UserError(
                f"{trial} has {name} of shape {values.shape}, and "
                f"(frames, {axes * len(TRAIN_JOINTS)}) is expected."
            )
        return np.asarray(values, np.float64).reshape(len(values), len(TRAIN_JOINTS), axes)

    @property
    def _truth(self) -> str:
        return "univ_annot3" if self.config.universal else "annot3"

    def _test(self, trial: Trial) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
        """Pose in the camera's axes (metres), keypoints (px), and which frames are valid."""
        content = _test_file(trial.source, trial.member)
        frames = len(content["valid_frame"])
        arrays = []
        for name, axes in ((self._truth, 3), ("annot2", 2)):
            shape = (frames, 1, len(TEST_JOINTS), axes)
            if content[name].shape != shape:
                raise UserError(f"{trial} has {name} of shape {content[name].shape}, not {shape}.")
            arrays.append(_named(content[name][:, 0], TEST_JOINTS)[0])
        return arrays[0] / 1000, arrays[1], content["valid_frame"].reshape(frames) > 0.5

    def _test_evidence(self, trial: Trial) -> Iterator[Evidence]:
        pose, keypoints, valid = self._test(trial)
        focal, centre = _fitted(pose[valid], keypoints[valid], trial)
        camera = Camera(
            name=trial.name,
            projection="pinhole",
            parameters={"focal": focal, "centre": centre},
            rotation=_LEVEL.T,
            translation=np.zeros(3),
            image_size=TEST_IMAGE_SIZE[trial.name],
        )
        yield from pieces(
            camera,
            keypoints=keypoints,
            truth=pose @ _LEVEL.T,
            usable=valid,
            keypoints_of="h36m-17",
            frame_rate=TEST_FRAME_RATE,
            credit=CREDIT,
        )


def build(config: MpiInf3dhpConfig, context: BuildContext) -> MpiInf3dhp:
    """The factory."""
    return MpiInf3dhp(config=config)


_LEVEL = rotation_from(1, -1.0)  # of a level camera, whose y points down


def _trials(source: Path) -> Iterator[Trial]:
    for member in archive.members(source, [".mat"], _EXPECTED):
        if train := _TRAIN.fullmatch(f"/{member}"):
            subject, name, split = train[1], f"{train[1]}/{train[2]}", "train"
        elif test := _TEST.fullmatch(f"/{member}"):
            subject, name, split = test[1], test[1], "test"
        else:
            continue
        yield Trial(name=name, subject=subject, split=split, source=source, member=member)


def _named(points: Array, names: tuple[str, ...]) -> tuple[Array, Array]:
    """The joints of the pose, (F, 17, d), and, where there are any, of the toes, (F, 2, d)."""
    order = [names.index(POSE.get(joint, joint)) for joint in H36M_17.joints]
    toes = [names.index(toe) for toe in ("left_toe", "right_toe") if toe in names]
    return points[:, order], points[:, toes]


def _train_rate(frames: int) -> float:
    return 50.0 if frames > HALF_RATE else 25.0


def _studio_to_z_up(camera: Camera, pose: Array, trial: Trial) -> Array:
    return z_up_rotation((pose - camera.translation) @ camera.rotation, str(trial))


def _fitted(
    pose: Array, keypoints: Array, trial: Trial
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Focal lengths and principal point, px: the least squares of u = f x / z + c."""
    focal, centre = [], []
    for axis in range(2):
        ratio = (pose[..., axis] / pose[..., 2]).ravel()
        design = np.stack([ratio, np.ones_like(ratio)], axis=1)
        seen = keypoints[..., axis].ravel()
        (f, c), *_ = np.linalg.lstsq(design, seen, rcond=None)
        worst = float(np.abs(design @ (f, c) - seen).max(initial=0.0))
        if not len(seen) or worst > WORST_FIT_PX:
            raise UserError(
                f"{trial} has keypoints that no camera makes of its joints: {worst:.0f} px away."
            )
        focal.append(float(f))
        centre.append(float(c))
    return (focal[0], focal[1]), (centre[0], centre[1])


def _calibration(trial: Trial) -> tuple[Camera, ...]:
    """The cameras of `camera.calibration`, millimetres made metres."""
    member = str(PurePosixPath(trial.member).with_name("camera.calibration"))
    entries: list[dict[str, list[str]]] = []
    for line in archive.read_text(trial.source, member).splitlines():
        key, *values = line.split() or [""]
        if key == "name":
            entries.append({"name": values})
        elif entries:
            entries[-1][key] = values
    try:
        cameras = tuple(_camera(entry) for entry in entries)
    except (KeyError, IndexError, ValueError) as error:
        raise UserError(f"{trial.source}/{member} is not a camera calibration.") from error
    if not cameras:
        raise UserError(f"{trial.source}/{member} holds no camera.")
    return cameras


def _camera(entry: Mapping[str, list[str]]) -> Camera:
    intrinsic = np.array(entry["intrinsic"], np.float64).reshape(4, 4)
    extrinsic = np.array(entry["extrinsic"], np.float64).reshape(4, 4)
    width, height = (round(float(value)) for value in entry["size"][:2])
    return Camera(
        name=entry["name"][0],
        projection="pinhole",
        parameters={
            "focal": (float(intrinsic[0, 0]), float(intrinsic[1, 1])),
            "centre": (float(intrinsic[0, 2]), float(intrinsic[1, 2])),
        },
        rotation=extrinsic[:3, :3],
        translation=extrinsic[:3, 3] / 1000,
        image_size=(width, height),
    )


# A file is some hundred megabytes, and is asked for each of its cameras.
@lru_cache(maxsize=1)
def _train_file(source: Path, member: str) -> Mapping[str, npt.NDArray[Any]]:
    from scipy.io import loadmat

    try:
        content: Mapping[str, npt.NDArray[Any]] = loadmat(
            io.BytesIO(archive.read(source, member)),
            variable_names=["annot2", "annot3", "univ_annot3"],
        )
    except UserError:
        raise
    except Exception as error:  # a damaged file may raise anything
        raise UserError(
            f"{source}/{member} is not a MATLAB file or is damaged ({error})."
        ) from error
    return content


@lru_cache(maxsize=1)
def _test_file(source: Path, member: str) -> Mapping[str, Array]:
    try:
        import h5py
    except ModuleNotFoundError:
        raise UserError(
            f"{source}/{member} is a MATLAB 7.3 file, which needs the package h5py: "
            "pip install 'platypose-motion[3dhp]'."
        ) from None
    names = ("annot2", "annot3", "univ_annot3", "valid_frame")
    try:
        with h5py.File(io.BytesIO(archive.read(source, member))) as file:
            return {name: np.asarray(file[name], np.float64) for name in names}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{source}/{member} is not the published MATLAB 7.3 file ({error})."
        ) from error
