"""`platypose export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from platypose.api import UserError


def export(
    result: Annotated[
        Path,
        typer.Argument(help="Folder that platypose lift wrote, or its samples.safetensors."),
    ],
    to: Annotated[
        list[str],
        typer.Option(help="Writers, as bvh,trc,c3d,gltf or name:option=value,…; may be repeated."),
    ],
    which: Annotated[
        str | None,
        typer.Option(
            help="Motion of trc, c3d, bvh and gltf: mean, best, all, or a hypothesis's number.",
            show_default="mean",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files.", show_default="RESULT")
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace files that are there.")] = False,
) -> None:
    """Write a result as files for other programs.

    All files appear, or none.
    """
    from platypose.api import Writer
    from platypose.config import Chosen, structure
    from platypose.lifting.export import export as run
    from platypose.lifting.saved import read_saved

    if which not in (None, "mean", "best", "all") and not which.isdecimal():
        raise UserError(
            f"--which is {which!r} but needs mean, best, all or the number of a hypothesis."
        )
    contents = [_with_which(text, which) for option in to for text in _split(option)]
    if which is not None and not any({"which", "hypothesis"} & set(c) for c in contents):
        raise UserError("--which is given, but none of the writers in --to writes a motion.")
    writers = [
        structure(content, Chosen[Writer], f"--to {content['name']}") for content in contents
    ]
    saved = read_saved(result)
    for path in run(saved, writers, out, force=force):
        typer.echo(f"Wrote {path}")
    if saved.missing:
        typer.echo(f"Written without the evidence: {saved.missing}", err=True)


def _split(option: str) -> list[str]:
    """Names at the commas; an option of a component follows its component."""
    parts: list[str] = []
    for part in option.split(","):
        if parts and "=" in part and ":" not in part.partition("=")[0]:
            parts[-1] += f",{part}"
        else:
            parts.append(part.strip())
    return parts


def _with_which(text: str, which: str | None) -> dict[str, object]:
    """The mapping of a component, with `which` where it has that option and is not given one."""
    import attrs

    from platypose.api.kinds.writer import KIND
    from platypose.config.chosen import parse_choice
    from platypose.registry import plugins

    try:
        content = parse_choice(text)
    except ValueError as error:
        raise UserError(f"--to: {error}.") from None
    fields = {
        field.name
        for field in attrs.fields(plugins().registry(KIND).find(content["name"]).spec.config)
    }
    if which is None or not {"which", "hypothesis"} <= fields:
        return content
    if {"which", "hypothesis"} & set(content):
        return content
    if which.isdecimal():
        return content | {"hypothesis": int(which)}
    return content | {"which": which}
