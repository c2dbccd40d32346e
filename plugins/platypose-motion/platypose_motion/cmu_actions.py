"""CMU sequences by action, given as joint positions relative to the hips in one .npz."""

from __future__ import annotations

import zipfile
from functools import lru_cache
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import Trial, UserError
from platypose.motion.recording import Recording
from platypose_motion.cgspeed import ACCLAIM_ENDS
from platypose_motion.pose_joints import ACCLAIM, ACCLAIM_TOES, combine
from platypose_motion.splits import CMU_ACTIONS_TEST_FOLDER, split_of

Array = npt.NDArray[np.float64]

_ARRAYS = ("positions_mm", "joint_names", "sequence_names", "sequence_lengths", "frame_rate_hz")


# The file writes the name of an end site without a blank.
_ENDS = {bone: joint.replace(" ", "") for bone, joint in ACCLAIM_ENDS.items()}


def is_cmu_actions(path: Path) -> bool:
    """Whether a path is such a file, by what it holds."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        held = set(archive.namelist())
    return held >= {f"{name}.npy" for name in _ARRAYS}


def trials(source: Path) -> list[Trial]:
    """One trial a sequence.

    The sequences name no people, so the subject is that of the split, and the name begins with
    `actions/`, so that no trial number is mistaken for one of the database.

    Raises:
        UserError: the file is damaged or no such file.
    """
    found: list[Trial] = []
    for name in _open(source).rows:
        folder, _, rest = name.partition("/")
        split = split_of(frozenset({CMU_ACTIONS_TEST_FOLDER}), folder)
        found.append(
            Trial(
                name=f"actions/{name}",
                subject=f"actions-{split}",
                split=split,
                source=source,
                member=name,
                action=rest.rpartition("/")[2].rpartition("_")[0].replace("_", " "),
            )
        )
    return found


def read(trial: Trial) -> Recording:
    """The joints of one sequence, relative to the hips.

    Raises:
        UserError: the file is damaged or holds no such sequence.
    """
    archive = _open(trial.source)
    if trial.member not in archive.rows:
        raise UserError(f"{trial.source} holds no sequence {trial.member!r}.")
    metres: Array = archive.millimetres[archive.rows[trial.member]].astype(np.float64) * 1e-3
    ends = {bone: metres[:, archive.joints[joint]] for bone, joint in _ENDS.items()}
    _restore_lost_bones(ends, metres[:, archive.joints["Hips"]])
    return Recording(
        positions=combine(ends, ACCLAIM),
        frame_rate=archive.frame_rate,
        toes=np.stack([ends[name] for name in ACCLAIM_TOES], axis=1),
        absolute=False,
    )


@attrs.frozen(kw_only=True, eq=False)
class _Archive:
    """The content of the file.

    Attributes:
        millimetres: (frames, joints, 3) int16 of all sequences, z up.
        joints: column of each joint.
        rows: those of each sequence.
        frame_rate: frames a second.
    """

    millimetres: npt.NDArray[np.int16]
    joints: dict[str, int]
    rows: dict[str, slice]
    frame_rate: float


@lru_cache(maxsize=2)
def _open(source: Path) -> _Archive:
    try:
        with np.load(source, allow_pickle=False) as content:
            raw, joints, names, lengths, rate = (content[name] for name in _ARRAYS)
    except (OSError, ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{source} cannot be read as the .npz of CMU sequences by action ({error})."
        ) from error
    lacking = sorted({*_ENDS.values(), "Hips"} - {str(name) for name in joints})
    if lacking:
        raise UserError(f"{source} has no joint {', '.join(lacking)}.")
    ends = np.cumsum(lengths)
    if raw.shape != (int(lengths.sum()), len(joints), 3) or len(names) != len(lengths):
        raise UserError(f"{source} is damaged: its sequences do not fit its positions.")
    return _Archive(
        millimetres=raw,
        joints={str(name): column for column, name in enumerate(joints)},
        rows={
            str(name): slice(int(end - length), int(end))
            for name, length, end in zip(names, lengths, ends, strict=True)
        },
        frame_rate=float(rate),
    )


def _restore_lost_bones(ends: dict[str, Array], hips: Array) -> None:
    """Put the thorax bone and the wrist bones back, which the BVH conversion behind it loses.

    `cgspeed.restore_lost_bones` does so with the rotations, of which this file has none. The three
    bones of the spine bend evenly, so the thorax is the lower back mirrored in the upper back; and
    the wrist bone, which only twists, continues the radius with half of its length.
    """
    lower, upper = ends["lowerback"] - hips, ends["upperback"] - ends["lowerback"]
    along = upper / np.linalg.norm(upper, axis=-1, keepdims=True)
    thorax = 2 * (lower * along).sum(axis=-1, keepdims=True) * along - lower
    for bone in ends:
        if bone in _ABOVE_THE_BACK:
            ends[bone] = ends[bone] + thorax
    for side in "lr":
        radius = ends[f"{side}radius"] - ends[f"{side}humerus"]
        ends[f"{side}wrist"] = ends[f"{side}radius"] + radius / 2


_ABOVE_THE_BACK = frozenset(
    {"thorax", "lowerneck", "upperneck", "head"}
    | {side + bone for side in "lr" for bone in ("clavicle", "humerus", "radius", "wrist")}
)
