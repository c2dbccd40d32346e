"""TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from platypose.api import BuildContext
from platypose_loggers.config import TensorBoardConfig
from platypose_loggers.required import required

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class TensorBoardLogger:
    """A `Logger` that writes event files to `tensorboard` below the loggers' folder."""

    def __init__(self, config: TensorBoardConfig, context: BuildContext) -> None:
        self.config = config
        self.writer: SummaryWriter | None = None

    def start(self, folder: Path, settings: Mapping[str, Any], step: int) -> None:
        """Open a new event file; TensorBoard shows nothing of the others after `step`."""
        required("tensorboard", "tensorboard")
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(
            str(folder / "tensorboard"),
            purge_step=step + 1 if step else None,
            flush_secs=self.config.flush_seconds,
        )
        if not step:
            text = json.dumps(settings, indent=2, default=str).replace("\n", "\n    ")
            self.writer.add_text("settings", f"    {text}")

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers."""
        assert self.writer is not None, "start comes first"
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def picture(self, step: int, name: str, path: Path) -> None:
        """Log a picture."""
        assert self.writer is not None, "start comes first"
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        self.writer.add_image(name, pixels, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is left."""
        if self.writer is not None:
            self.writer.close()
