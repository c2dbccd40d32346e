from __future__ import annotations

from pathlib import Path

import pytest

from platypose.api import Denoiser, Schedule
from platypose.config import choose
from platypose.training import Augmentation, Optimisation, TrainConfig


@pytest.fixture
def config(tiny_motion: Path) -> TrainConfig:
    """Twenty steps of a tiny network with dropout, so that every random number matters."""
    return TrainConfig(
        data=(tiny_motion,),
        denoiser=choose(Denoiser, "mdm:layers=1,width=16,heads=2,feed_forward=16,dropout=0.1"),
        schedule=choose(Schedule, "cosine"),
        train=Optimisation(steps=20, batch=16, frames=3, warm_up=4, learning_rate=5e-3),
        augment=Augmentation(recombine=0.5, tilt_degrees=10.0),
        pictures=False,
        residual_frames=0,
        licence="MIT",
        seed=3,
        device="cpu",
    )
