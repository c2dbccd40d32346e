"""Whether joint positions can be a person's: units, axes, sides, bones, jumps and floor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from platypose.skeleton import H36M_17

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LEG_METRES = (0.65, 1.15)
"""Hip to ankle along the bones."""
BONE_VARIATION = 0.05
"""Standard deviation over the length, of a bone of an arm or leg."""
VELOCITY_CHANGE = 10.0
"""m/s from one frame to the next. Impacts and throws stay below, at any usual frame rate; a joint
that jumps by some centimetres at 120 Hz, or some decimetres at 30 Hz, exceeds it."""
BONE_STRETCH = 0.2
"""Share by which such a bone may differ, in a frame, from its median length."""
UPRIGHT_COSINE = 0.5
"""Of the angle between the trunk and the vertical."""
AIR_METRES = 0.3
AIR_SECONDS = 2.0

_JOINT = {name: index for index, name in enumerate(H36M_17.joints)}
_LIMBS = (
    *("right_knee", "right_foot", "left_knee", "left_foot"),
    *("left_elbow", "left_wrist", "right_elbow", "right_wrist"),
)
_BENT_COSINE = 0.87  # a knee bent by 30°
_SHORTEST_EVIDENCE = 30  # frames with a bent knee that can tell the sides


def leg_length_fault(pose: Array) -> str | None:
    """What shows that positions are not in metres.

    Arguments:
        pose: (frames, 17, 3).
    """
    leg = float(_lengths(pose, _LIMBS[:4]).sum(axis=1).mean() / 2)
    low, high = LEG_METRES
    if low <= leg <= high:
        return None
    return f"a leg is {leg:.3g} m long, not {low} to {high} m: the units are not metres"


def stretched(pose: Array) -> Mask:
    """The frames, (frames,), in which a bone of an arm or leg is far from its usual length.

    Arguments:
        pose: (frames, 17, 3).
    """
    lengths = _lengths(pose, _LIMBS)
    usual = np.maximum(np.median(lengths, axis=0), 1e-9)
    return np.asarray((abs(lengths / usual - 1) > BONE_STRETCH).any(axis=1))


def bone_fault(pose: Array) -> str | None:
    """Which bone of an arm or leg changes its length, frames in which it is stretched aside.

    Arguments:
        pose: (frames, 17, 3).
    """
    lengths = _lengths(pose, _LIMBS)
    single = ~stretched(pose)
    lengths = lengths[single] if single.mean() > 0.5 else lengths
    variation = lengths.std(axis=0) / np.maximum(lengths.mean(axis=0), 1e-9)
    worst = int(variation.argmax())
    if variation[worst] <= BONE_VARIATION:
        return None
    return (
        f"the bone to {_LIMBS[worst]} changes its length by {100 * variation[worst]:.0f} %, "
        f"more than {100 * BONE_VARIATION:.0f} %"
    )


def sides_fault(pose: Array, toes: Array | None) -> str | None:
    """What shows that left and right have changed places, or that the axes are left-handed.

    Toes point forward, and knees bend forward, where forward is the left × up of the body itself;
    so this holds for people in any position. Toes decide where there are some.

    Arguments:
        pose: (frames, 17, 3).
        toes: (frames, 2, 3) of the left and the right foot.
    """
    hip, thorax = pose[:, _JOINT["hip"]], pose[:, _JOINT["thorax"]]
    left = pose[:, _JOINT["left_hip"]] - pose[:, _JOINT["right_hip"]]
    forward = _unit(np.cross(left, thorax - hip))[:, None]
    hips, knees, feet = (
        pose[:, [_JOINT[f"left_{part}"], _JOINT[f"right_{part}"]]]
        for part in ("hip", "knee", "foot")
    )
    if toes is not None:
        ahead = ((toes - feet) * forward).sum(axis=-1)
        backwards = float((ahead < 0).mean())
        return (
            None
            if backwards <= 0.5
            else f"the toes point backwards in {100 * backwards:.0f} % of the frames: "
            "left and right are swapped"
        )
    thigh, shin = _unit(knees - hips), _unit(feet - knees)
    bent = (thigh * shin).sum(axis=-1) < _BENT_COSINE
    ahead = ((knees - (hips + feet) / 2) * forward).sum(axis=-1)[bent]
    if len(ahead) < _SHORTEST_EVIDENCE or (ahead < 0).mean() <= 0.5:
        return None
    return (
        f"the knees bend backwards in {100 * float((ahead < 0).mean()):.0f} % of the frames in "
        "which they are bent: left and right are swapped"
    )


def uprightness(pose: Array) -> float:
    """The cosine of the angle between trunk and vertical that one frame in ten exceeds.

    Somebody who lies down has stood before or stands afterwards; in a recording with a wrong
    vertical axis hardly any frame is upright.

    Arguments:
        pose: (frames, 17, 3).
    """
    trunk = _unit(pose[:, _JOINT["thorax"]] - pose[:, _JOINT["hip"]])
    return float(np.quantile(trunk[:, 2], 0.9))


def vertical_fault(uprightness: Sequence[float]) -> str | None:
    """What shows that the vertical axis of a person's recordings is not z.

    The median over the recordings decides, so that those of lying or inverted people stay.

    Arguments:
        uprightness: of each recording.
    """
    middle = float(np.median(np.asarray(uprightness)))
    if middle >= UPRIGHT_COSINE:
        return None
    angle = np.degrees(np.arccos(np.clip(middle, -1, 1)))
    return (
        f"in the middle one of the person's {len(uprightness)} recordings the trunk comes within "
        f"{angle:.0f}° of the vertical, not {np.degrees(np.arccos(UPRIGHT_COSINE)):.0f}°: the "
        "vertical axis is not z"
    )


def jumps(pose: Array, frame_rate: float) -> Mask:
    """The frames, (frames,), at which some joint jumps.

    Arguments:
        pose: (frames, 17, 3) metres.
        frame_rate: frames a second.
    """
    change = np.linalg.norm(np.diff(pose, n=2, axis=0), axis=-1) * frame_rate
    fast = (change > VELOCITY_CHANGE).any(axis=1)
    marked = np.zeros(len(pose), dtype=bool)
    for shift in range(3):
        marked[shift : shift + len(fast)] |= fast
    return marked


def in_the_air(pose: Array, toes: Array | None, frame_rate: float) -> Mask:
    """The frames, (frames,), of long stretches in which nothing of the body is near the floor.

    The floor is where the lowest joint is when it is lowest. All joints count, so that somebody
    who lies with raised legs or stands on the hands is on the floor.

    Arguments:
        pose: (frames, 17, 3) metres, z up.
        toes: (frames, 2, 3) or None.
        frame_rate: frames a second.
    """
    low = pose[..., 2].min(axis=1)
    if toes is not None:
        low = np.minimum(low, toes[..., 2].min(axis=1))
    above: Mask = low > np.quantile(low, 0.02) + AIR_METRES
    for run in runs(above):
        if run.stop - run.start <= AIR_SECONDS * frame_rate:
            above[run] = False
    return above


def runs(mask: Mask) -> list[slice]:
    """The runs of consecutive true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _lengths(pose: Array, ends: Sequence[str]) -> Array:
    """Lengths (frames, len(ends)) of the bones that end in the named joints."""
    children = [_JOINT[name] for name in ends]
    parents = [H36M_17.parents[child] for child in children]
    lengths: Array = np.linalg.norm(pose[:, children] - pose[:, parents], axis=-1)
    return lengths


def _unit(vector: Array) -> Array:
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    unit: Array = vector / np.maximum(length, 1e-9)
    return unit
