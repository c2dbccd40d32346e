"""One recording checked, cut where it is broken, and brought to the frame rate."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from platypose.motion.plausibility import (
    AIR_METRES,
    AIR_SECONDS,
    BONE_STRETCH,
    VELOCITY_CHANGE,
    bone_fault,
    in_the_air,
    jumps,
    leg_length_fault,
    runs,
    sides_fault,
    stretched,
    uprightness,
)
from platypose.motion.recording import Recording
from platypose.motion.rejection import Rejection
from platypose.motion.resampling import resample
from platypose.skeleton import H36M_17

SHORTEST_SECONDS = 0.5

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@attrs.frozen(kw_only=True, eq=False)
class Checked:
    """What is kept of a recording.

    Attributes:
        pieces: each (frames, 17, 3) float32, uninterrupted, at the wanted frame rate.
        absolute: as of the recording.
        uprightness: as `plausibility.uprightness` has it; NaN where the recording is rejected.
        left_out: what is not kept.
    """

    pieces: tuple[npt.NDArray[np.float32], ...] = ()
    absolute: bool = True
    uprightness: float = float("nan")
    left_out: tuple[Rejection, ...] = ()


def check(name: str, recording: Recording, frame_rate: float) -> Checked:
    """Keep the sound parts of a recording that last long enough.

    Arguments:
        name: of the recording, for what is left out.
        recording: as read.
        frame_rate: of the pieces, frames a second.
    """
    if shape := _shape_fault(recording):
        return Checked(left_out=(Rejection(name=name, cause="unreadable", reason=shape),))
    pose, toes, rate = recording.positions, recording.toes, recording.frame_rate
    seconds = len(pose) / rate

    def rejected(cause: str, reason: str) -> Checked:
        rejection = Rejection(name=name, cause=cause, reason=reason, seconds=seconds)
        return Checked(left_out=(rejection,))

    usable = _finite(pose) if toes is None else _finite(pose) & _finite(toes)
    shortest = round(SHORTEST_SECONDS * rate)
    if len(pose) < shortest:
        return rejected("too short", f"it lasts {seconds:.2f} s, less than {SHORTEST_SECONDS} s")
    if not usable.any():
        return rejected("no numbers", "every frame holds NaN or infinite values")
    sound, sound_toes = pose[usable], None if toes is None else toes[usable]
    for cause, fault in (
        ("leg length", leg_length_fault(sound)),
        ("bone lengths vary", bone_fault(sound)),
        ("left and right", sides_fault(sound, sound_toes)),
    ):
        if fault:
            return rejected(cause, fault)

    left_out: list[Rejection] = []

    def cut(bad: Mask, cause: str, what: str) -> None:
        new = int((bad & usable).sum())
        if new:
            reason = f"{new} of {len(pose)} frames {what}"
            left_out.append(Rejection(name=name, cause=cause, reason=reason, seconds=new / rate))
        usable[bad] = False

    finite = usable.copy()
    usable[:] = True
    cut(~finite, "no numbers", "hold NaN or infinite values")
    jumping = np.zeros(len(pose), dtype=bool)
    for run in runs(finite):
        jumping[run] = jumps(pose[run], rate)
    bound = f"more than {VELOCITY_CHANGE:.0f} m/s"
    cut(jumping, "jumps", f"lie where a joint jumps (its velocity changes by {bound})")
    stretching = np.zeros(len(pose), dtype=bool)
    stretching[finite] = stretched(pose[finite])
    what = f"have a bone of an arm or leg over {100 * BONE_STRETCH:.0f} % off its usual length"
    cut(stretching, "bone lengths vary", what)
    if recording.absolute and usable.any():
        flying = np.zeros(len(pose), dtype=bool)
        flying[usable] = in_the_air(pose[usable], None if toes is None else toes[usable], rate)
        cut(
            flying,
            "in the air",
            f"are more than {AIR_METRES} m above the floor for over {AIR_SECONDS:g} s",
        )
    short = np.zeros(len(pose), dtype=bool)
    for run in runs(usable):
        short[run] = run.stop - run.start < shortest
    cut(short, "too short", f"lie in pieces of less than {SHORTEST_SECONDS} s between these")
    pieces = [resample(pose[run], rate, frame_rate).astype(np.float32) for run in runs(usable)]
    return Checked(
        pieces=tuple(pieces),
        absolute=recording.absolute,
        uprightness=uprightness(sound),
        left_out=tuple(left_out),
    )


def _finite(positions: Array) -> Mask:
    """The frames, (frames,), without NaN or infinity."""
    return np.asarray(np.isfinite(positions).all(axis=(1, 2)))


def _shape_fault(recording: Recording) -> str | None:
    shape, joints = recording.positions.shape, len(H36M_17.joints)
    if len(shape) != 3 or shape[0] < 1 or shape[1:] != (joints, 3):
        return f"its positions have the shape {shape}, not (frames, {joints}, 3)"
    if recording.toes is not None and recording.toes.shape != (shape[0], 2, 3):
        return f"its toes have the shape {recording.toes.shape}, not ({shape[0]}, 2, 3)"
    if not 0 < recording.frame_rate < float("inf"):
        return f"its frame rate is {recording.frame_rate}, not a number above 0"
    return None
