"""Whether joint positions can be a person's: units, axes, sides, bones and jumps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from platypose.skeleton import H36M_17

Array = npt.NDArray[np.float64]

LEG_METRES = (0.7, 1.1)
UPRIGHT_COSINE = 0.5
UPRIGHT_SHARE = 0.25
BONE_VARIATION = 0.02
ACCELERATION = 1200.0
"""m/s². Impacts and throws of the database stay below; a joint that jumps exceeds it."""

_JOINT = {name: index for index, name in enumerate(H36M_17.joints)}
_LEGS = ("right_knee", "right_foot", "left_knee", "left_foot")
_ARMS = ("left_elbow", "left_wrist", "right_elbow", "right_wrist")


def implausible(pose: Array, toes: Array) -> str | None:
    """What shows that a recording is not of a person in metres with z up; None if nothing does.

    Arguments:
        pose: (frames, 17, 3) metres, world.
        toes: (frames, 2, 3) bases of the left and the right toes.
    """
    if not (np.isfinite(pose).all() and np.isfinite(toes).all()):
        return "it holds NaN or infinite values"

    legs, arms = _lengths(pose, _LEGS), _lengths(pose, _ARMS)
    leg = legs.sum(axis=1).mean() / 2
    if not LEG_METRES[0] <= leg <= LEG_METRES[1]:
        return (
            f"a leg is {leg:.2f} m long, not {LEG_METRES[0]} to {LEG_METRES[1]} m: "
            "its units are not CMU length units"
        )

    lengths = np.concatenate([legs, arms], axis=1)
    variation = lengths.std(axis=0) / lengths.mean(axis=0)
    worst = int(variation.argmax())
    if variation[worst] > BONE_VARIATION:
        return (
            f"the bone to {(_LEGS + _ARMS)[worst]} changes its length by "
            f"{100 * variation[worst]:.0f} %, more than {100 * BONE_VARIATION:.0f} %"
        )

    trunk = pose[:, _JOINT["head"]] - pose[:, _JOINT["hip"]]
    upright = trunk[:, 2] > UPRIGHT_COSINE * np.linalg.norm(trunk, axis=-1)
    if upright.mean() < UPRIGHT_SHARE:
        return (
            f"the trunk is upright in {100 * upright.mean():.0f} % of the frames, fewer than "
            f"{100 * UPRIGHT_SHARE:.0f} %: its vertical axis is not y"
        )

    # While the trunk is upright, the left hip is to the left of where the toes point.
    feet = pose[:, [_JOINT["left_foot"], _JOINT["right_foot"]]]
    forward = (toes - feet).mean(axis=1)[upright]
    across = (pose[:, _JOINT["left_hip"]] - pose[:, _JOINT["right_hip"]])[upright]
    left = forward[:, 0] * across[:, 1] - forward[:, 1] * across[:, 0] > 0
    if left.mean() < 0.5:
        return "left and right are swapped"
    return None


def jumps(pose: Array, frame_rate: float) -> npt.NDArray[np.bool_]:
    """The frames, (frames,), at which some joint's acceleration exceeds `ACCELERATION`.

    Arguments:
        pose: (frames, 17, 3) metres.
        frame_rate: frames a second.
    """
    acceleration = np.linalg.norm(np.diff(pose, n=2, axis=0), axis=-1) * frame_rate**2
    fast = (acceleration > ACCELERATION).any(axis=1)
    marked = np.zeros(len(pose), dtype=bool)
    for shift in range(3):
        marked[shift : shift + len(fast)] |= fast
    return marked


def _lengths(pose: Array, ends: Sequence[str]) -> Array:
    """Lengths (frames, len(ends)) of the bones that end in the named joints."""
    children = [_JOINT[name] for name in ends]
    parents = [H36M_17.parents[child] for child in children]
    lengths: Array = np.linalg.norm(pose[:, children] - pose[:, parents], axis=-1)
    return lengths
