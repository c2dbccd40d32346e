"""3DPW: people outdoors, filmed by a phone that moves; one pickle a sequence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import BuildContext, Trial, UserError
from platypose.evidence import Camera, Evidence
from platypose.motion.download import Obtaining
from platypose.motion.recording import Recording
from platypose.unpickling import load
from platypose_motion import archive, smpl
from platypose_motion.config import ThreeDpwConfig
from platypose_motion.filmed import pieces
from platypose_motion.vertical import z_up_rotation

Array = npt.NDArray[np.float64]

CREDIT = (
    "3DPW: T. von Marcard, R. Henschel, M. J. Black, B. Rosenhahn, G. Pons-Moll, Recovering "
    "Accurate 3D Human Pose in The Wild Using IMUs and a Moving Camera, ECCV 2018."
)
LICENCE = (
    "For non-commercial scientific research by those who have accepted the licence; the data may "
    "not be passed on, and weights trained on it are for research as well."
)
FRAME_RATE = 30.0
SEQUENCES = {"train": 24, "validation": 12, "test": 24}
"""Published sequences of each split."""

OBTAINING = Obtaining(
    instructions="""\
3DPW is given to researchers who accept its licence at https://virtualhumans.mpi-inf.mpg.de/3DPW.
Download sequenceFiles.zip; it need not be unpacked. It holds 24 sequences in
sequenceFiles/train, 12 in sequenceFiles/validation and 24 in sequenceFiles/test, each of one or
two people. The images are not needed.""",
)

KEYPOINTS = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist"),
    *("left_shoulder", "left_elbow", "left_wrist", "right_hip", "right_knee", "right_ankle"),
    *("left_hip", "left_knee", "left_ankle", "right_eye", "left_eye", "right_ear", "left_ear"),
)
"""The 18 rows of `poses2d`."""
FEWEST_KEYPOINTS = 6

_SEQUENCE = re.compile(r"(?:.*/)?(train|validation|test)/([^/]+)\.pkl")
_EXPECTED = "sequenceFiles.zip, or the folder that it unpacks to,"


@attrs.frozen(kw_only=True)
class ThreeDpw:
    """Reads `sequenceFiles/<split>/<sequence>.pkl`."""

    config: ThreeDpwConfig = ThreeDpwConfig()
    credit = CREDIT
    licence = LICENCE

    def obtaining(self) -> Obtaining:
        """Where the files are had."""
        return OBTAINING

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """One trial for each person of each sequence; nobody is named, so each is a subject.

        Arguments:
            sources: `sequenceFiles.zip`, or folders.
        """
        return archive.found_in(
            sources,
            _trials,
            "holds no train/, validation/ or test/ with .pkl files.",
        )

    def read(self, trial: Trial) -> Recording:
        """The joints of one person, turned until z is up."""
        sequence, person = _person(trial)
        pose, toes = sequence.poses[person]
        up = sequence.to_z_up
        return Recording(positions=pose @ up.T, frame_rate=FRAME_RATE, toes=toes @ up.T)

    def evidence(self, trial: Trial) -> Iterable[Evidence]:
        """The published OpenPose keypoints of one person, where the camera's pose is valid."""
        sequence, person = _person(trial)
        truth = self.read(trial).positions
        detected = _floats(trial, sequence.content, "poses2d", person)
        valid = _floats(trial, sequence.content, "campose_valid", person) > 0.5
        poses = _floats(trial, sequence.content, "cam_poses")
        intrinsics = _floats(trial, sequence.content, "cam_intrinsics")
        frames = len(truth)
        for name, array, shape in (
            ("poses2d", detected, (frames, 3, len(KEYPOINTS))),
            ("campose_valid", valid, (frames,)),
            ("cam_poses", poses, (frames, 4, 4)),
            ("cam_intrinsics", intrinsics, (3, 3)),
        ):
            if array.shape != shape:
                raise UserError(f"{trial} has {name} of shape {array.shape}, not {shape}.")
        confidence = np.clip(detected[:, 2], 0, 1)
        camera = Camera(
            name=trial.name,
            projection="pinhole",
            parameters={
                "focal": (intrinsics[0, 0], intrinsics[1, 1]),
                "centre": (intrinsics[0, 2], intrinsics[1, 2]),
            },
            rotation=poses[:, :3, :3] @ sequence.to_z_up.T,
            translation=poses[:, :3, 3],
            # The principal point is the middle of the image.
            image_size=(round(2 * intrinsics[0, 2]), round(2 * intrinsics[1, 2])),
        )
        yield from pieces(
            camera,
            keypoints=detected[:, :2].transpose(0, 2, 1),
            truth=truth,
            usable=valid & ((confidence > 0).sum(axis=1) >= FEWEST_KEYPOINTS),
            keypoints_of="body-25",
            names=KEYPOINTS,
            confidence=confidence,
            frame_rate=FRAME_RATE,
            credit=CREDIT,
        )


def build(config: ThreeDpwConfig, context: BuildContext) -> ThreeDpw:
    """The factory."""
    return ThreeDpw(config=config)


@attrs.frozen(kw_only=True, eq=False)
class _Sequence:
    """One pickle.

    Attributes:
        content: as published.
        poses: pose and toes of each person in the axes of the file.
        to_z_up: rotation from these axes to the world.
    """

    content: dict[str, Any]
    poses: tuple[tuple[Array, Array], ...]
    to_z_up: Array


def _trials(source: Path) -> Iterator[Trial]:
    for member in archive.members(source, [".pkl"], _EXPECTED):
        found = _SEQUENCE.fullmatch(f"/{member}")
        if found is None:
            continue
        split, name = found[1], found[2]
        for person in range(len(_sequence(source, member).poses)):
            yield Trial(
                name=f"{name}-{person}",
                subject=f"{name}-{person}",
                split=split,
                source=source,
                member=member,
                action=re.sub(r"_\d+$", "", name),
            )


def _person(trial: Trial) -> tuple[_Sequence, int]:
    sequence = _sequence(trial.source, trial.member)
    person = int(trial.name.rpartition("-")[2])
    if person >= len(sequence.poses):
        raise UserError(f"{trial} has {len(sequence.poses)} people, none numbered {person}.")
    return sequence, person


# Both people of a sequence are read one after the other.
@lru_cache(maxsize=2)
def _sequence(source: Path, member: str) -> _Sequence:
    file = f"{source}/{member}"
    content = load(archive.read(source, member), file)
    people = content.get("jointPositions") if isinstance(content, dict) else None
    if not isinstance(people, list) or not people:
        raise UserError(f"{file} has no jointPositions; it is not a sequence of 3DPW.")
    poses = []
    for joints in people:
        if not (isinstance(joints, np.ndarray) and joints.ndim == 2 and joints.shape[1] == 72):
            raise UserError(f"{file} has jointPositions that are not of shape (frames, 72).")
        poses.append(smpl.pose_and_toes(joints.reshape(-1, 24, 3).astype(np.float64)))
    everybody = np.concatenate([pose for pose, _ in poses])
    return _Sequence(content=content, poses=tuple(poses), to_z_up=z_up_rotation(everybody, file))


def _floats(trial: Trial, content: dict[str, Any], name: str, person: int | None = None) -> Array:
    try:
        value = content[name] if person is None else content[name][person]
        return np.asarray(value, np.float64)
    except (KeyError, IndexError, TypeError, ValueError):
        raise UserError(f"{trial} has no usable {name}.") from None
