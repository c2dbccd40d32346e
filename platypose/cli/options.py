"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from platypose.api import UserError

Config = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file with the configuration.", show_default=False),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Override one field, as in train.steps=50000."
    ),
]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.", show_default="auto")]
PrecisionOption = Annotated[
    str | None,
    typer.Option(help="float32, float64, bfloat16 or float16.", show_default="float32"),
]
Experiment = Annotated[
    str | None,
    typer.Option(
        help="cmu, h36m, 3dhp or 3dpw; with -published the protocol of the paper, which gives the "
        "true root away; or a YAML file.",
        show_default=False,
    ),
]
Data = Annotated[
    list[Path] | None,
    typer.Option(
        help="What to lift: motion sets, evidence files with joints_3d, or a data set's files.",
        show_default=False,
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(help="Only the first clips of a fixed shuffle.", show_default="all"),
]
NumSamples = Annotated[
    int | None, typer.Option(help="Hypotheses.", show_default="the experiment's")
]
Root = Annotated[
    str | None,
    typer.Option(help="unknown (solved for) or known (the true one).", show_default="unknown"),
]
NoisePx = Annotated[
    float | None,
    typer.Option(help="Noise added to keypoints, px.", show_default="the experiment's"),
]
Occlude = Annotated[
    str | None, typer.Option(help="Hide lower-body, half or random:p.", show_default="none")
]
Report = Annotated[
    list[str] | None,
    typer.Option(help="Report of more files for --out; none for none.", show_default="pictures"),
]


def read_experiment(name: str | None) -> dict[str, Any]:
    """What `--experiment` stands for.

    Raises:
        UserError: it is missing, or there is no such experiment.
    """
    from platypose.evaluation.experiment import experiment, experiments

    if name is None:
        raise UserError(f"--experiment is missing; there is {', '.join(experiments())}.")
    return experiment(name)


def require_new(json_: Path | None, out: Path | None, *, unfinished: Path | None = None) -> None:
    """Refuse a `--json` or an `--out` that is there or cannot be, before any work is done for it.

    Arguments:
        json_: a file, if any.
        out: a folder, if any.
        unfinished: where this is there, `json_` is of a run that goes on.

    Raises:
        UserError: something is there, or can never be.
    """
    if json_ is not None:
        if json_.is_dir() or not json_.absolute().parent.is_dir():
            raise UserError(f"--json {json_} must be a file name in a folder that exists.")
        if json_.exists() and (unfinished is None or not unfinished.exists()):
            raise UserError(f"--json {json_} exists already; name a new file.")
    if out is not None:
        from platypose.files import require_new as require_new_folder

        require_new_folder(out)


def merged(
    config: Path | None,
    overrides: Sequence[str] | None,
    defaults: Mapping[str, Any],
    **options: Any,
) -> dict[str, Any]:
    """Defaults, the file's content, the given options and the `--set` texts, each over the last."""
    from platypose.config import merge_overrides, read_yaml

    content = dict(defaults) | (read_yaml(config) if config else {})
    content |= {name: value for name, value in options.items() if value is not None}
    return merge_overrides(content, overrides or ())
