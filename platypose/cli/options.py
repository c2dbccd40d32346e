"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

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
