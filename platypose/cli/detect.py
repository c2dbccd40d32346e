"""`platypose detect`."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platypose.api import UserError
from platypose.cli import options

if TYPE_CHECKING:
    from platypose.api import Detector
    from platypose.detection.video import Video
    from platypose.evidence import Detections


def detect(
    video: Annotated[Path, typer.Argument(help="A video file.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="New file for the detections.", show_default=False),
    ],
    detector: Annotated[str, typer.Option(help="Detector, as name:option=value,…")] = "blazepose",
    every: Annotated[int, typer.Option(min=1, help="Look at every which frame.")] = 1,
    crop: Annotated[
        str | None,
        typer.Option(
            metavar="LEFT,TOP,RIGHT,BOTTOM",
            help="Look at this part of the picture alone, px.",
            show_default=False,
        ),
    ] = None,
    heatmaps: Annotated[
        bool, typer.Option("--heatmaps/--no-heatmaps", help="Whether to keep the heatmaps.")
    ] = True,
    device: options.Device = None,
) -> None:
    """Find the people in a video, for platypose lift.

    Everybody is followed through the video and written into one file. A run that was interrupted
    goes on when the same command is typed again; until the end, what was found is kept in a folder
    beside the file.
    """
    edges = None if crop is None else _edges(crop)
    to_file(video, out, detector, every=every, crop=edges, heatmaps=heatmaps, device=device)


def to_file(
    video: Path,
    out: Path,
    detector: str,
    *,
    every: int = 1,
    crop: tuple[int, int, int, int] | None = None,
    heatmaps: bool = True,
    device: str | None = None,
) -> None:
    """Detect, saying what is done.

    Raises:
        UserError: the video, the output or an option is wrong.
    """
    import attrs

    from platypose.detection.video import Video
    from platypose.evidence.file import write

    if out.exists():
        raise UserError(f"--out {out} exists already; name a new file.")
    if not out.absolute().parent.is_dir():
        raise UserError(f"--out {out} cannot be written: there is no folder {out.parent}.")
    seen = Video.open(video)
    built = _build(detector, device)
    _announce(seen, built, every, heatmaps, out.absolute().parent)
    folder = out.with_name(f"{out.name}.partial")
    found = _with_progress(
        seen, built, every=every, crop=crop, heatmaps=heatmaps, spool=folder, name=detector
    )
    from_there = os.path.relpath(video.absolute(), out.absolute().parent)
    write(attrs.evolve(found, video=from_there), out)
    shutil.rmtree(folder)
    if not found.people:
        _say("Nobody was found.")
    for person in found.people:
        _say(
            f"person {person.name}: in {len(person.frames)} of {found.num_frames} frames, the "
            f"first {person.frames[0]}, the last {person.frames[-1]}"
        )
    _say(f"Wrote {out}")


def _edges(text: str) -> tuple[int, int, int, int]:
    try:
        left, top, right, bottom = (int(word) for word in text.split(","))
    except ValueError:
        raise UserError(
            f"--crop {text} must be four whole numbers, left,top,right,bottom, in pixels."
        ) from None
    return left, top, right, bottom


def _say(text: str) -> None:
    # Not among the results that lift may print as JSON.
    typer.echo(text, err=True)


def _build(name: str, device: str | None) -> Detector:
    import attrs
    import torch

    from platypose.api import Detector
    from platypose.api.kinds.detector import KIND
    from platypose.compute import DeviceName, plain_context, resolve_device
    from platypose.config import choose, structure
    from platypose.registry import plugins

    chosen = choose(Detector, name)
    where = resolve_device(structure(device or "auto", DeviceName, "--device"))  # type: ignore[arg-type]
    context = attrs.evolve(plain_context(), device=where, generator=torch.Generator(where))
    return plugins().registry(KIND).build(chosen, context)


def _announce(video: Video, detector: Detector, every: int, heatmaps: bool, folder: Path) -> None:
    """Say what will be done, and refuse what the disk cannot hold."""
    from platypose.detection.detect import focal_of, frames_of, heatmap_bytes

    width, height = video.image_size
    frames = frames_of(video, every)
    _say(
        f"{video.path}: {frames} {'frame' if frames == 1 else 'frames'} at "
        f"{video.frame_rate / every:.6g} Hz, {width} x {height} pixels"
    )
    if (focal := focal_of(video)) is not None:
        _say(
            f"Its metadata note a focal length of {video.focal_35mm:g} mm, as on 35 mm film: "
            f"{focal:.0f} px"
        )
    if abs(video.pixel_shape - 1) > 0.01:
        _say(
            f"Its pixels are {video.pixel_shape:.3g} times as wide as high, and a guessed camera "
            "takes them for square; calibrate it, or re-encode the video with square pixels."
        )
    if not video.even:
        _say(
            "Its frames come at uneven times; each goes to the nearest tick of that clock, and in "
            "ticks without a frame nobody is seen."
        )
    size = heatmap_bytes(video, detector, every) if heatmaps else 0
    free = shutil.disk_usage(folder).free
    if size:
        _say(f"The heatmaps of one person take up to {_bytes(size)}; --no-heatmaps keeps none.")
    if 2 * size > free:  # once on the way and once in the file
        raise UserError(
            f"{folder} has {_bytes(free)} free, and the heatmaps need twice {_bytes(size)} on the "
            "way; add --no-heatmaps or take fewer frames with --every."
        )


def _bytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _with_progress(video: Video, detector: Detector, **how: Any) -> Detections:
    """Detect under a progress bar; Ctrl-C ends the command with code 130."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from platypose.detection.detect import detect_video

    columns = (
        TextColumn("frame {task.completed:.0f}/{task.total:.0f}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    began, first = 0.0, 0
    try:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("detect", total=1, rate="loading")

            def progress(done: int, total: int) -> None:
                nonlocal began, first
                if not began:
                    began, first = time.monotonic(), done
                rate = (done - first) / max(time.monotonic() - began, 1e-3)
                bar.update(task, completed=done, total=total, rate=f"{rate:.1f} frames/s")

            return detect_video(video, detector, progress=progress, **how)
    except KeyboardInterrupt:
        typer.echo("Stopped; the same command goes on from here.", err=True)
        raise typer.Exit(130) from None
