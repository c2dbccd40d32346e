"""The folder of an evaluation: results, table and the files of reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from platypose.api import Report
from platypose.api.kinds.report import KIND as REPORT
from platypose.compute import plain_context
from platypose.config import Chosen, choose, structure, write_yaml
from platypose.evaluation.result import write_json
from platypose.evaluation.table import table
from platypose.files import NewFolder
from platypose.registry import plugins


def write_folder(
    content: Mapping[str, Any], out: Path, reports: Sequence[str] | None = None
) -> None:
    """Write `out`, a new folder that appears whole or not at all.

    Arguments:
        content: the results.
        out: receives results.json, table.txt, config.yaml and the reports' files.
        reports: in the place of those that the results' configuration names; "none" is none.

    Raises:
        UserError: a report is unknown or fails, or the folder cannot be written.
    """
    if reports is None:
        chosen = [
            structure(report, Chosen[Report], "report") for report in content["config"]["report"]
        ]
    else:
        chosen = [choose(Report, report) for report in reports if report != "none"]
    registry = plugins().registry(REPORT)
    writers = [registry.build(report, plain_context()) for report in chosen]
    with NewFolder(out) as folder:
        write_json(content, folder / "results.json")
        write_yaml(content["config"], folder / "config.yaml")
        (folder / "table.txt").write_text(table(content) + "\n", encoding="utf-8")
        for writer in writers:
            writer.write(content, folder)
