"""Options of the loggers."""

from __future__ import annotations

from typing import Literal

import attrs

from platypose.api import Config, field


@attrs.frozen(kw_only=True)
class TensorBoardConfig(Config):
    """Options of the logger `tensorboard`."""

    flush_seconds: float = field(
        30.0,
        doc="Seconds after which what was logged is on the disk.",
        check=lambda value: value > 0,
        needs="a number above 0",
    )


@attrs.frozen(kw_only=True)
class WandbConfig(Config):
    """Options of the logger `wandb`."""

    project: str = field("platypose", doc="The project.")
    entity: str = field("", doc="The team or user; empty for the one logged in.")
    name: str = field("", doc="The run's name; empty for one that wandb makes up.")
    mode: Literal["online", "offline"] = field(
        "online", doc="online sends; offline keeps all in the run's folder, for wandb sync."
    )


@attrs.frozen(kw_only=True)
class TrackioConfig(Config):
    """Options of the logger `trackio`."""

    project: str = field("platypose", doc="The project.")
    name: str = field("", doc="The run's name; empty for that of the run's folder.")
    space: str = field("", doc="A Hugging Face space to send to; empty keeps all on this machine.")
