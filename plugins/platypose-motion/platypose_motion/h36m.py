"""Human3.6M as VideoPose3D publishes it: joint positions and 2D detections in .npz files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import BuildContext, Trial, UserError
from platypose.evidence import Evidence
from platypose.motion.download import Obtaining
from platypose.motion.recording import Recording
from platypose.unpickling import read_npz
from platypose_motion.config import H36mConfig
from platypose_motion.filmed import pieces
from platypose_motion.splits import H36M_TEST_SUBJECTS, split_of

Array = npt.NDArray[np.float64]

CREDIT = (
    "Human3.6M: C. Ionescu, D. Papava, V. Olaru, C. Sminchisescu, Human3.6M: Large Scale Datasets "
    "and Predictive Methods for 3D Human Sensing in Natural Environments, IEEE TPAMI 36(7), 2014."
)
LICENCE = (
    "For academic research by those to whom the owners have given access; the data may not be "
    "passed on, and weights trained on it are for research as well."
)
ARCHIVE = "data_3d_h36m.npz"
FRAME_RATE = 50.0
SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")

OBTAINING = Obtaining(
    instructions="""\
Human3.6M is given to researchers who register at http://vision.imar.ro/human3.6m and are accepted.
VideoPose3D (github.com/facebookresearch/VideoPose3D, DATASETS.md) says how its script
prepare_data_h36m.py makes data_3d_h36m.npz and data_2d_h36m_gt.npz from the downloaded
"D3 Positions", and where the detections data_2d_h36m_cpn_ft_h36m_dbb.npz are.
Put these three files into one folder.""",
    expected=tuple(f"{subject}/" for subject in SUBJECTS),
)

KEPT = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""The 17 of the 32 joints, in the order of the pose; the rest are doubles, hands and toes."""
TOES = (9, 4)
"""The bases of the left and the right toes among the 32 joints."""

KEYPOINT_SETS = {"h36m": "h36m-17", "coco": "coco-17"}
"""By the `layout_name` of a file of detections."""


@attrs.frozen(kw_only=True)
class H36m:
    """Reads `data_3d_h36m.npz` and, beside it, `data_2d_h36m_<detector>.npz`."""

    config: H36mConfig = H36mConfig()
    credit = CREDIT
    licence = LICENCE

    def obtaining(self) -> Obtaining:
        """Where the files are had."""
        return OBTAINING

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """One trial for each subject and action, "S1/Walking 1" being the second take of Walking.

        Arguments:
            sources: `data_3d_h36m.npz`, or the folder that holds it.
        """
        files = [source / ARCHIVE if source.is_dir() else source for source in sources]
        return [
            Trial(
                name=f"{subject}/{action}",
                subject=subject,
                split=split_of(H36M_TEST_SUBJECTS, subject),
                source=file,
                member=f"{subject}/{action}",
                action=re.sub(r" \d$", "", action),
            )
            for file in files
            for subject, actions in _positions(file).items()
            for action in actions
        ]

    def read(self, trial: Trial) -> Recording:
        """The 17 joints of one take."""
        joints = _of(trial, _positions(trial.source))
        if not (
            isinstance(joints, np.ndarray) and joints.ndim == 3 and joints.shape[1:] == (32, 3)
        ):
            raise UserError(f"{trial} is not of shape (frames, 32, 3).")
        world = joints.astype(np.float64)
        return Recording(positions=world[:, KEPT], frame_rate=FRAME_RATE, toes=world[:, TOES])

    def evidence(self, trial: Trial) -> Iterable[Evidence]:
        """What a detector found in the four videos of a take, with the published calibration."""
        from platypose.evidence.presets import h36m_cameras

        truth = self.read(trial).positions
        file = trial.source.with_name(f"data_2d_h36m_{self.config.detector}.npz")
        layout, detections = _detections(file)
        views = _of(trial, detections, file)
        cameras = [c for c in h36m_cameras() if c.name.startswith(f"{trial.subject}/")]
        if not isinstance(views, list) or len(views) != len(cameras):
            raise UserError(f"{file} has not {len(cameras)} cameras for {trial.member}.")
        for camera, keypoints in zip(cameras, views, strict=True):
            # The videos go on after the motion capture has ended.
            if keypoints.shape[1:] != (17, 2) or len(keypoints) < len(truth):
                raise UserError(
                    f"{file} has keypoints of shape {keypoints.shape} for {trial.member}, and "
                    f"({len(truth)} or more, 17, 2) is expected."
                )
            yield from pieces(
                camera,
                keypoints=keypoints[: len(truth)].astype(np.float64),
                truth=truth,
                usable=np.ones(len(truth), bool),
                keypoints_of=layout,
                frame_rate=FRAME_RATE,
                credit=CREDIT,
            )


def build(config: H36mConfig, context: BuildContext) -> H36m:
    """The factory."""
    return H36m(config=config)


Takes = Mapping[str, Mapping[str, Any]]


def _of(trial: Trial, takes: Takes, file: Path | None = None) -> Any:
    subject, _, action = trial.member.partition("/")
    try:
        return takes[subject][action]
    except KeyError:
        raise UserError(f"{file or trial.source} holds no {trial.member}.") from None


def _positions(file: Path) -> Takes:
    if not file.is_file():
        raise UserError(f"{file} does not exist; VideoPose3D's {ARCHIVE} is needed.")
    return _cached_positions(file, file.stat().st_mtime_ns)


# One take after another is read, and each would unpack the whole archive.
@lru_cache(maxsize=1)
def _cached_positions(file: Path, changed: int) -> Takes:
    return _takes(file, read_npz(file, ["positions_3d"]).get("positions_3d"), "positions_3d")


def _detections(file: Path) -> tuple[str, Takes]:
    if not file.is_file():
        raise UserError(
            f"{file} does not exist; put the detections beside {ARCHIVE}, or name others with the "
            "option detector."
        )
    return _cached_detections(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _cached_detections(file: Path, changed: int) -> tuple[str, Takes]:
    content = read_npz(file, ["positions_2d", "metadata"])
    metadata = content.get("metadata")
    layout = metadata.get("layout_name") if isinstance(metadata, dict) else None
    if layout not in KEYPOINT_SETS:
        raise UserError(
            f"{file} has the keypoint layout {layout!r}, and {' or '.join(KEYPOINT_SETS)} is known."
        )
    return KEYPOINT_SETS[layout], _takes(file, content.get("positions_2d"), "positions_2d")


def _takes(file: Path, content: Any, name: str) -> Takes:
    if not (isinstance(content, dict) and all(isinstance(v, dict) for v in content.values())):
        raise UserError(f"{file} holds no {name} by subject and action; VideoPose3D's is needed.")
    return content
