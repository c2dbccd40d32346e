"""The folder of a comparison: rows, table and the files of reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from platypose.api import Report
from platypose.api.kinds.report import KIND as REPORT
from platypose.compute import plain_context
from platypose.config import choose
from platypose.evaluation.compare.rows import content, write_rows
from platypose.evaluation.compare.table import markdown
from platypose.files import NewFolder
from platypose.registry import plugins


def write_folder(
    rows: Sequence[Mapping[str, Any]], out: Path, reports: Sequence[str], against: str | None
) -> None:
    """Write `out`, a new folder that appears whole or not at all.

    Arguments:
        rows: the results.
        out: receives results.json, table.md and the reports' files.
        reports: names of reports; "none" is none.
        against: a sampler to which the table has ratios.

    Raises:
        UserError: a report is unknown or fails, or the folder cannot be written.
    """
    registry = plugins().registry(REPORT)
    chosen = [choose(Report, report) for report in reports if report != "none"]
    writers = [registry.build(report, plain_context()) for report in chosen]
    with NewFolder(out) as folder:
        write_rows(rows, folder / "results.json")
        (folder / "table.md").write_text(markdown(rows, against), encoding="utf-8")
        for writer in writers:
            writer.write(content(rows), folder)
