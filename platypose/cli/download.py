"""`platypose data download`: the files of a data set."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from platypose.api import UserError

if TYPE_CHECKING:
    from platypose.api import Dataset
    from platypose.motion.download import Download, Obtaining


def download(
    name: Annotated[str, typer.Argument(help="A data set, such as cmu.", show_default=False)],
    to: Annotated[Path, typer.Option(help="Folder for the files.")] = Path(),
    check: Annotated[
        Path | None,
        typer.Option(
            help="Download nothing; check what this file or folder holds.", show_default=False
        ),
    ] = None,
) -> None:
    """Download a data set, or say where its owners are to be asked for it.

    A download that was stopped goes on when the same command is typed again.
    """
    from platypose.api import Dataset
    from platypose.api.kinds.dataset import KIND
    from platypose.compute import plain_context
    from platypose.config import choose
    from platypose.motion.download import Obtainable
    from platypose.registry import plugins

    dataset = plugins().registry(KIND).build(choose(Dataset, name), plain_context())
    how = dataset.obtaining() if isinstance(dataset, Obtainable) else None
    if check is not None:
        _check(dataset, how, name, check)
        return
    if how is None:
        raise UserError(f"The data set {name!r} does not say where its files are had.")
    typer.echo(how.instructions)
    typer.echo(f"\nLicence: {dataset.licence}\nCredit: {dataset.credit}")
    for item in how.downloads:
        typer.echo(f"\nWrote {_fetched(item, to)}.")
    if not how.downloads:
        typer.echo(f"\nWhen the files are there: platypose data download {name} --check FOLDER")


def _fetched(item: Download, to: Path) -> Path:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from platypose.motion.download import fetch

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns) as bar:
        task = bar.add_task(item.filename, total=item.size)
        return fetch(
            item,
            to,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _check(dataset: Dataset, how: Obtaining | None, name: str, folder: Path) -> None:
    """Say what is there and read one recording of each split.

    Raises:
        UserError: something of the published data is missing, or cannot be read.
    """
    from platypose.motion.plausibility import leg_length_fault

    trials = dataset.trials([folder])
    splits = Counter(trial.split for trial in trials)
    listed = ", ".join(f"{number} {split}" for split, number in splits.items())
    typer.echo(f"{folder} holds {len(trials)} recordings of {name}: {listed}.")
    for split in splits:
        first = next(trial for trial in trials if trial.split == split)
        recording = dataset.read(first)
        pose = recording.positions
        seen = pose[(pose == pose).all(axis=(1, 2))]  # NaN marks frames without a truth
        if fault := leg_length_fault(seen):
            raise UserError(f"{first} is not as published: {fault}.")
        typer.echo(f"{first.name}: {len(pose)} frames at {recording.frame_rate:g} Hz, sound.")
    names = [trial.name for trial in trials]
    missing = [
        start
        for start in (how.expected if how else ())
        if not any(found.startswith(start) for found in names)
    ]
    if missing:
        raise UserError(
            f"{folder} lacks {', '.join(missing)} of what is published; the rest can be used."
        )
