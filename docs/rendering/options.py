"""The options of a configuration class as a table."""

from __future__ import annotations

import attrs

from platypose.api import Config
from platypose.cli.show import default_text, type_name


def options(config: type[Config]) -> str:
    """Name, type, default and meaning of each field."""
    lines = ["| option | type | default | meaning |", "| --- | --- | --- | --- |"]
    for field in attrs.fields(config):
        cells = [
            f"`{field.name}`",
            f"`{type_name(field.type)}`",
            f"`{default_text(field)}`",
            cell(field.metadata["doc"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(text: str) -> str:
    """Text that does not end its cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
