"""The writer `json`."""

from __future__ import annotations

import json
from pathlib import Path

import attrs

from platypose.api import BuildContext
from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_export.config import TableConfig
from platypose_export.statistics import LEVELS, Statistics, statistics, times

DIGITS = 6
"""Decimals of a length in metres, and 9 of a covariance."""


@attrs.frozen(kw_only=True)
class Json:
    """A `Writer` of one JSON file, whose nested lists have the axes of the arrays."""

    config: TableConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write pose.json."""
        found: Statistics = statistics(result, self.config)
        content = {
            "unit": "m",
            "up": "z",
            "origin": self.config.origin,
            "credit": result.credit,
            "frame_rate": result.frame_rate,
            "time": times(result).round(DIGITS).tolist(),
            "joint_names": result.skeleton.joints,
            "parents": result.skeleton.parents,
            "joints": found.joints.round(DIGITS).tolist(),
            "root": result.root.astype(float).round(DIGITS).tolist(),
            "energy": result.energy.astype(float).round(DIGITS).tolist(),
            "mean": found.mean.round(DIGITS).tolist(),
            "quantile_levels": LEVELS,
            "quantiles": found.quantiles.round(DIGITS).tolist(),
            "covariance": found.covariance.round(9).tolist(),
        }
        path = folder / "pose.json"
        with path.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            file.write("\n")
        return (path,)


def build(config: TableConfig, context: BuildContext) -> Json:
    """The writer of `config`."""
    return Json(config=config)
