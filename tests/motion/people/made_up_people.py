"""A data set of made-up people, for the preparation: a source is JSON that says what they do."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import BuildContext, Config, Trial, UserError, field
from platypose.motion.recording import Recording
from platypose.skeleton import H36M_17

Array = npt.NDArray[np.float64]

RATE = 120.0
J = {name: index for index, name in enumerate(H36M_17.joints)}


@attrs.frozen(kw_only=True)
class PeopleConfig(Config):
    """Options of the made-up people."""

    size: float = field(1.0, doc="Of the people, one being an adult of middle size.")
    pause: float = field(0.0, doc="How long the reading of a recording takes, seconds.")


@attrs.frozen(kw_only=True)
class People:
    config: PeopleConfig
    credit: str = "Nobody was recorded."
    licence: str = "Free for every use."

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        trials = []
        for source in sources:
            if not source.is_file():
                raise UserError(f"{source} does not exist; a .json of made-up people is expected.")
            for name, (subject, split, _) in json.loads(source.read_text()).items():
                trial = Trial(name=name, subject=subject, split=split, source=source, member=name)
                trials.append(attrs.evolve(trial, action="walk"))
        return trials

    def read(self, trial: Trial) -> Recording:
        time.sleep(self.config.pause)
        _, _, doing = json.loads(trial.source.read_text())[trial.member]
        doing, _, who = doing.partition(" like ")
        walked = walk(seconds=0.3 if doing == "briefly" else 4.0, name=who or trial.name)
        size = self.config.size
        recording = Recording(positions=size * walked[0], toes=size * walked[1], frame_rate=RATE)
        return WAYS[doing](recording)


def build(config: PeopleConfig, context: BuildContext) -> People:
    return People(config=config)


def walk(seconds: float, name: str = "") -> tuple[Array, Array]:
    """Somebody who struts towards -y on a floor at z = 0: joints, and left and right toes.

    No two names strut alike, and none repeats itself.
    """
    time = np.arange(round(seconds * RATE)) / RATE
    random = np.random.default_rng(zlib.crc32(name.encode()))

    def swaying() -> Array:
        """From -1 to 1."""
        frequency, phase = random.uniform(0.5, 1.5, 3), random.uniform(0, 6, 3)
        sway: Array = np.sin(2 * np.pi * frequency * time[:, None] + phase).mean(axis=1)
        return sway

    pose = np.tile(np.array(H36M_17.standing), (len(time), 1, 1))
    toes = []
    for side in ("left", "right"):
        swing, bend, arm = 0.4 * swaying(), 0.5 + 0.4 * swaying(), 0.4 * swaying()
        hip = pose[:, J[f"{side}_hip"]]
        pose[:, J[f"{side}_knee"]] = hip + 0.44 * leg(swing)
        pose[:, J[f"{side}_foot"]] = pose[:, J[f"{side}_knee"]] + 0.445 * leg(swing - bend)
        toes.append(pose[:, J[f"{side}_foot"]] + [0.0, -0.15, -0.05])
        for joint in ("elbow", "wrist"):
            length = abs(H36M_17.standing[J[f"{side}_{joint}"]][2] - 0.46)
            shoulder = pose[:, J[f"{side}_shoulder"]]
            pose[:, J[f"{side}_{joint}"]] = shoulder + length * leg(arm)
    both = np.concatenate([pose, np.stack(toes, axis=1)], axis=1)
    both[..., 2] += 0.95
    both[..., 1] -= 1.2 * time[:, None]
    return both[:, :17], both[:, 17:]


def leg(angle: Array) -> Array:
    """The direction of a limb that swings forward by an angle."""
    return np.stack([0 * angle, -np.sin(angle), -np.cos(angle)], axis=-1)


def _moved(change: Callable[[Array], Array]) -> Callable[[Recording], Recording]:
    """The same change of all points, toes included."""

    def way(recording: Recording) -> Recording:
        assert recording.toes is not None
        points = np.concatenate([recording.positions, recording.toes], axis=1)
        points = change(points.copy())
        return attrs.evolve(recording, positions=points[:, :17], toes=points[:, 17:])

    return way


def _jump(points: Array) -> Array:
    arm = [J[f"left_{joint}"] for joint in ("shoulder", "elbow", "wrist")]
    points[200:210, arm, 0] += 0.3
    return points


def _wobble(points: Array) -> Array:
    points[:, J["left_wrist"], 2] -= np.linspace(0, 0.15, len(points))
    return points


def _stretch(points: Array) -> Array:
    points[200:260, J["left_wrist"], 2] -= 0.1 * np.hanning(60)
    return points


def _gap(points: Array) -> Array:
    points[100:130, J["head"]] = np.nan
    return points


def _fly(points: Array) -> Array:
    points[120:420, :, 2] += 0.5 * np.hanning(300).clip(0, 0.1)[:, None] * 10
    return points


def _lie(points: Array) -> Array:
    """On the face, the head towards -y, walking still."""
    x, y, z = np.moveaxis(points - points[:, :1], -1, 0)
    return np.stack([x, -z, 0.2 + y], axis=-1)


def _handstand(points: Array) -> Array:
    return points * [-1, 1, -1] + [0, 0, 1.8]


WAYS: dict[str, Callable[[Recording], Recording]] = {
    "walks": lambda recording: recording,
    "briefly": lambda recording: recording,
    "lies": _moved(_lie),
    "stands on the hands": _moved(_handstand),
    "in centimetres": _moved(lambda points: 100 * points),
    "jumps": _moved(_jump),
    "has a growing arm": _moved(_wobble),
    "has an elastic arm": _moved(_stretch),
    "has gaps": _moved(_gap),
    "is nowhere": _moved(lambda points: points * np.nan),
    "flies": _moved(_fly),
    "with y up": _moved(lambda points: points[..., [2, 0, 1]]),
    "mirrored": _moved(lambda points: points * [-1, 1, 1]),
    "mirrored without toes": lambda recording: attrs.evolve(
        recording, positions=recording.positions * [-1, 1, 1], toes=None
    ),
    "relative to the root": lambda recording: attrs.evolve(
        recording,
        positions=recording.positions - recording.positions[:, :1],
        toes=None,
        absolute=False,
    ),
    "misshapen": lambda recording: attrs.evolve(recording, positions=recording.positions[:, :16]),
}
