"""`platypose data`: motion data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platypose.api import UserError
from platypose.cli.download import download

if TYPE_CHECKING:
    from platypose.motion.prepare import Report

app = typer.Typer(help="Prepare motion data for training.", no_args_is_help=True)
app.command("download")(download)


@app.command()
def prepare(
    name: Annotated[str, typer.Argument(help="A data set, such as cmu.", show_default=False)],
    sources: Annotated[
        list[Path], typer.Argument(help="Its archives, folders or files.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="The motion set to write, a .safetensors file.")],
    frame_rate: Annotated[
        float, typer.Option(min=1, max=240, help="Frames a second of the set.")
    ] = 30.0,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that read.", show_default="one a core"),
    ] = None,
) -> None:
    """Turn motion capture files into one motion set, with a report beside it.

    A preparation that was stopped goes on when the same command is typed again.
    """
    import json

    from platypose.files import write_atomically
    from platypose.motion.rejection import count
    from platypose.motion.report import report_of

    if out.is_dir() or not out.parent.is_dir():
        raise UserError(f"--out {out} must be a file name in a folder that exists.")
    beside = out.with_suffix(".report.json")
    for path in (out, beside):
        if path.exists():
            raise UserError(f"--out: {path} exists already; remove it or name another file.")
    done = _prepare(name, sources, out, frame_rate, workers)
    content = {
        **report_of(done.motion),
        "recordings": done.recordings,
        "left_out_by_cause": count(done.left_out),
        "left_out": [
            {
                "name": rejection.name,
                "cause": rejection.cause,
                "seconds": round(rejection.seconds, 2),
                "reason": rejection.reason,
            }
            for rejection in done.left_out
        ],
    }
    with write_atomically(beside) as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False).encode())
    _print(content)
    if done.resumed:
        typer.echo(f"{done.resumed} of {done.recordings} recordings had been done before.")
    typer.echo(f"Wrote {out} and {beside}.")


def _prepare(
    name: str, sources: list[Path], out: Path, frame_rate: float, workers: int | None
) -> Report:
    """Run the preparation under a progress bar; Ctrl-C ends the command with code 130."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from platypose.api import Dataset
    from platypose.api.kinds.dataset import KIND
    from platypose.compute import plain_context
    from platypose.config import choose
    from platypose.motion.partial import folder_beside
    from platypose.motion.prepare import prepare as run
    from platypose.registry import plugins

    registry = plugins().registry(KIND)
    chosen = choose(Dataset, name)
    entry = registry.find(chosen.name)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    counted = (0, 0)
    try:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("find", total=None)

            def progress(done: int, total: int, trial: str) -> None:
                nonlocal counted
                counted = done, total
                text = f"read {trial}" if done < total else "write"
                bar.update(task, completed=done, total=total, description=text)

            return run(
                registry.build(chosen, plain_context()),
                sources,
                out,
                frame_rate=frame_rate,
                workers=workers,
                name=f"{chosen.name} of {entry.distribution} {entry.version}",
                progress=progress,
            )
    except KeyboardInterrupt:
        done, total = counted
        # A reader may have kept a recording without having said so yet.
        done = max(done, min(total, len(list(folder_beside(out).glob("*.safetensors")))))
        typer.echo(
            f"Stopped; {done} of {total} recordings are done and kept in {folder_beside(out)}. "
            "The same command goes on from there."
            if done
            else "Stopped; nothing was done yet."
        )
        raise typer.Exit(130) from None


@app.command()
def report(
    file: Annotated[Path, typer.Argument(help="A motion set.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw poses of every stance as PNG.", show_default=False),
    ] = None,
) -> None:
    """Say what a motion set holds: hours, people, stances, angles and bone lengths."""
    import json

    from platypose.motion import MotionSet
    from platypose.motion.contact_sheet import write_contact_sheet
    from platypose.motion.report import report_of

    motion = MotionSet.read(file)
    if picture is not None:
        write_contact_sheet(motion, picture)
    content = report_of(motion)
    if as_json:
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    _print(content)
    if picture is not None:
        typer.echo(f"Wrote {picture}.")


def _print(content: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    hours = ", ".join(f"{hours * 60:.1f} min {split}" for split, hours in content["hours"].items())
    console.print(f"{content['clips']} clips at {content['frame_rate']:g} Hz: {hours}")
    bones = {"right_knee": "thigh", "right_foot": "shin", "right_elbow": "arm", "thorax": "spine"}
    table = Table("subject", "split", "clips", "minutes", *(f"{b}, mm" for b in bones.values()))
    for name, row in content["subjects"].items():
        lengths = [f"{row['bone_lengths_mm'][bone]:.0f}" for bone in bones]
        table.add_row(name, row["split"], str(row["clips"]), f"{row['minutes']:.1f}", *lengths)
    console.print(table)
    if "stances" in content:
        stances = Table("share of frames, %", *content["stances"]["all"])
        for split, shares in content["stances"].items():
            stances.add_row(split, *(f"{100 * share:.1f}" for share in shares.values()))
        console.print(stances)
        percentiles = next(iter(content["joint_angles_degrees"].values()))
        angles = Table("angle, degrees", *(f"{name[1:]} %" for name in percentiles))
        for joint, values in content["joint_angles_degrees"].items():
            angles.add_row(joint, *(f"{value:.0f}" for value in values.values()))
        console.print(angles)
    if content.get("left_out_by_cause"):
        causes = Table("left out", "parts", "seconds")
        for cause, counted in content["left_out_by_cause"].items():
            causes.add_row(cause, f"{counted['parts']:.0f}", f"{counted['seconds']:.1f}")
        console.print(causes)
    for text in (content["source"], content["credit"], content["licence"]):
        if text:
            console.print(text, style="dim", highlight=False)
