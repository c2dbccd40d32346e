"""`platypose evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platypose.api import UserError
from platypose.cli import options

if TYPE_CHECKING:
    from platypose.evaluation.config import EvaluateConfig
    from platypose.evaluation.result import Evaluation


def evaluate(
    results: Annotated[
        list[Path] | None,
        typer.Argument(help="With --merge: the JSON files of the shards.", show_default=False),
    ] = None,
    experiment: options.Experiment = None,
    data: options.Data = None,
    json_: Annotated[
        Path | None, typer.Option("--json", help="File for the results.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="New folder for results, table and pictures.", show_default=False),
    ] = None,
    limit: options.Limit = None,
    prior: Annotated[
        str | None,
        typer.Option(help="Installed prior or checkpoint.", show_default="pose-17"),
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(help="Sampler, as name:option=value,…", show_default="the experiment's"),
    ] = None,
    energy: Annotated[
        list[str] | None,
        typer.Option(
            help="Energy, as name or name:option=value,…; several add up.",
            show_default="the experiment's",
        ),
    ] = None,
    energy_scale: Annotated[
        float | None,
        typer.Option(help="Factor on the energies.", show_default="the experiment's"),
    ] = None,
    num_samples: options.NumSamples = None,
    root: options.Root = None,
    keypoints: Annotated[
        str | None,
        typer.Option(
            help="Keypoint set in which made cameras see, such as coco-17; of a published data "
            "set, whose detections to take (its option detector).",
            show_default="h36m-17",
        ),
    ] = None,
    projection: Annotated[
        str | None,
        typer.Option(
            help="Camera model in the place of the cameras' own, as name:option=value,…",
            show_default=False,
        ),
    ] = None,
    noise_px: options.NoisePx = None,
    occlude: options.Occlude = None,
    seed: Annotated[int | None, typer.Option(help="Of the sampling.", show_default="0")] = None,
    chunk: Annotated[
        int | None,
        typer.Option(
            help="Poses (hypotheses times frames) sampled at once; bounds memory.",
            show_default="8192",
        ),
    ] = None,
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Do the I-th of N parts of the work.")
    ] = "1/1",
    merge: Annotated[
        bool, typer.Option("--merge", help="Lift nothing; add up the results of shards.")
    ] = False,
    report: options.Report = None,
    set_: options.Set = None,
    device: options.Device = None,
    precision: options.PrecisionOption = None,
) -> None:
    """Lift clips whose truth is known, and measure errors and calibration.

    Prints a table; --json and --out write the results.
    """
    options.require_new(json_, out)
    if merge:
        if not results:
            raise UserError("--merge needs the JSON files of the shards.")
        from platypose.evaluation.result import merge as add_up
        from platypose.evaluation.result import read_json

        evaluation = add_up([read_json(path) for path in results], [str(path) for path in results])
        _finish(evaluation, json_, out, report if report is not None else ["pictures"])
        return
    if results:
        raise UserError(
            f"{results[0]}: files of results are for --merge; --data names what to lift."
        )
    config = _config(
        experiment,
        set_,
        data=[str(path) for path in data] if data else None,
        limit=limit,
        prior=prior,
        sampler=sampler,
        energies=energy or None,
        energy_scale=energy_scale,
        samples=num_samples,
        root=root,
        keypoints=keypoints,
        projection=projection,
        noise_px=noise_px,
        occlude=occlude,
        seed=seed,
        chunk=chunk,
        report=report,
        device=device,
        precision=precision,
    )
    from platypose.evaluation.result import read_shard

    try:
        evaluation = _run(config, read_shard(shard))
    except KeyboardInterrupt:
        typer.echo("Stopped; nothing was written.", err=True)
        raise typer.Exit(130) from None
    _finish(evaluation, json_, out, None)


def _config(name: str | None, overrides: list[str] | None, **given: Any) -> EvaluateConfig:
    from platypose.config import structure
    from platypose.evaluation.config import EvaluateConfig

    content = {"report": ["pictures"], **options.read_experiment(name)}
    if given["report"] == ["none"]:
        given["report"] = []
    if content.get("dataset") is not None and given["keypoints"] is not None:
        overrides = [f"dataset.detector={given.pop('keypoints')}", *(overrides or [])]
    content = options.merged(None, overrides, content, **given)
    return structure(content, EvaluateConfig, f"experiment {name}")


def _run(config: EvaluateConfig, shard: tuple[int, int]) -> Evaluation:
    from platypose.cli.bar import CLIPS, bar_of
    from platypose.evaluation.run import Progress as Done
    from platypose.evaluation.run import evaluate as run

    with bar_of(CLIPS, "{task.fields[rate]}", speed_over=600) as bar:
        task = bar.add_task("evaluate", total=1, rate="loading")

        def progress(done: Done) -> None:
            bar.update(task, completed=done.clips, total=done.total)
            speed = bar.tasks[0].speed
            bar.update(task, rate="" if speed is None else f"{speed:.2f} clips/s")

        return run(config, shard=shard, progress=progress)


def _finish(
    evaluation: Evaluation, json_: Path | None, out: Path | None, report: list[str] | None
) -> None:
    """Print the table, and write what is asked for."""
    from platypose.evaluation.report import write_folder
    from platypose.evaluation.result import write_json
    from platypose.evaluation.table import table

    content = evaluation.to_plain()
    typer.echo(table(content))
    if json_ is not None:
        write_json(content, json_)
        typer.echo(f"Wrote {json_}")
    if out is not None:
        write_folder(content, out, report)
        typer.echo(f"Wrote {out}")
