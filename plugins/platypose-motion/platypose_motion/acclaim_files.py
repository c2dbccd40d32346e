"""A motion and its skeleton, read from a source of Acclaim files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from platypose_motion import archive
from platypose_motion.acclaim import Acclaim, forward_kinematics, parse_motion, parse_skeleton
from platypose_motion.axes import z_up
from platypose_motion.pose_joints import ACCLAIM, ACCLAIM_TOES, require_points

Array = npt.NDArray[np.float64]


def read_acclaim(source: Path, asf: str, amc: str) -> dict[str, Array]:
    """The end of every bone, (frames, 3), in metres, z up.

    Arguments:
        source: a folder or a zip archive.
        asf: the skeleton inside it.
        amc: the motion inside it.

    Raises:
        UserError: one of them is missing or damaged, or the skeleton lacks a bone of the pose.
    """
    skeleton = _skeleton(source, asf)
    motion = parse_motion(archive.read_text(source, amc), f"{source}/{amc}", skeleton)
    ends = forward_kinematics(skeleton, motion)
    require_points(f"{source}/{asf}", ends, ACCLAIM, ACCLAIM_TOES)
    return {name: z_up(end) * skeleton.metres for name, end in ends.items()}


# One skeleton serves many motions.
@lru_cache(maxsize=32)
def _skeleton(source: Path, asf: str) -> Acclaim:
    return parse_skeleton(archive.read_text(source, asf), f"{source}/{asf}")
