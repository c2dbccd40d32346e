"""`platypose lift`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platypose.api import UserError
from platypose.cli import options

if TYPE_CHECKING:
    from platypose.lifting.config import LiftConfig


def lift(
    evidence: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Evidence file, or one file of detections for each camera, or with --detector one "
            "video for each; may stand in --config.",
            show_default=False,
        ),
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
        typer.Option(help="Sampler, as name:option=value,…", show_default="posterior"),
    ] = None,
    energy_scale: Annotated[
        float | None, typer.Option(help="Factor on the energies.", show_default="1")
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(help="Frames lifted at once.", show_default="the prior's longest, or 256"),
    ] = None,
    overlap: Annotated[
        int | None,
        typer.Option(
            help="Frames that a window shares with the one before, of priors of clips.",
            show_default="16, or half a window",
        ),
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(help="unknown (solved for) or known (evidence's).", show_default="unknown"),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            help="Detector to run on videos first, as name:option=value,…; what it finds is kept "
            "beside the results.",
            show_default="none",
        ),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", help="Reader of the evidence.", show_default="by content"),
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(
            help="Camera file, or a preset such as h36m:S1/54138969.",
            show_default="the evidence's, or a guess",
        ),
    ] = None,
    camera_format: Annotated[
        str | None,
        typer.Option(help="Format of the camera file.", show_default="by content"),
    ] = None,
    view: Annotated[
        list[str] | None,
        typer.Option(
            help="Name of the camera of a view; one option for each view.",
            show_default="all cameras in their order",
        ),
    ] = None,
    rescale_camera: Annotated[
        bool | None,
        typer.Option(
            "--rescale-camera", help="The video is the calibrated picture at another size."
        ),
    ] = None,
    fov: Annotated[
        float | None,
        typer.Option(help="Horizontal field of view, degrees.", show_default="unknown"),
    ] = None,
    tilt: Annotated[
        float | None,
        typer.Option(help="How far the camera looks down, degrees.", show_default="unknown"),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(
            help="largest, all, or the name of a person; one for each view, as in 0,1.",
            show_default="largest",
        ),
    ] = None,
    frame_rate: Annotated[
        float | None, typer.Option(help="Frames a second.", show_default="the file's")
    ] = None,
    image_size: Annotated[
        str | None,
        typer.Option(metavar="WIDTHxHEIGHT", help="Of the video, px.", show_default="the file's"),
    ] = None,
    write: Annotated[
        list[str] | None,
        typer.Option(help="Writer of more files; none for none.", show_default="pictures"),
    ] = None,
    open_: Annotated[
        bool, typer.Option("--open", help="Write the page too and open it, as platypose view does.")
    ] = False,
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
        {"sampler": "posterior", "write": ["pictures"]},
        evidence=[str(path) for path in evidence] if evidence else None,
        energies=energy or None,
        samples=samples,
        seed=seed,
        prior=prior,
        sampler=sampler,
        energy_scale=energy_scale,
        window=window,
        overlap=overlap,
        root=root,
        format=format_,
        camera=camera,
        camera_format=camera_format,
        views=view or None,
        rescale_camera=rescale_camera,
        fov=fov,
        tilt=tilt,
        person=person,
        frame_rate=frame_rate,
        image_size=None if image_size is None else _size(image_size),
        write=[] if write == ["none"] else write or None,
        device=device,
        precision=precision,
    )
    if "evidence" not in content:
        raise UserError("EVIDENCE is missing; name an evidence file, or a --config that does.")
    if isinstance(content["evidence"], str):
        content["evidence"] = [content["evidence"]]
    if out is None:
        raise UserError("--out is missing; it names the new folder for the results.")
    if detector is not None:
        content["evidence"] = _detected(content["evidence"], detector, out, device)
    resolved = structure(content, LiftConfig, str(config) if config else "platypose lift")

    import json

    from platypose.cli.summary import print_summary
    from platypose.cli.view import page_writer, write_page

    page = page_writer({}) if open_ else None
    summary = _with_progress(resolved, out)
    for folder in sorted(out.glob("person-*")) if "people" in summary else [out]:
        if page is not None:
            write_page(page, folder, open_=True, err=as_json)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    for name, one in summary.get("people", {"": summary}).items():
        if name:
            typer.echo(f"Person {name}")
        print_summary(one)
    for name, reason in summary.get("left_out", {}).items():
        typer.echo(f"Person {name} was left out: {reason}", err=True)
    typer.echo(f"Wrote {out}")


def _with_progress(config: LiftConfig, out: Path) -> dict[str, Any]:
    """Lift under a progress bar; Ctrl-C ends the command with code 130."""
    from platypose.cli.bar import Speed, bar_of
    from platypose.lifting.run import lift as run
    from platypose.lifting.unfinished import unfinished

    speed = Speed()
    try:
        with bar_of("{task.fields[at]}", "{task.fields[energy]}", elapsed=True) as bar:
            task = bar.add_task("lift", total=1, at="loading", energy="")

            def progress(step: Any) -> None:
                at, energy = f"level {step.index}/{step.total}", ""
                if step.energy is not None:
                    energy = f"{step.energy:.1f} nats a frame"
                if step.windows > 1:
                    at = f"window {step.window}/{step.windows}"
                    energy += speed(step.person, step.frames)
                done = step.window - 1 + step.index / step.total
                bar.update(task, completed=done, total=step.windows, at=at, energy=energy)

            return run(config, out, progress=progress)
    except KeyboardInterrupt:
        if unfinished(out).exists():
            typer.echo("Stopped; the same command goes on with the next window.", err=True)
        else:
            typer.echo("Stopped before the first window was done; nothing was kept.", err=True)
        raise typer.Exit(130) from None


def _detected(videos: list[str], detector: str, out: Path, device: str | None) -> list[str]:
    """Files of what a detector finds in videos, beside the results."""
    from platypose.cli.detect import to_file
    from platypose.files import make_folders, require_new
    from platypose.lifting.unfinished import unfinished

    require_new(out)
    ends = [""] if len(videos) == 1 else [f"-{number}" for number in range(len(videos))]
    files = [out.with_name(f"{out.name}.detections{end}.safetensors") for end in ends]
    if unfinished(out).exists() and all(file.exists() for file in files):
        return [str(file) for file in files]  # the lift was interrupted, and goes on
    for file in files:
        if file.exists():
            raise UserError(
                f"{file} is there from an earlier run; lift it without --detector, or name another "
                "--out."
            )
    made = make_folders(out.absolute().parent)
    try:
        for video, file in zip(videos, files):
            to_file(Path(video), file, detector, device=device)
    except BaseException:
        with suppress(OSError):  # not where something was detected: the same command goes on
            for folder in made:
                folder.rmdir()
        raise
    return [str(file) for file in files]


def _size(text: str) -> list[int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise UserError(f"--image-size {text} must be WIDTHxHEIGHT, as in 1920x1080.")
    return [int(width), int(height)]
