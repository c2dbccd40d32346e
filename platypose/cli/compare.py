"""`platypose compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platypose.api import UserError
from platypose.cli import options

if TYPE_CHECKING:
    from platypose.evaluation.compare.run import Comparison

WIDE = 160
"""Of a table that goes into a file, characters."""


def compare(
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            help="JSON files of comparisons to show again; nothing is lifted.", show_default=False
        ),
    ] = None,
    experiment: options.Experiment = None,
    data: options.Data = None,
    samplers: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…",
            help="Samplers, as name or name:option=value,…, one after another; energy_scale and "
            "energy may be among the options.",
            show_default=False,
        ),
    ] = None,
    calls: Annotated[
        str, typer.Option(metavar="N,N,…", help="Denoiser calls of each sampler.")
    ] = "2,4,8,16",
    prior: Annotated[
        list[str] | None,
        typer.Option(help="Installed prior or checkpoint; several.", show_default="pose-17"),
    ] = None,
    limit: options.Limit = None,
    num_samples: options.NumSamples = None,
    root: options.Root = None,
    noise_px: options.NoisePx = None,
    occlude: options.Occlude = None,
    views: Annotated[
        int | None, typer.Option(help="Made cameras at once, 1 to 4.", show_default="1")
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, help="Runs, with one seed after another on the same evidence.")
    ] = 1,
    seed: Annotated[int | None, typer.Option(help="Of the first run.", show_default="0")] = None,
    json_: Annotated[
        Path | None,
        typer.Option(
            "--json", help="File for the rows; a run that was stopped goes on.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="New folder for rows, table and pictures.", show_default=False),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="Add ratios to this sampler: at its most calls, its best energy score.",
            show_default=False,
        ),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    report: options.Report = None,
    set_: options.Set = None,
    device: options.Device = None,
    precision: options.PrecisionOption = None,
) -> None:
    """Run samplers side by side, at several numbers of denoiser calls.

    All are given the same evidence and noise, scene by scene one after another.
    """
    journal = None if json_ is None else json_.with_name(f"{json_.name}.partial")
    options.require_new(json_, out, unfinished=None if results else journal)
    reports = report or ["pictures"]
    if results:
        from platypose.evaluation.compare.rows import read_rows

        rows = [row for path in results for row in read_rows(path)]
        _finish(rows, json_, out, reports, against, markdown)
        return
    comparison = _comparison(
        experiment,
        samplers,
        calls,
        prior,
        repeats,
        journal,
        set_,
        data=[str(path) for path in data] if data else None,
        limit=limit,
        samples=num_samples,
        root=root,
        noise_px=noise_px,
        occlude=occlude,
        views=views,
        seed=seed,
        device=device,
        precision=precision,
    )
    stopped = _run(comparison)
    if stopped and not comparison.rows():
        typer.echo("Stopped; nothing was written.", err=True)
        raise typer.Exit(130)
    _finish(comparison.rows(), json_, out, reports, against, markdown)
    if stopped:
        again = "; the same command goes on" if json_ is not None else ""
        typer.echo(f"Stopped: this is of the clips that all samplers have lifted{again}.", err=True)
        raise typer.Exit(130)
    comparison.finish()


def _comparison(
    name: str | None,
    samplers: str | None,
    calls: str,
    priors: list[str] | None,
    repeats: int,
    journal: Path | None,
    overrides: list[str] | None,
    **given: Any,
) -> Comparison:
    from platypose.config import structure
    from platypose.evaluation.compare.config import read_calls, read_entrants
    from platypose.evaluation.config import EvaluateConfig

    content = options.read_experiment(name)
    if samplers is None:
        raise UserError("--samplers is missing; name some, such as posterior,guided-ddim.")
    entrants, numbers = read_entrants(samplers), read_calls(calls)
    content = options.merged(None, overrides, content, **given)
    config = structure(content, EvaluateConfig, f"experiment {name}")

    from platypose.evaluation.compare.run import Comparison, Plan

    plan = Plan(
        config=config,
        priors=tuple(dict.fromkeys(priors or [config.prior])),
        entrants=entrants,
        calls=numbers,
        repeats=repeats,
    )
    return Comparison(plan, journal)


def _run(comparison: Comparison) -> bool:
    """Run with a bar; whether it was stopped."""
    from platypose.cli.bar import CLIPS, bar_of
    from platypose.evaluation.compare.run import Progress as Done

    with bar_of(CLIPS, elapsed=True, speed_over=3600) as bar:
        task = bar.add_task("compare", total=1)

        def progress(done: Done) -> None:
            bar.update(task, completed=done.clips, total=done.total)

        try:
            comparison.run(progress)
        except KeyboardInterrupt:
            return True
    return False


def _finish(
    rows: list[dict[str, Any]],
    json_: Path | None,
    out: Path | None,
    reports: list[str],
    against: str | None,
    markdown_: bool,
) -> None:
    """Print the table, and write what is asked for."""
    from rich.console import Console

    from platypose.evaluation.compare.rows import write_rows
    from platypose.evaluation.compare.table import markdown, tables

    if json_ is not None:
        write_rows(rows, json_)
    if out is not None:
        from platypose.evaluation.compare.report import write_folder

        write_folder(rows, out, reports, against)
    if markdown_:
        typer.echo(markdown(rows, against))
    else:
        console = Console()
        console.width = console.width if console.is_terminal else WIDE
        for table in tables(rows, against):
            console.print(table, highlight=False)
            console.print()
    for path in filter(None, (json_, out)):
        typer.echo(f"Wrote {path}", err=markdown_)
