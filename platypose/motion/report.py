"""What a motion set holds, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from platypose.motion.angles import joint_angles, trunk_tilt
from platypose.motion.bones import bone_lengths
from platypose.motion.motion_set import Clip, MotionSet
from platypose.motion.stance import STANCES, stance
from platypose.skeleton import H36M_17, skeleton

_TILTS = (0, 30, 60, 90, 120, 150, 180)
_PERCENTILES = (1, 25, 50, 75, 99)
_MOST = 500_000
"""Frames that angles are taken of; of a larger set every so many-th."""


def report_of(motion: MotionSet) -> dict[str, Any]:
    """Hours, stances, tilts and angles of the set; clips, minutes and bone lengths by subject.

    Minutes are of time, shares of frames, bone lengths in mm (mean and standard deviation), joint
    angles in degrees (percentiles), the floor the height in metres at which the lowest joint lies
    when it is lowest. Stances and angles are left out for joint sets other than "h36m-17".

    Arguments:
        motion: the set.

    Raises:
        UserError: its skeleton is not known.
    """
    pose = skeleton(motion.skeleton)
    subjects: dict[str, list[Clip]] = {}
    for clip in motion.clips:
        subjects.setdefault(clip.subject, []).append(clip)
    lengths = bone_lengths(motion, pose.parents)
    bones = [pose.joints[child] for _, child in pose.bones]
    rows: dict[str, Any] = {}
    for subject in sorted(subjects):
        clips = subjects[subject]
        mean, spread = lengths[subject].mean_mm, lengths[subject].spread_mm
        rows[subject] = {
            "split": "/".join(sorted({clip.split for clip in clips})),
            "clips": len(clips),
            "minutes": _minutes(motion, clips),
            "floor_m": _floor(motion, clips),
            "bone_lengths_mm": {b: round(float(v), 1) for b, v in zip(bones, mean)},
            "bone_length_spread_mm": {b: round(float(v), 1) for b, v in zip(bones, spread)},
        }
    actions = sorted({clip.action for clip in motion.clips} - {""})
    content: dict[str, Any] = {
        "hours": {split: round(hours, 4) for split, hours in motion.hours().items()},
        "clips": len(motion.clips),
        "clips_relative_to_the_root": sum(not clip.absolute for clip in motion.clips),
        "frame_rate": motion.frame_rate,
        "skeleton": motion.skeleton,
        "source": motion.source,
        "credit": motion.credit,
        "licence": motion.licence,
        "subjects": rows,
        "minutes_by_action": {
            action: _minutes(motion, [clip for clip in motion.clips if clip.action == action])
            for action in actions
        },
    }
    if motion.skeleton == H36M_17.name:
        for subject, clips in subjects.items():
            of_subject = np.concatenate([stance(motion.of(clip)) for clip in clips])
            rows[subject]["stances"] = _shares(of_subject)
        content |= _coverage(motion)
    return content


def _minutes(motion: MotionSet, clips: Sequence[Clip]) -> float:
    return round(sum(clip.frames for clip in clips) / motion.frame_rate / 60, 2)


def _floor(motion: MotionSet, clips: Sequence[Clip]) -> float | None:
    """The median over the clips; None where all are relative to the root."""
    low = [np.quantile(motion.of(c)[..., 2].min(axis=1), 0.02) for c in clips if c.absolute]
    return round(float(np.median(low)), 3) if low else None


def _coverage(motion: MotionSet) -> dict[str, Any]:
    poses = motion.positions[:: -(-len(motion.positions) // _MOST)]
    counts, _ = np.histogram(trunk_tilt(poses), _TILTS)
    return {
        "stances": {
            "all": _shares(stance(poses)),
            **{
                split: _shares(
                    np.concatenate([stance(motion.of(c)) for c in motion.clips if c.split == split])
                )
                for split in motion.hours()
            },
        },
        "trunk_tilt_degrees": {
            f"{low}-{high}": round(int(number) / len(poses), 4)
            for low, high, number in zip(_TILTS, _TILTS[1:], counts)
        },
        "joint_angles_degrees": {
            joint: {
                f"p{share}": round(float(value), 1)
                for share, value in zip(_PERCENTILES, np.percentile(angles, _PERCENTILES))
            }
            for joint, angles in joint_angles(poses).items()
        },
    }


def _shares(stances: npt.NDArray[np.str_]) -> dict[str, float]:
    return {name: round(float((stances == name).mean()), 4) for name in STANCES}
