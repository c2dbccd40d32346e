"""Bone lengths of a motion set, the plainest check that it holds people."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from platypose.motion.motion_set import MotionSet


@attrs.frozen(kw_only=True, eq=False)
class BoneLengths:
    """Lengths of one subject's bones.

    Attributes:
        mean_mm: (J - 1,) mean over the frames, one bone for each joint with a parent.
        spread_mm: (J - 1,) standard deviation over the frames.
    """

    mean_mm: npt.NDArray[np.float64]
    spread_mm: npt.NDArray[np.float64]


def bone_lengths(motion: MotionSet, parents: Sequence[int]) -> dict[str, BoneLengths]:
    """Bone lengths by subject.

    Arguments:
        motion: the set.
        parents: for every joint of its skeleton the index of its parent, -1 for the root.
    """
    children = [joint for joint, parent in enumerate(parents) if parent >= 0]
    ends = [parents[joint] for joint in children]
    frames: dict[str, list[npt.NDArray[np.float32]]] = {}
    for clip in motion.clips:
        frames.setdefault(clip.subject, []).append(motion.of(clip))
    lengths: dict[str, BoneLengths] = {}
    for subject, poses in frames.items():
        pose = np.concatenate(poses).astype(np.float64)
        length = 1000.0 * np.linalg.norm(pose[:, children] - pose[:, ends], axis=-1)
        lengths[subject] = BoneLengths(mean_mm=length.mean(axis=0), spread_mm=length.std(axis=0))
    return lengths
