"""`platypose plugins`."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def plugins(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Also import every factory; exit with 1 if anything is wrong."
        ),
    ] = False,
) -> None:
    """List the components of all plugins.

    Plugins that failed to load are listed with the reason.
    """
    from platypose import registry

    found = registry.plugins()
    rows = _rows(found)
    faults = [_fault_row(fault) for fault in found.faults]
    if check:
        faults += [_fault_row(fault) for fault in found.check_factories()]
    if as_json:
        import json

        plugin_rows = [
            {
                "plugin": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "status": plugin.status,
            }
            for plugin in found.plugins
        ]
        content = {"components": rows, "plugins": plugin_rows, "faults": faults}
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        _print_table(rows)
        for fault in faults:
            typer.echo(f"{fault['distribution']} ({fault['plugin']}): {fault['reason']}", err=True)
        if check and not faults:
            loaded = [plugin for plugin in found.plugins if plugin.status == "ok"]
            components = [row for row in rows if row["kind"] != "plugin"]
            typer.echo(f"{len(loaded)} plugins, {len(components)} components: all well.")
    if check and faults:
        raise typer.Exit(1)


def _rows(found: Any) -> list[dict[str, str]]:
    from platypose.api import all_kinds

    rows = []
    for kind in all_kinds().values():
        entries = found.registry(kind).entries
        names = [entry.spec.name for entry in entries]
        for entry in sorted(entries, key=lambda e: (e.spec.name, e.distribution)):
            rows.append(
                {
                    "kind": kind.name,
                    "name": entry.spec.name,
                    "distribution": entry.distribution,
                    "version": entry.version,
                    "status": "ok" if names.count(entry.spec.name) == 1 else "name given twice",
                    "summary": entry.spec.summary,
                }
            )
    for plugin in found.plugins:
        if plugin.status != "ok":
            rows.append(
                {
                    "kind": "plugin",
                    "name": plugin.name,
                    "distribution": plugin.distribution,
                    "version": plugin.version,
                    "status": plugin.status,
                    "summary": "",
                }
            )
    return rows


def _fault_row(fault: Any) -> dict[str, str]:
    return {
        "distribution": fault.distribution,
        "plugin": fault.plugin,
        "reason": fault.reason,
    }


def _print_table(rows: list[dict[str, str]]) -> None:
    """One line a component, columns aligned; wide terminals are no condition for reading it."""
    columns = ("kind", "name", "distribution", "version", "status", "summary")
    lines = [dict(zip(columns, columns)), *rows]
    widths = {column: max(len(line[column]) for line in lines) for column in columns[:-1]}
    for line in lines:
        cells = [line[column].ljust(width) for column, width in widths.items()]
        typer.echo("  ".join([*cells, line["summary"]]).rstrip())
