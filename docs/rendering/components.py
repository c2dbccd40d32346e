"""The page of a kind of component: what it promises, and what each component offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
from rendering.options import cell, options

from platypose.api import Config, Kind
from platypose.registry import Entry, plugins

FIRST_PARTY = {path.parent.name for path in Path().glob("plugins/*/pyproject.toml")}
"""The distributions of `platypose[all]`; the site is the same whatever else is installed."""

TITLES = {
    "calibration": "Camera formats",
    "dataset": "Data sets",
    "energy": "Energies",
    "weights": "Weights",
}


def component_page(kind: Kind[Any]) -> str:
    """The whole page."""
    entries = [e for e in plugins().registry(kind).entries if e.distribution in FIRST_PARTY]
    lines = [f"# {TITLES.get(kind.name, f'{kind.name.capitalize()}s')}", ""]
    if entries:
        lines += ["| name | distribution | what it is |", "| --- | --- | --- |"]
        for entry in entries:
            name, about = entry.spec.name, cell(entry.spec.summary)
            lines.append(f"| [`{name}`](#{name}) | {entry.distribution} | {about} |")
    else:
        lines.append(f"No first-party distribution offers a {kind.name} yet; a plugin can.")
    lines.append("")
    for entry in entries:
        lines += _component(entry)
    lines += [
        "## Protocol",
        "",
        f"A plugin offers such components through the hook [`{kind.hook.__name__}`]"
        f"(hooks.md#{kind.hook.__name__}).",
        "",
        f"::: {kind.protocol.__module__}.{kind.protocol.__name__}",
        "    options: {heading_level: 3}",
        "",
    ]
    return "\n".join(lines)


def _component(entry: Entry[Any]) -> list[str]:
    config = entry.spec.config
    lines = [f"## `{entry.spec.name}` {{ #{entry.spec.name} }}", "", entry.spec.summary, ""]
    about = config.__doc__ or ""
    if config is not Config and not about.startswith("Options of the "):
        lines += [about, ""]
    lines += [f"From {entry.distribution} {entry.version}.", ""]
    return [*lines, options(config) if attrs.fields(config) else "It has no options.", ""]
