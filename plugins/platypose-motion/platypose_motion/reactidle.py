"""ReActIdle: people who stand and idle, acted and genuine, as BVH of 24 frames a second.

Two things of these files are their own. The position channels of every joint but the root repeat
its OFFSET, where the root's add to it, so the repeated offsets are dropped. And the skeletons were
estimated with sizes that adults do not have: legs of 0.59 to 0.86 m, in proportion with the rest
of the body, so the size is not known and every person is brought to that of an adult of middle
size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import BuildContext, Trial
from platypose.motion.download import Obtaining
from platypose.motion.recording import Recording
from platypose.skeleton import H36M_17
from platypose_motion import archive
from platypose_motion.axes import z_up
from platypose_motion.bvh import drop_repeated_offsets, forward_kinematics, parse
from platypose_motion.config import ReactIdleConfig
from platypose_motion.pose_joints import REACTIDLE, REACTIDLE_TOES, combine, require_points
from platypose_motion.recordings import recording
from platypose_motion.splits import REACTIDLE_TEST_RECORDINGS, split_of

Array = npt.NDArray[np.float64]

CREDIT = "ReActIdle, © 2025 RSAIT, Robotics and Autonomous Systems Group (MIT licence)."

LICENCE = "MIT; the copyright notice goes with copies. Weights trained on it may be shipped."

OBTAINING = Obtaining(
    instructions="""\
ReActIdle is free from its authors, the Robotics and Autonomous Systems Group (RSAIT). A zip archive
with its .bvh files need not be unpacked; a folder that holds them will do as well.""",
)

_NAME = re.compile(r"(?P<number>\d{3})_(?P<action>acted|genuine)")
_EXPECTED = "a zip archive or a folder of ReActIdle's .bvh files"
_SIZED = (
    *("left_knee", "left_foot", "right_knee", "right_foot", "spine", "thorax"),
    *("left_elbow", "left_wrist", "right_elbow", "right_wrist"),
)


@attrs.frozen(kw_only=True)
class ReactIdle:
    """Finds and reads recordings of ReActIdle."""

    config: ReactIdleConfig = ReactIdleConfig()
    credit = CREDIT
    licence = LICENCE

    def obtaining(self) -> Obtaining:
        """Where the files are had."""
        return OBTAINING

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """Find the recordings.

        Arguments:
            sources: zip archives, read in place, and folders.

        Raises:
            UserError: a source is missing, is neither of these or holds no recording.
        """
        return archive.found_in(
            sources,
            _trials,
            f"holds no ReActIdle recording, such as 001_acted.bvh; {_EXPECTED} is expected.",
        )

    def read(self, trial: Trial) -> Recording:
        """Read one recording.

        Raises:
            UserError: it is damaged or of another skeleton.
        """
        bvh = drop_repeated_offsets(
            parse(archive.read_text(trial.source, trial.member), str(trial))
        )
        positions = z_up(forward_kinematics(bvh))
        points = {joint.name: positions[:, i] for i, joint in enumerate(bvh.joints)}
        require_points(str(trial), points, REACTIDLE, REACTIDLE_TOES)
        pose = combine(points, REACTIDLE)
        scale = _adult_size() / _size(pose)
        points = {name: points[name] * scale for name in REACTIDLE_TOES}
        return recording(pose * scale, points, REACTIDLE_TOES, 1.0 / bvh.frame_time)


def build(config: ReactIdleConfig, context: BuildContext) -> ReactIdle:
    """The factory."""
    return ReactIdle(config=config)


def _trials(source: Path) -> Iterator[Trial]:
    for member in archive.members(source, [".bvh"], _EXPECTED):
        name = PurePosixPath(member).stem
        named = _NAME.fullmatch(name)
        if named:
            yield Trial(
                name=name,
                subject=named["number"],
                split=split_of(REACTIDLE_TEST_RECORDINGS, name),
                source=source,
                member=member,
                action=named["action"],
            )


def _size(pose: Array) -> float:
    """The mean summed length, metres, of the bones of legs, trunk and arms."""
    children = [H36M_17.joints.index(joint) for joint in _SIZED]
    parents = [H36M_17.parents[child] for child in children]
    lengths = np.linalg.norm(pose[:, children] - pose[:, parents], axis=-1)
    return float(lengths.sum(axis=1).mean())


def _adult_size() -> float:
    return _size(np.asarray(H36M_17.standing)[None])
