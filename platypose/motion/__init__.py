"""Prepared motion: what a data set's preparation writes and the training loop reads."""

from __future__ import annotations

from platypose.motion.bones import BoneLengths, bone_lengths
from platypose.motion.motion_set import Clip, MotionSet
from platypose.motion.rejection import Rejection

__all__ = ["BoneLengths", "Clip", "MotionSet", "Rejection", "bone_lengths"]
