"""`platypose evaluate-prior`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platypose.api import UserError
from platypose.cli import options

if TYPE_CHECKING:
    from platypose.motion import MotionSet


def evaluate_prior(
    prior: Annotated[
        str, typer.Argument(help="Installed prior or checkpoint.", show_default=False)
    ],
    data: Annotated[
        list[Path],
        typer.Option(help="A motion set; several are measured together and apart."),
    ],
    train: Annotated[str, typer.Option(help="The split it was trained on.")] = "train",
    held_out: Annotated[str, typer.Option(help="The split it was not trained on.")] = "test",
    frames: Annotated[
        int | None, typer.Option(help="Frames of a clip.", show_default="the prior's longest")
    ] = None,
    limit: Annotated[int, typer.Option(help="Frames in each measurement.")] = 8192,
    sampler: Annotated[str, typer.Option(help="Sampler of the free samples.")] = "ancestral",
    seed: Annotated[int, typer.Option(help="Of all randomness.")] = 0,
    device: options.Device = None,
    precision: options.PrecisionOption = None,
    json_: Annotated[
        Path | None, typer.Option("--json", help="File for all figures.", show_default=False)
    ] = None,
    markdown_: Annotated[
        Path | None,
        typer.Option(
            "--markdown", help="File for the tables, for a model card.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="New folder for figures, tables and pictures.", show_default=False),
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option(
            help="Report of more files for --out; none for none.", show_default="pictures"
        ),
    ] = None,
) -> None:
    """Measure a prior by itself on motion that it has not seen.

    Denoising error by noise level, data set and stance; how samples differ from recordings, and
    whether they repeat the training data; tilted cameras and bodies of other sizes.
    """
    from platypose.config import structure
    from platypose.evaluation.prior.config import EvaluatePriorConfig

    if report and out is None:
        raise UserError("--out is missing; it names the new folder for the report.")
    content = {
        "prior": prior,
        "data": [str(path) for path in data],
        "train": train,
        "held_out": held_out,
        "frames": frames,
        "limit": limit,
        "sampler": sampler,
        "report": [] if out is None or report == ["none"] else report or ["pictures"],
        "seed": seed,
        "device": device or "auto",
        "precision": precision or "float32",
    }
    plan = structure(content, EvaluatePriorConfig, "platypose evaluate-prior")

    import json

    from rich.console import Console

    from platypose.api.kinds.report import KIND
    from platypose.evaluation.prior.run import evaluate_prior as measure
    from platypose.evaluation.prior.tables import markdown
    from platypose.files import NewFolder, require_new, write_atomically
    from platypose.lifting import Platypose
    from platypose.registry import plugins

    if out is not None:
        require_new(out)
    for option, path in (("--json", json_), ("--markdown", markdown_)):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise UserError(f"{option} {path} must be a file name in a folder that exists.")
    pose = Platypose.from_pretrained(prior, device=plan.device, precision=plan.precision)
    reports = [plugins().registry(KIND).build(choice, pose.context()) for choice in plan.report]
    with Console(stderr=True).status("reading") as status:
        measured = measure(pose, _sets(data), plan, progress=status.update)
    measured = {"prior": Path(prior).name if Path(prior).exists() else prior, **measured}
    _print(measured)
    texts = (
        json.dumps(measured, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        markdown(measured),
    )
    for path, text in zip((json_, markdown_), texts):
        if path is not None:
            with write_atomically(path) as file:
                file.write(text.encode())
            typer.echo(f"Wrote {path}")
    if out is not None:
        with NewFolder(out) as folder:
            for name, text in (("results.json", texts[0]), ("measures.md", texts[1])):
                (folder / name).write_text(text, encoding="utf-8")
            for writer in reports:
                writer.write(measured, folder)
        typer.echo(f"Wrote {out}")


def _sets(paths: list[Path]) -> dict[str, MotionSet]:
    from platypose.motion import MotionSet

    sets: dict[str, Any] = {}
    for path in paths:
        name = path.stem if path.stem not in sets else str(path)
        if name in sets:
            raise UserError(f"--data {path} is named twice.")
        sets[name] = MotionSet.read(path)
    return sets


def _print(content: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from platypose.evaluation.prior.tables import tables

    console = Console()
    for table in tables(content):
        drawn = Table(title=table.title, title_justify="left", box=None, pad_edge=False)
        drawn.add_column(table.columns[0], overflow="fold")
        for column in table.columns[1:]:
            drawn.add_column(column, justify="right")
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
        console.print(f"{table.note}\n", style="dim", highlight=False)
