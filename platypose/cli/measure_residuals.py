"""`platypose measure-residuals`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from platypose.api import UserError
from platypose.cli import options


def measure_residuals(
    checkpoint: Annotated[
        Path, typer.Argument(help="A model.safetensors, or the folder of a run.")
    ],
    config: Annotated[
        Path,
        typer.Option(help="YAML file of the training run, for its data, split and augmentation."),
    ],
    out: Annotated[Path, typer.Option(help="The checkpoint to write; may be the same file.")],
    frames: Annotated[
        int, typer.Option(help="Frames denoised at each noise level, for each length of clip.")
    ] = 32768,
    set_: options.Set = None,
    device: options.Device = None,
) -> None:
    """Measure a prior's residual covariance and store it in the checkpoint.

    `platypose train` does so at its end; this is for checkpoints that have none.
    """
    from platypose.config import structure
    from platypose.training import TrainConfig

    if frames < 1:
        raise UserError(f"--frames {frames} must be a whole number above 0.")
    content = options.merged(config, set_, {}, device=device)
    resolved = structure(content, TrainConfig, str(config))

    import torch
    from rich.console import Console

    from platypose.checkpoint.prior import load_prior, save_prior
    from platypose.compute import resolve_device
    from platypose.lifting.pretrained import locate
    from platypose.motion import MotionSet
    from platypose.training.augment import Augmenter
    from platypose.training.clips import Clips
    from platypose.training.residuals import residuals_in_training

    where = resolve_device(resolved.device)
    prior = load_prior(locate(str(checkpoint)), where, torch.float32)
    header = prior.header
    clips = Clips([MotionSet.read(path) for path in resolved.data], resolved.split, where)
    generator = torch.Generator(where).manual_seed(resolved.seed)
    with Console(stderr=True).status("measuring"):
        residual = residuals_in_training(
            prior.denoiser,
            clips,
            Augmenter(resolved.augment, prior.skeleton, generator),
            header.scale,
            skeleton=prior.skeleton,
            longest=header.frames,
            frames_per_level=frames,
        )
    dtype: torch.dtype = getattr(torch, header.weights)
    save_prior(out, prior.denoiser.state_dict(), header, residual=residual, dtype=dtype)
    typer.echo(f"Wrote {out}")
