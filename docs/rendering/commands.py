"""The help of every command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from rendering.options import cell

from platypose.cli.app import build_app


def commands() -> str:
    """A section for each command, in the order of `platypose --help`."""
    program = typer.main.get_command(build_app())
    return "\n".join(
        line for path, each in _within("platypose", program) for line in _of(path, each)
    )


def _within(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _within(f"{path} {name}", inner)


def _of(path: str, command: Any) -> Iterator[str]:
    context = command.make_context(path, [], resilient_parsing=True)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    yield from (f"## `{path}`", "", command.help or "", "", f"    {usage}", "")
    if command.params:
        yield from ("| argument or option | meaning |", "| --- | --- |")
    for param in command.params:
        names, meaning = param.get_help_record(context)
        meaning = re.sub(r"\[default: \((.*)\)\]$", r"[default: \1]", meaning)
        yield f"| `{names}` | {cell(meaning)} |"
    yield ""
