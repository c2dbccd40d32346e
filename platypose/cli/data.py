"""`platypose data`: motion data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platypose.api import UserError

if TYPE_CHECKING:
    from platypose.motion import MotionSet

app = typer.Typer(help="Prepare motion data for training.", no_args_is_help=True)


@app.command()
def prepare(
    name: Annotated[str, typer.Argument(help="A data set, such as cmu.", show_default=False)],
    sources: Annotated[
        list[Path], typer.Argument(help="Its archives or folders.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="The motion set to write, a .safetensors file.")],
) -> None:
    """Turn motion capture files into one motion set, with a report beside it."""
    import json

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from platypose.api import Dataset
    from platypose.api.kinds.dataset import KIND
    from platypose.config import choose
    from platypose.files import write_atomically
    from platypose.lifting.pretrained import plain_context
    from platypose.registry import plugins

    if out.is_dir() or not out.parent.is_dir():
        raise UserError(f"--out {out} must be a file name in a folder that exists.")
    beside = out.with_suffix(".report.json")
    for path in (out, beside):
        if path.exists():
            raise UserError(f"--out: {path} exists already; remove it or name another file.")
    dataset = plugins().registry(KIND).build(choose(Dataset, name), plain_context())
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("prepare", total=None)

        def progress(done: int, total: int, trial: str) -> None:
            bar.update(task, completed=done, total=total, description=trial)

        motion, rejected = dataset.prepare(sources, progress=progress)
    content = {
        **report_of(motion),
        "left_out": [
            {"name": r.name, "seconds": round(r.seconds, 2), "reason": r.reason} for r in rejected
        ],
    }
    motion.write(out)
    with write_atomically(beside) as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False).encode())
    _print(content)
    for rejection in rejected:
        typer.echo(f"left out of {rejection.name}: {rejection.reason}")
    typer.echo(f"Wrote {out} and {beside}.")


@app.command()
def report(
    file: Annotated[Path, typer.Argument(help="A motion set.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a motion set holds: hours, subjects, bone lengths."""
    import json

    from platypose.motion import MotionSet

    content = report_of(MotionSet.read(file))
    if as_json:
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        _print(content)


def report_of(motion: MotionSet) -> dict[str, Any]:
    """Hours by split; clips, minutes and bone lengths (mm, mean and spread) by subject."""
    from platypose.motion import bone_lengths
    from platypose.skeleton import skeleton

    pose = skeleton(motion.skeleton)
    bones = [pose.joints[child] for _, child in pose.bones]
    lengths = bone_lengths(motion, pose.parents)
    subjects: dict[str, Any] = {}
    for subject in sorted({clip.subject for clip in motion.clips}):
        clips = [clip for clip in motion.clips if clip.subject == subject]
        frames = sum(clip.frames for clip in clips)
        mean, spread = lengths[subject].mean_mm, lengths[subject].spread_mm
        subjects[subject] = {
            "split": "/".join(sorted({clip.split for clip in clips})),
            "clips": len(clips),
            "minutes": round(frames / motion.frame_rate / 60, 2),
            "bone_lengths_mm": {b: round(float(v), 1) for b, v in zip(bones, mean)},
            "bone_length_spread_mm": {b: round(float(v), 1) for b, v in zip(bones, spread)},
        }
    return {
        "hours": {split: round(hours, 4) for split, hours in motion.hours().items()},
        "clips": len(motion.clips),
        "frame_rate": motion.frame_rate,
        "skeleton": motion.skeleton,
        "source": motion.source,
        "credit": motion.credit,
        "subjects": subjects,
    }


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
    console.print(content["credit"], style="dim")
