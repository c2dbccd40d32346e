"""Bones of constant length, where joints come from markers on the skin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from platypose.skeleton import H36M_17

Array = npt.NDArray[np.float64]

_PARENTS = [parent for parent, _ in H36M_17.bones]
_CHILDREN = [child for _, child in H36M_17.bones]
_FEET = [H36M_17.joints.index(name) for name in ("left_foot", "right_foot")]

_NEAR_THE_FLOOR = 0.03
"""Metres above the lower foot at which the other one has lost most of its say."""


def median_lengths(pose: Array) -> Array:
    """The lengths (bones,) of a person, in the order of `H36M_17.bones`.

    Arguments:
        pose: (frames, 17, 3); NaN is ignored.
    """
    lengths = np.linalg.norm(pose[:, _CHILDREN] - pose[:, _PARENTS], axis=-1)
    median: Array = np.nanmedian(lengths, axis=0)
    return median


def with_lengths(pose: Array, lengths: Array) -> Array:
    """The same directions of all bones with the given lengths.

    The whole is moved so that the foot on the floor stays where it was.

    Arguments:
        pose: (frames, 17, 3) metres, z up.
        lengths: (bones,), in the order of `H36M_17.bones`.
    """
    rigid = pose.copy()
    for (parent, child), length in zip(H36M_17.bones, lengths, strict=True):
        bone = pose[:, child] - pose[:, parent]
        bone = bone / np.linalg.norm(bone, axis=-1, keepdims=True)
        rigid[:, child] = rigid[:, parent] + length * bone
    height = pose[:, _FEET, 2]
    share = np.exp(-(height - height.min(axis=1, keepdims=True)) / _NEAR_THE_FLOOR)
    share /= share.sum(axis=1, keepdims=True)
    rigid += ((pose[:, _FEET] - rigid[:, _FEET]) * share[..., None]).sum(axis=1, keepdims=True)
    return rigid
