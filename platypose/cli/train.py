"""`platypose train`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

    from platypose.config import structure
    from platypose.training import TrainConfig

    if resume and config is None:
        config = out / "config.yaml"
        if not config.is_file():
            raise UserError(f"--resume: {config} does not exist; {out} holds no run.")
    if config is None:
        raise UserError("--config is missing; it names the YAML file of the run.")
    content = options.merged(config, set_, {}, device=device, precision=precision)
    resolved = structure(content, TrainConfig, str(config))
    resolved = attrs.evolve(resolved, data=tuple(path.resolve() for path in resolved.data))
    _run(resolved, out, resume)


def _run(config: TrainConfig, out: Path, resume: bool) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from platypose.training.loop import train as run

    # Of the processes that torchrun begins, the first speaks.
    console = Console(quiet=os.environ.get("RANK", "0") != "0")
    columns = (
        TextColumn("step {task.completed:.0f}/{task.total:.0f}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeRemainingColumn(compact=True),
    )
    done = 0
    with _stoppable() as stop, Progress(*columns, console=console) as bar:
        task = bar.add_task("train", total=config.train.steps, state="", visible=False)
        try:
            for report in run(config, out, resume=resume, stop=stop, tell=console.print):
                done = report.step
                if report.saved:
                    console.print(f"step {done}: saved {out / 'model.safetensors'}")
                    continue
                state = f"loss {report.loss:.4f}  {report.steps_per_second:.1f} steps/s"
                bar.update(task, completed=done, state=state, visible=True)
                if not console.is_terminal and done % 1000 == 0:
                    left = (report.steps - done) / report.steps_per_second
                    console.print(f"step {done}: {state}  {_duration(left)} left")
        except KeyboardInterrupt:
            stopped = True
        else:
            stopped = done < config.train.steps
    if not stopped:
        return
    if any((out / name).is_file() for name in ("state.safetensors", "state.previous.safetensors")):
        console.print(f"Stopped; go on with: platypose train --out {out} --resume", soft_wrap=True)
    else:
        console.print("Stopped before the first step; nothing was kept.")
    raise typer.Exit(130)


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed or SIGTERM came; a second Ctrl-C interrupts at once."""
    asked: list[float] = []

    def ask(number: int, frame: object) -> None:
        # torchrun passes a Ctrl-C on to processes that the terminal told already.
        if number == signal.SIGINT and asked and time.monotonic() - asked[0] > 1:
            raise KeyboardInterrupt
        asked.append(time.monotonic())

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
