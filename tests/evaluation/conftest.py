"""A small motion set with several recordings, actions and stances."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from platypose.config import structure
from platypose.evaluation.config import EvaluateConfig
from platypose.evaluation.experiment import experiment
from platypose.motion import Clip, MotionSet
from platypose.skeleton import H36M_17

QUICK = "guided-ddim:levels=ddim3,skip=0,substeps=2"


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings to test on, one of them lying down, and one for training."""
    random = np.random.default_rng(0)
    standing = np.array(H36M_17.standing) + np.array([3.0, -2.0, 1.2])
    turned = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    lying = np.array(H36M_17.standing) @ turned + np.array([9, 9, 0.4])
    frames = (200, 130, 50)
    pieces = []
    for pose, length in zip((standing, lying, standing), frames):
        time = np.arange(length)[:, None, None] / 30
        pieces.append(pose + 0.05 * np.sin(2 * time + random.uniform(0, 6, pose.shape)))
    starts = (0, 200, 330)
    motion = MotionSet(
        positions=np.concatenate(pieces).astype(np.float32),
        clips=tuple(
            Clip(name=name, subject=name, split=split, start=start, frames=length, action=action)
            for name, split, start, length, action in zip(
                ("05_01", "05_02", "01_01"),
                ("test", "test", "train"),
                starts,
                frames,
                ("standing", "lying down", ""),
            )
        ),
        skeleton="h36m-17",
        frame_rate=30.0,
        credit="Nobody was recorded.",
        source="made up",
    )
    path = tmp_path_factory.mktemp("people") / "people.safetensors"
    motion.write(path)
    return path


@pytest.fixture
def quick(tiny_prior: Path, people: Path) -> Callable[..., EvaluateConfig]:
    """The experiment cmu on these people with a tiny prior, and whatever is to be changed."""

    def configured(**changes: Any) -> EvaluateConfig:
        content = experiment("cmu") | {
            "data": [str(people)],
            "prior": str(tiny_prior),
            "sampler": QUICK,
            "samples": 6,
            "device": "cpu",
        }
        return structure(content | changes, EvaluateConfig, "a test")

    return configured
