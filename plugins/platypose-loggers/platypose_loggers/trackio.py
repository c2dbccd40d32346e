"""trackio."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platypose.api import BuildContext
from platypose_loggers.config import TrackioConfig
from platypose_loggers.required import required


class TrackioLogger:
    """A `Logger` with one run of trackio."""

    def __init__(self, config: TrackioConfig, context: BuildContext) -> None:
        self.config = config
        self.run: Any = None

    def start(self, folder: Path, settings: Mapping[str, Any], step: int) -> None:
        """Begin a run, or go on with the one of that name."""
        self.trackio = required("trackio", "trackio")
        self.run = self.trackio.init(
            project=self.config.project,
            name=self.config.name or folder.resolve().parent.name,
            space_id=self.config.space or None,
            config=dict(settings),
            resume="allow" if step else "never",
        )

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers."""
        self.run.log(dict(values), step=step)

    def picture(self, step: int, name: str, path: Path) -> None:
        """Log a picture."""
        self.run.log({name: self.trackio.Image(str(path))}, step=step)

    def close(self) -> None:
        """End the run."""
        if self.run is not None:
            self.run.finish()
