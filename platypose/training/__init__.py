"""Training a prior."""

from __future__ import annotations

from platypose.training.config import Augmentation, Optimisation, TrainConfig

__all__ = ["Augmentation", "Optimisation", "TrainConfig"]
