"""AMASS: SMPL+H parameters, to joints by the user's body model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import BuildContext, Trial, UserError
from platypose.motion.download import Obtaining
from platypose.motion.recording import Recording
from platypose.unpickling import read_npz
from platypose_motion import smpl
from platypose_motion.config import AmassConfig
from platypose_motion.splits import CMU_TEST_SUBJECTS

Array = npt.NDArray[np.float64]

CREDIT = (
    "AMASS: N. Mahmood, N. Ghorbani, N. F. Troje, G. Pons-Moll, M. J. Black, AMASS: Archive of "
    "Motion Capture as Surface Shapes, ICCV 2019; and the data sets in it that were used."
)
LICENCE = (
    "For non-commercial scientific research by those who have accepted the licence; the data may "
    "not be passed on, and weights trained on it are for research as well."
)

OBTAINING = Obtaining(
    instructions="""\
AMASS is given to researchers who register at https://amass.is.tue.mpg.de and accept the licence.
Download the archives "SMPL+H G" of the data sets that you want and unpack them into one folder,
so that it holds files such as CMU/01/01_01_poses.npz. The joints are computed with the body model
"Extended SMPL+H model" of https://mano.is.tue.mpg.de, unpacked so that a folder holds
male/model.npz, female/model.npz and neutral/model.npz; name it with amass:model=FOLDER.""",
)

SPLITS = {
    **dict.fromkeys(("Transitions_mocap", "Transitions", "SSM_synced", "SSM"), "test"),
    **dict.fromkeys(("HumanEva", "MPI_HDM05", "HDM05", "SFU", "MPI_mosh", "MoSh"), "validation"),
}
"""The published split, by the data set within AMASS in its old and its new name; the rest is for
training, save the subjects of CMU that are held out everywhere."""

POSE_SIZE = 156
"""Three numbers for each of the 52 joints of SMPL+H."""

_RECORDING = re.compile(r"(?:.*/)?([^/]+)/([^/]+)/([^/]+)_poses\.npz")


@attrs.frozen(kw_only=True)
class Amass:
    """Reads `<data set>/<subject>/<name>_poses.npz`."""

    config: AmassConfig = AmassConfig()
    credit = CREDIT
    licence = LICENCE

    def obtaining(self) -> Obtaining:
        """Where the files are had."""
        return OBTAINING

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """One trial a file.

        Arguments:
            sources: folders in which archives of AMASS were unpacked, such as the one that holds
                `CMU/01/01_01_poses.npz`.
        """
        found: list[Trial] = []
        for source in sources:
            if not source.is_dir():
                raise UserError(f"{source} is not a folder; the folder that holds CMU/ is needed.")
            of_source = list(_trials(source))
            if not of_source:
                raise UserError(
                    f"{source} holds no file such as CMU/01/01_01_poses.npz; the archives of "
                    "AMASS must be unpacked, those named SMPL+H G."
                )
            found += of_source
        return found

    def read(self, trial: Trial) -> Recording:
        """The joints of one file, by the body model of the person's gender and shape."""
        content = read_npz(trial.source, ["poses", "trans", "betas", "gender", "mocap_framerate"])
        poses, trans, betas = (
            _floats(trial, content, name) for name in ("poses", "trans", "betas")
        )
        if poses.ndim != 2 or poses.shape[1] != POSE_SIZE or trans.shape != (len(poses), 3):
            raise UserError(
                f"{trial} has poses {poses.shape} and trans {trans.shape}, and "
                f"(frames, {POSE_SIZE}) and (frames, 3) are expected; download the SMPL+H version."
            )
        model = _model(self.config.model, _gender(trial, content))
        joints = _joints(model, poses, betas.ravel(), trans)
        pose, toes = smpl.pose_and_toes(joints)
        rate = float(_floats(trial, content, "mocap_framerate"))
        return Recording(positions=pose, frame_rate=rate, toes=toes)


def build(config: AmassConfig, context: BuildContext) -> Amass:
    """The factory."""
    return Amass(config=config)


def _trials(source: Path) -> Iterator[Trial]:
    for path in sorted(source.rglob("*_poses.npz")):
        # The folder that is named may be that of one data set.
        found = _RECORDING.fullmatch(path.resolve().as_posix())
        if found is None:
            continue
        dataset, person, name = found.groups()
        held_out = dataset == "CMU" and person in CMU_TEST_SUBJECTS
        yield Trial(
            name=f"{dataset}/{person}/{name}",
            subject=f"{dataset}/{person}",
            split="test" if held_out else SPLITS.get(dataset, "train"),
            source=path,
            action=re.sub(r"[\d_ -]+$", "", re.sub(r"^[\d_]+", "", name)),
        )


def _floats(trial: Trial, content: dict[str, Any], name: str) -> Array:
    try:
        return np.asarray(content[name], np.float64)
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{trial} has no usable {name}; it is not a recording of AMASS.") from None


def _gender(trial: Trial, content: dict[str, Any]) -> str:
    value = content.get("gender")
    gender = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    gender = gender.decode("ascii", "replace") if isinstance(gender, bytes) else gender
    if gender not in ("male", "female", "neutral"):
        raise UserError(f"{trial} has the gender {gender!r}, not male, female or neutral.")
    return str(gender)


@attrs.frozen(kw_only=True, eq=False)
class _Model:
    """What the joints need of a body model.

    Attributes:
        template: (V, 3) vertices of the mean shape.
        shapes: (V, 3, B) their shifts by shape.
        regressor: (J, V) from vertices to joints.
        parents: (J,) index of each joint's parent, -1 for the root.
    """

    template: Array
    shapes: Array
    regressor: Array
    parents: npt.NDArray[np.int64]


def _model(folder: Path | None, gender: str) -> _Model:
    if folder is None:
        raise UserError(
            "AMASS needs the body model SMPL+H: download 'Extended SMPL+H model' from "
            "mano.is.tue.mpg.de and name the folder that holds male/model.npz with the option "
            "model."
        )
    file = folder / gender / "model.npz"
    if not file.is_file():
        raise UserError(
            f"{file} does not exist; the option model must name the folder of SMPL+H that holds "
            "male/, female/ and neutral/, each with model.npz."
        )
    return _cached_model(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=3)
def _cached_model(file: Path, changed: int) -> _Model:
    content = read_npz(file, ["v_template", "shapedirs", "J_regressor", "kintree_table"])
    try:
        model = _Model(
            template=np.asarray(content["v_template"], np.float64),
            shapes=np.asarray(content["shapedirs"], np.float64),
            regressor=np.asarray(content["J_regressor"], np.float64),
            # The root's parent is written as 2³² − 1.
            parents=np.asarray(content["kintree_table"], np.float64)[0].astype(np.int64),
        )
    except (KeyError, IndexError, TypeError, ValueError):
        raise UserError(f"{file} is not a body model of SMPL+H.") from None
    vertices, joints = len(model.template), POSE_SIZE // 3
    if (
        model.template.shape != (vertices, 3)
        or model.shapes.shape[:2] != (vertices, 3)
        or model.regressor.shape != (joints, vertices)
        or model.parents.shape != (joints,)
    ):
        raise UserError(f"{file} is not a body model of SMPL+H: its arrays do not fit together.")
    model.parents[0] = -1
    return model


def _joints(model: _Model, poses: Array, betas: Array, trans: Array) -> Array:
    """Joints (F, 52, 3), metres; the surface is not computed."""
    import torch

    try:
        from smplx import lbs
    except ModuleNotFoundError:
        raise UserError(
            "AMASS needs the package smplx: pip install 'platypose-motion[amass]'."
        ) from None
    known = min(len(betas), model.shapes.shape[2])
    shifts = lbs.blend_shapes(
        torch.from_numpy(betas[None, :known]), torch.from_numpy(model.shapes[..., :known])
    )
    at_rest = lbs.vertices2joints(
        torch.from_numpy(model.regressor), torch.from_numpy(model.template) + shifts
    )
    frames = len(poses)
    rotations = lbs.batch_rodrigues(torch.from_numpy(poses.reshape(-1, 3)))
    posed, _ = lbs.batch_rigid_transform(
        rotations.view(frames, -1, 3, 3),
        at_rest.expand(frames, -1, -1),
        torch.from_numpy(model.parents),
        dtype=torch.float64,
    )
    joints: Array = posed.numpy() + trans[:, None]
    return joints
