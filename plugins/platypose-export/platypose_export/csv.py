"""The writer `csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import attrs

from platypose.api import BuildContext
from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_export.config import TableConfig
from platypose_export.statistics import LEVELS, Statistics, statistics, times

AXES = "xyz"
PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))

Row = list[str | int]


@attrs.frozen(kw_only=True)
class Csv:
    """A `Writer` of two long tables: of every hypothesis, and of what they say together."""

    config: TableConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write hypotheses.csv and joints.csv."""
        found = statistics(result, self.config)
        paths = folder / "hypotheses.csv", folder / "joints.csv"
        for path, rows in zip(paths, (_hypotheses(result, found), _joints(result, found))):
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)
        return paths


def build(config: TableConfig, context: BuildContext) -> Csv:
    """The writer of `config`."""
    return Csv(config=config)


def _hypotheses(result: Result, found: Statistics) -> Iterator[Row]:
    yield ["frame", "time_s", "hypothesis", "joint", *(f"{axis}_m" for axis in AXES)]
    names, seconds = result.skeleton.joints, [f"{t:.6f}" for t in times(result)]
    for f, time in enumerate(seconds):
        for h, pose in enumerate(found.joints[:, f].tolist()):
            for name, place in zip(names, pose):
                yield [f, time, h, name, *(f"{value:.6f}" for value in place)]


def _joints(result: Result, found: Statistics) -> Iterator[Row]:
    heads = ["mean", *(f"q{round(100 * level):02}" for level in LEVELS)]
    yield [
        *("frame", "time_s", "joint"),
        *(f"{head}_{axis}_m" for head in heads for axis in AXES),
        *(f"cov_{AXES[a]}{AXES[b]}_m2" for a, b in PAIRS),
    ]
    for f, time in enumerate(times(result)):
        for j, name in enumerate(result.skeleton.joints):
            places = [found.mean[f, j], *found.quantiles[:, f, j]]
            yield [
                *(f, f"{time:.6f}", name),
                *(f"{value:.6f}" for place in places for value in place),
                *(f"{found.covariance[f, j, a, b]:.9f}" for a, b in PAIRS),
            ]
