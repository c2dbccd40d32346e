"""The hook by which a plugin adds a command."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from platypose.api import hookspec

if TYPE_CHECKING:
    import typer

CORE_COMMANDS = (
    "checkpoint",
    "compare",
    "data",
    "detect",
    "evaluate",
    "evaluate-prior",
    "export",
    "lift",
    "measure-residuals",
    "plugins",
    "sample",
    "show",
    "train",
    "view",
)
"""Names that no plugin can give to a command."""


@hookspec
def platypose_commands() -> Iterable[tuple[str, typer.Typer]]:  # type: ignore[empty-body]
    """Commands that this plugin adds, each a name and a `typer.Typer` application."""
