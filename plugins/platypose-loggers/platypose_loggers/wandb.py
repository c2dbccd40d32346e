"""Weights & Biases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platypose.api import BuildContext
from platypose_loggers.config import WandbConfig
from platypose_loggers.required import required


class WandbLogger:
    """A `Logger` with one run of Weights & Biases, whose name is kept in the loggers' folder."""

    def __init__(self, config: WandbConfig, context: BuildContext) -> None:
        self.config = config
        self.run: Any = None

    def start(self, folder: Path, settings: Mapping[str, Any], step: int) -> None:
        """Begin a run, or go on with the one that was begun."""
        self.wandb = required("wandb", "wandb")
        kept = folder / "wandb-run"
        self.run = self.wandb.init(
            project=self.config.project,
            entity=self.config.entity or None,
            name=self.config.name or None,
            mode=self.config.mode,
            dir=str(folder),
            config=dict(settings),
            id=kept.read_text(encoding="utf-8") if kept.is_file() else None,
            resume="allow",
        )
        kept.write_text(str(self.run.id), encoding="utf-8")
        # Steps that are repeated after a resume are below wandb's own counter, which only rises.
        self.run.define_metric("step")
        self.run.define_metric("*", step_metric="step")

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers."""
        self.run.log({"step": step} | dict(values))

    def picture(self, step: int, name: str, path: Path) -> None:
        """Log a picture."""
        self.run.log({"step": step, name: self.wandb.Image(str(path))})

    def close(self) -> None:
        """End the run."""
        if self.run is not None:
            self.run.finish()
