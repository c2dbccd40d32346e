"""Pictures of a comparison show the rows that they are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from platypose_pictures.comparison import BEST, _best_of, by_calls, scores

from platypose.api import Report
from platypose.api.kinds.report import KIND as REPORT
from platypose.compute import plain_context
from platypose.config import choose
from platypose.evaluation.compare.rows import CONDITIONS, content
from platypose.registry import plugins


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """Two samplers at two numbers of calls, on frames and on clips."""
    shared = dict.fromkeys(CONDITIONS) | {
        "experiment": "made up",
        "prior": "none",
        "keypoints": "h36m-17",
        "root": "known",
        "noise_px": 5.0,
        "occlude": "none",
        "views": 1,
        "samples": 10,
        "repeats": 1,
        "clips": 3,
        "credit": "It cost $5.",
        "energy_score_sd": None,
    }
    return [
        shared
        | {
            "frames": frames,
            "label": label,
            "calls": calls,
            "energy_score": 900.0 / calls + 10 * place,
            "seconds": 0.1 * calls + place,
            "calibration": {"quantiles": [0.0, 1.0], "median": [0.0, 1.0], "mean": [0.0, 1.0]},
            "best_of": {"1": 90.0 + place, "10": 60.0},
        }
        for frames in (1, 64)
        for place, label in enumerate(("one", "another:steps=3"))
        for calls in (2, 8)
    ]


def test_three_pictures_are_written(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    report = plugins().registry(REPORT).build(choose(Report, "pictures:dpi=60"), plain_context())
    paths = report.write(content(rows), tmp_path)
    assert [path.name for path in paths] == ["scores.png", "calibration.png", "best-of.png"]
    for path in paths:
        with Image.open(path) as image:
            assert len(np.unique(np.asarray(image.convert("L")))) > 20
    assert report.write(content([]), tmp_path) == ()


def test_scores_are_drawn_against_calls_and_seconds(rows: list[dict[str, Any]]) -> None:
    by_call, by_second, *_ = scores(rows).axes
    for ax, key in ((by_call, "calls"), (by_second, "seconds")):
        for label, line in zip(("one", "another:steps=3"), ax.lines):
            own = [row for row in rows if row["label"] == label and row["frames"] == 1]
            expected = [[row[key], row["energy_score"]] for row in own]
            np.testing.assert_allclose(np.asarray(line.get_xydata()), expected)


def test_a_panel_for_each_number_of_calls(rows: list[dict[str, Any]]) -> None:
    few = [row for row in rows if not (row["frames"] == 64 and row["calls"] == 2)]
    axes = by_calls(few, "Best", BEST, _best_of).axes
    assert [ax.get_visible() for ax in axes] == [True, True, False, True]
    assert [len(ax.lines) for ax in axes] == [2, 2, 0, 2]
    np.testing.assert_allclose(np.asarray(axes[1].lines[1].get_xydata()), [[1, 91], [10, 60]])
