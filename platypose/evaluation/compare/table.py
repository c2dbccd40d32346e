"""The table of a comparison, for the terminal and for a page. Imports neither torch nor numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platypose.evaluation.compare.rows import alike, reference

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = (
    ("energy_score", "energy score", 1),
    ("ece", "ECE", 3),
    ("mpjpe_mean", "mean", 1),
    ("mpjpe_posterior_mean", "posterior mean", 1),
    ("mpjpe_best", "best", 1),
    ("root_error", "root", 0),
    ("reprojection_px", "px", 1),
    ("seconds", "s/frame", 3),
)
"""Key, heading and decimals."""
RATIOS = ("energy_score", "mpjpe_posterior_mean", "mpjpe_best", "seconds")
"""Figures that are divided by those of the sampler that others are compared with."""
_HEADINGS = {key: heading for key, heading, _ in COLUMNS}


def conditions(row: Mapping[str, Any]) -> str:
    """Under what a group of rows was measured, in words."""
    prior = Path(row["prior"]).stem if "/" in row["prior"] else row["prior"]
    clips = "single frames" if row["frames"] == 1 else f"clips of {row['frames']:.3g} frames"
    seen = [f"noise {row['noise_px']:g} px"] if row["noise_px"] else []
    seen += [f"{row['views']} cameras"] if row["views"] > 1 else []
    seen += [f"occluded: {row['occlude']}"] if row["occlude"] != "none" else []
    seen += [f"keypoints {row['keypoints']}"] if row["keypoints"] != "h36m-17" else []
    repeats = [f"{row['repeats']} repeats"] if row["repeats"] > 1 else []
    return ", ".join(
        [
            f"{row['experiment']}: prior {prior}",
            f"{row['clips']} {clips}",
            f"{row['samples']} hypotheses",
            f"root {row['root']}",
            *seen,
            *repeats,
        ]
    )


def headings(against: str | None) -> list[str]:
    """Of the columns."""
    ratios = [] if against is None else [f"{_HEADINGS[key]} ÷" for key in RATIOS]
    return ["sampler", "calls", *(heading for _, heading, _ in COLUMNS), *ratios]


def lines(
    rows: Sequence[Mapping[str, Any]], against: str | None, *, spread: bool
) -> list[list[str]]:
    """The cells of rows of the same conditions.

    Arguments:
        rows: of the same conditions.
        against: a sampler; ratios to its row (see `reference`) are added.
        spread: whether to give the standard deviations over repeats.
    """
    base = None if against is None else reference(rows, against)
    return [
        [
            each["label"],
            str(each["calls"]),
            *(_cell(each, key, decimals, spread) for key, _, decimals in COLUMNS),
            *([] if against is None else [_ratio(each, base, key) for key in RATIOS]),
        ]
        for each in rows
    ]


def _cell(row: Mapping[str, Any], key: str, decimals: int, spread: bool) -> str:
    value, deviation = row[key], row.get(f"{key}_sd")
    if value is None:
        return "–"
    shown = f"{value:.{decimals}f}"
    return f"{shown} ± {deviation:.{decimals}f}" if spread and deviation is not None else shown


def _ratio(row: Mapping[str, Any], base: Mapping[str, Any] | None, key: str) -> str:
    if base is None or row[key] is None or not base[key]:
        return "–"
    return f"{row[key] / base[key]:.2f}"


def tables(rows: Sequence[Mapping[str, Any]], against: str | None = None) -> list[Table]:
    """A table for the terminal for each set of conditions."""
    from rich.table import Table

    found = []
    for group in alike(rows):
        table = Table(
            title=conditions(group[0]), title_justify="left", title_style="bold", box=None
        )
        table.add_column("sampler", overflow="fold")
        for heading in headings(against)[1:]:
            table.add_column(heading, justify="right")
        for cells in lines(group, against, spread=False):
            table.add_row(*cells)
        found.append(table)
    return found


def markdown(rows: Sequence[Mapping[str, Any]], against: str | None = None) -> str:
    """The same for a page of documentation."""
    parts = []
    for group in alike(rows):
        head = headings(against)
        parts += [
            f"{conditions(group[0])}.",
            "",
            f"| {' | '.join(head)} |",
            f"| --- |{' ---: |' * (len(head) - 1)}",
            *(
                f"| `{cells[0]}` | {' | '.join(cells[1:])} |"
                for cells in lines(group, against, spread=True)
            ),
            "",
        ]
    return "\n".join(parts)
