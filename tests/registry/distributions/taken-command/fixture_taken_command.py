from __future__ import annotations

from collections.abc import Iterable

import typer

from platypose.api import hookimpl

PLATYPOSE_API = 1


@hookimpl
def platypose_commands() -> Iterable[tuple[str, typer.Typer]]:
    yield "lift", typer.Typer()
