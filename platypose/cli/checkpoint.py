"""`platypose checkpoint`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def checkpoint(
    file: Annotated[Path, typer.Argument(help="A model.safetensors.", show_default=False)],
) -> None:
    """Print the header of a checkpoint as JSON.

    This needs neither torch nor the plugins.
    """
    import json

    from platypose.checkpoint import read_header
    from platypose.config import unstructure

    typer.echo(json.dumps(unstructure(read_header(file)), indent=2, ensure_ascii=False))
