"""`platypose show`."""

from __future__ import annotations

from typing import Annotated, Any

import attrs
import typer

from platypose.api import UserError, all_kinds
from platypose.api.errors import close_matches


def show(
    kind: Annotated[str, typer.Argument(help="Such as energy.", show_default=False)],
    name: Annotated[str, typer.Argument(help="Such as heatmap.", show_default=False)],
) -> None:
    """Print a component's options.

    Each with its type, default and meaning.
    """
    from rich.console import Console
    from rich.table import Table

    from platypose import registry

    kinds = all_kinds()
    if kind not in kinds:
        raise UserError(f"There is no kind {kind!r}{close_matches(kind, list(kinds))}.")
    entry = registry.plugins().registry(kinds[kind]).find(name)
    console = Console()
    console.print(
        f"{kind} {entry.spec.name} ({entry.distribution} {entry.version})", highlight=False
    )
    console.print(entry.spec.summary, highlight=False)
    fields = attrs.fields(entry.spec.config)
    if not fields:
        console.print("It has no options.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("option", "type", "default", "meaning"):
        table.add_column(column, overflow="fold")
    for field in fields:
        table.add_row(
            field.name, type_name(field.type), default_text(field), field.metadata.get("doc", "")
        )
    console.print(table, highlight=False)


def type_name(annotation: Any) -> str:
    """A type as a user reads it."""
    if isinstance(annotation, str):
        return annotation
    return (
        getattr(annotation, "__name__", str(annotation))
        if isinstance(annotation, type)
        else str(annotation).replace("typing.", "")
    )


def default_text(field: attrs.Attribute[Any]) -> str:
    """The default as it would stand in YAML."""
    import json

    from platypose.config import unstructure

    if field.default is attrs.NOTHING:
        return "required"
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
        return "computed"
    return json.dumps(unstructure(field.default), ensure_ascii=False)
