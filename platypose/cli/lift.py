"""`platypose lift`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from platypose.api import UserError
from platypose.cli import options


def lift(
    evidence: Annotated[
        Path | None,
        typer.Argument(help="Evidence file; may stand in --config.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="New folder for the results.", show_default=False)
    ] = None,
    energy: Annotated[
        list[str] | None,
        typer.Option(
            help="Energy, as name or name:option=value,…; several add up.",
            show_default="heatmap, reprojection or joints-3d, as the evidence has it",
        ),
    ] = None,
    samples: Annotated[int | None, typer.Option(help="Hypotheses.", show_default="50")] = None,
    seed: Annotated[int | None, typer.Option(help="Of all randomness.", show_default="0")] = None,
    prior: Annotated[
        str | None,
        typer.Option(help="Installed prior or checkpoint.", show_default="pose-17"),
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(help="Sampler, as name:option=value,…", show_default="guided-ddim"),
    ] = None,
    energy_scale: Annotated[
        float | None, typer.Option(help="Factor on the energies.", show_default="1")
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(help="unknown (solved for) or known (evidence's).", show_default="unknown"),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", help="Reader of a foreign format.", show_default="platypose"),
    ] = None,
    write: Annotated[
        list[str] | None,
        typer.Option(help="Writer of more files; none for none.", show_default="pictures"),
    ] = None,
    config: options.Config = None,
    set_: options.Set = None,
    device: options.Device = None,
    precision: options.PrecisionOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Lift 2D evidence of a person to 3D.

    Hypotheses, a summary, pictures and the configuration are written into a new folder.
    """
    from platypose.config import structure
    from platypose.lifting.config import LiftConfig

    content = options.merged(
        config,
        set_,
        {"sampler": "guided-ddim", "write": ["pictures"]},
        evidence=None if evidence is None else str(evidence),
        energies=energy or None,
        samples=samples,
        seed=seed,
        prior=prior,
        sampler=sampler,
        energy_scale=energy_scale,
        root=root,
        format=format_,
        write=[] if write == ["none"] else write or None,
        device=device,
        precision=precision,
    )
    if "evidence" not in content:
        raise UserError("EVIDENCE is missing; name an evidence file, or a --config that does.")
    if out is None:
        raise UserError("--out is missing; it names the new folder for the results.")
    resolved = structure(content, LiftConfig, str(config) if config else "platypose lift")

    import json

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from platypose.lifting.run import lift as run

    console = Console(stderr=True)
    columns = (
        TextColumn("level {task.completed:.0f}/{task.total:.0f}"),
        BarColumn(),
        TextColumn("{task.fields[energy]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("lift", total=1, energy="loading")

        def progress(step: Any) -> None:
            mean = "" if step.energy is None else f"{float(step.energy.mean()):.1f} nats a frame"
            bar.update(task, completed=step.index, total=step.total, energy=mean)

        summary = run(resolved, out, progress=progress)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    else:
        _print(summary, out)


def _print(summary: dict[str, Any], out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    error = summary["reprojection_error_px"]
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("frames", str(summary["frames"]))
    table.add_row("hypotheses", str(summary["hypotheses"]))
    table.add_row("sampling", f"{summary['seconds']:.1f} s, {summary['denoiser_calls']} calls")
    if error["median"] is not None:
        table.add_row("re-projection", f"median {error['median']} px, 95 % {error['p95']} px")
    spread = summary["spread_mm"]
    widest = sorted(spread, key=lambda joint: -spread[joint])[:3]
    joints = ", ".join(f"{joint} {spread[joint]:.0f}" for joint in widest)
    table.add_row("spread, mm", f"{joints}, relative to the root")
    table.add_row("", f"the root itself {summary['root_spread_mm']:.0f}")
    Console().print(table, highlight=False)
    typer.echo(f"Wrote {out}")
