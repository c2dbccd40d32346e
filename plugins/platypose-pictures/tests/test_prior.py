from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from platypose_pictures.config import EvaluationPicturesConfig
from platypose_pictures.evaluation import build
from platypose_pictures.prior import denoising, figures, nearest

from platypose.api import BuildContext
from platypose.skeleton import H36M_17

SIGMA = [0.05, 0.5, 5.0]


def _content(kinds: tuple[str, ...] = ("poses",)) -> dict[str, Any]:
    entry = {
        "quantiles": [0.0, 0.5, 1.0],
        "nearest_mm": {"samples": [1.0, 5.0, 9.0], "held_out": [2.0, 6.0, 12.0]},
    }
    return {
        "kind": "prior-evaluation",
        "scale_mm": 300.0,
        "credit": "Recorded by $omebody.",
        "denoising": {
            "sigma": SIGMA,
            "noise_mm": [15.0, 150.0, 1500.0],
            "train_mm": [10.0, 60.0, 150.0],
            "held_out_mm": [12.0, 66.0, 155.0],
            "ratio": [1.2, 1.1, 1.03],
            "by_stance": {"held_out": {"seated": {"share": 0.25, "rms_mm": [14.0, 80.0, 170.0]}}},
            "changed_ratio": {
                name: [1.0, 1.1, 1.2] for name in ("tilt 10°", "tilt 20°", "size 0.8", "size 1.2")
            },
        },
        "memorisation": dict.fromkeys(kinds, entry),
    }


def _lines(figure: Figure, panel: int) -> dict[str, list[float]]:
    lines = figure.axes[panel].get_lines()
    return {str(line.get_label()): np.asarray(line.get_ydata()).tolist() for line in lines}


def test_the_errors_that_were_measured_are_drawn() -> None:
    figure = denoising(_content())
    errors = _lines(figure, 0)
    assert errors["held out"] == [12.0, 66.0, 155.0]
    assert errors["training"] == [10.0, 60.0, 150.0]
    assert errors["seated, 25 %"] == [14.0, 80.0, 170.0]
    ratios = _lines(figure, 1)
    assert ratios["held out / training"] == [1.2, 1.1, 1.03]
    assert ratios["size 1.2"] == [1.0, 1.1, 1.2]


@pytest.mark.parametrize("kinds", [("poses",), ("poses", "clips")])
def test_each_kind_of_distance_has_a_panel(kinds: tuple[str, ...]) -> None:
    figure = nearest(_content(kinds))
    assert len(figure.axes) == len(kinds)
    for ax, kind in zip(figure.axes, kinds):
        assert kind in ax.get_xlabel()
        samples = ax.get_lines()[0]
        assert np.asarray(samples.get_xdata()).tolist() == [1.0, 5.0, 9.0]


def test_the_report_writes_them(tmp_path: Path) -> None:
    context = BuildContext(
        skeleton=H36M_17,
        device=torch.device("cpu"),
        dtype=torch.float32,
        generator=torch.Generator(),
    )
    report = build(EvaluationPicturesConfig(dpi=40), context)
    written = report.write(_content(), tmp_path)
    assert {path.name for path in written} == set(figures(_content()))
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
    assert report.write({"kind": "weather"}, tmp_path) == ()
