"""`platypose sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from platypose.cli import options


def sample(
    out: Annotated[Path, typer.Option(help="New folder for the samples.")],
    prior: Annotated[str, typer.Option(help="Installed prior or checkpoint.")] = "pose-17",
    number: Annotated[int, typer.Option("-n", "--samples", help="Samples.")] = 16,
    frames: Annotated[int, typer.Option(help="Frames of each.")] = 1,
    sampler: Annotated[str, typer.Option(help="Sampler.")] = "ancestral",
    seed: Annotated[int, typer.Option(help="Of all randomness.")] = 0,
    write: Annotated[str, typer.Option(help="Writer of a picture; none for none.")] = "pictures",
    device: options.Device = None,
    precision: options.PrecisionOption = None,
) -> None:
    """Draw poses from a prior alone, without evidence."""
    from platypose.config import structure
    from platypose.lifting.config import SampleConfig
    from platypose.lifting.run import sample as run

    content = {
        "prior": prior,
        "samples": number,
        "frames": frames,
        "sampler": sampler,
        "seed": seed,
        "device": device or "auto",
        "precision": precision or "float32",
        "write": [] if write == "none" else [write],
    }
    run(structure(content, SampleConfig, "platypose sample"), out)
    typer.echo(f"Wrote {out}")
