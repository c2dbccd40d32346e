"""What a prior looks like half-way: free samples of a checkpoint, as pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from platypose.api.kinds.writer import KIND as WRITER
from platypose.config import structure
from platypose.lifting.config import SampleConfig
from platypose.lifting.run import sample
from platypose.registry import plugins
from platypose.training.folder import RunFolder

WRITER_NAME = "pictures"
SAMPLES = 12
LONGEST = 16
"""Frames of a sample at most; more would cost time and show little."""


def can_draw() -> bool:
    """Whether the writer is installed."""
    return WRITER_NAME in plugins().registry(WRITER).names()


def draw_samples(files: RunFolder, step: int, frames: int, device: torch.device) -> dict[str, Path]:
    """Draw free samples of a run's checkpoint into its folder `pictures`.

    Arguments:
        files: of the run.
        step: steps done; the names of the pictures end in it.
        frames: the longest clip that the prior knows.
        device: where to sample.

    Returns:
        name to picture.
    """
    content = {
        "prior": str(files.model),
        "sampler": "ancestral",
        "samples": SAMPLES,
        "frames": min(frames, LONGEST),
        "device": device.type,
        "write": [WRITER_NAME],
    }
    files.pictures.mkdir(exist_ok=True)
    pictures = {}
    with tempfile.TemporaryDirectory(dir=files.pictures, prefix=".") as temporary:
        out = Path(temporary) / "samples"
        sample(structure(content, SampleConfig, "pictures"), out)
        for made in sorted(out.glob("*.png")):
            pictures[made.stem] = made.replace(files.pictures / f"{made.stem}-{step:07d}.png")
    return pictures
