"""`platypose train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from platypose.api import UserError
from platypose.cli import options

if TYPE_CHECKING:
    from platypose.training import TrainConfig


def train(
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoints, metrics, config.")],
    config: options.Config = None,
    set_: options.Set = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in OUT.")
    ] = False,
    device: options.Device = None,
    precision: options.PrecisionOption = None,
) -> None:
    """Train a prior on prepared motion sets.

    `platypose data prepare` makes them.
    """
    import attrs

    from platypose.config import structure, unstructure, write_yaml
    from platypose.files import make_folders
    from platypose.training import TrainConfig

    saved = out / "config.yaml"
    if resume and config is None:
        if not saved.is_file():
            raise UserError(f"--resume: {saved} does not exist; {out} holds no run.")
        config = saved
    if config is None:
        raise UserError("--config is missing; it names the YAML file of the run.")
    content = options.merged(config, set_, {}, device=device, precision=precision)
    resolved = structure(content, TrainConfig, str(config))
    if not resume and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"--out {out} exists and is not empty; add --resume or name a new folder.")
    resolved = attrs.evolve(resolved, data=tuple(path.resolve() for path in resolved.data))
    previous = saved.read_bytes() if saved.is_file() else None
    made = make_folders(out)
    write_yaml(unstructure(resolved), saved)
    try:
        _run(resolved, out, resume)
    except (UserError, _StoppedError) as error:
        if isinstance(error, _StoppedError) and (out / "state.safetensors").is_file():
            typer.echo(f"Stopped; go on with: platypose train --out {out} --resume")
            raise typer.Exit(130) from None
        # Nothing was trained with this configuration, or nothing that is worth going on from.
        if previous is not None:
            saved.write_bytes(previous)
        elif [path.name for path in out.iterdir()] == ["config.yaml"]:
            saved.unlink()
            for folder in made:
                folder.rmdir()
        if isinstance(error, _StoppedError):
            typer.echo("Stopped before the first checkpoint; nothing was kept.")
            raise typer.Exit(130) from None
        raise


class _StoppedError(Exception):
    """Ctrl-C was pressed."""


def _run(config: TrainConfig, out: Path, resume: bool) -> None:
    from contextlib import closing

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from platypose.training.loop import train as run

    console = Console()
    columns = (
        TextColumn("step {task.completed:.0f}/{task.total:.0f}"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.4f}  {task.fields[rate]:.1f} steps/s"),
        TimeRemainingColumn(compact=True),
    )
    with (
        Progress(*columns, console=console) as bar,
        closing(run(config, out, resume=resume)) as reports,
    ):
        task = bar.add_task("train", total=config.train.steps, loss=float("nan"), rate=0.0)
        try:
            for report in reports:
                if report.saved:
                    console.print(f"step {report.step}: saved {out / 'model.safetensors'}")
                    continue
                bar.update(
                    task,
                    completed=report.step,
                    loss=report.loss,
                    rate=report.steps_per_second,
                )
                if not console.is_terminal and report.step % 1000 == 0:
                    console.print(
                        f"step {report.step}: loss {report.loss:.4f}, "
                        f"{report.steps_per_second:.1f} steps/s"
                    )
        except KeyboardInterrupt:
            reports.close()
            raise _StoppedError from None
