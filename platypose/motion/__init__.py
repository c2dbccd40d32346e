"""Motion data: from recordings to the motion set that the training loop reads."""

from __future__ import annotations

from platypose.motion.bones import BoneLengths, bone_lengths
from platypose.motion.motion_set import Clip, MotionSet
from platypose.motion.recording import Recording
from platypose.motion.rejection import Rejection
from platypose.motion.stance import STANCES, stance

__all__ = [
    "STANCES",
    "BoneLengths",
    "Clip",
    "MotionSet",
    "Recording",
    "Rejection",
    "bone_lengths",
    "stance",
]
