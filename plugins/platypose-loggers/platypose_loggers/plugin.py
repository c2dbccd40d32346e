"""What this distribution offers; imports none of the loggers' packages."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Logger, Spec, hookimpl
from platypose_loggers.config import TensorBoardConfig, TrackioConfig, WandbConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_loggers() -> Iterable[Spec[Logger]]:
    """One for each service."""
    yield Spec(
        "tensorboard",
        TensorBoardConfig,
        "platypose_loggers.tensorboard:TensorBoardLogger",
        "Event files for TensorBoard in the run's folder.",
    )
    yield Spec(
        "trackio",
        TrackioConfig,
        "platypose_loggers.trackio:TrackioLogger",
        "A run of trackio, kept on this machine or in a Hugging Face space.",
    )
    yield Spec(
        "wandb",
        WandbConfig,
        "platypose_loggers.wandb:WandbLogger",
        "A run of Weights & Biases, sent or kept in the run's folder.",
    )
