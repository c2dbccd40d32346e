from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from platypose_pictures.evaluation import calibration, groups, joints

from platypose.api import Report
from platypose.api.kinds.report import KIND as REPORT
from platypose.compute import plain_context
from platypose.config import choose
from platypose.evaluation.result import GROUPS, Evaluation
from platypose.evaluation.score import score
from platypose.evaluation.tally import Tally
from platypose.registry import plugins
from platypose.skeleton import H36M_17


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    """Results of made-up hypotheses, of which those of people who lie are far worse."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.tensor(H36M_17.standing, dtype=torch.float64).expand(2, 17, 3)
    whole = Tally(skeleton=H36M_17)
    by: dict[str, dict[str, Tally]] = {kind: {} for kind in GROUPS}
    for number in range(6):
        name, error = ("lying", 0.3) if number % 3 == 0 else ("upright", 0.05)
        noise = torch.randn(9, 2, 17, 3, generator=generator, dtype=torch.float64)
        scored = score(truth + error * noise, truth, skeleton=H36M_17, frame_rate=30.0)
        whole.add(scored)
        action = f"an action with a long name, number {number}"
        for kind, group in (("stance", name), ("action", action), ("data_set", "made up")):
            by[kind].setdefault(group, Tally(skeleton=H36M_17)).add(scored)
    return Evaluation(
        config={
            "experiment": "made up",
            "samples": 9,
            "root": "unknown",
            "sampler": {"name": "none"},
            "energies": [],
        },
        provenance={"prior": "none", "prior_step": 0, "credit": "It cost $5.", "versions": {}},
        shards=((1, 1),),
        whole=whole,
        groups=by,
        left_out={},
        seconds=1.0,
    ).to_plain()


def test_the_report_is_registered_and_writes_four_pictures(
    content: dict[str, Any], tmp_path: Path
) -> None:
    report = plugins().registry(REPORT).build(choose(Report, "pictures:dpi=60"), plain_context())
    paths = report.write(content, tmp_path)
    names = {"calibration.png", "joints.png", "stances.png", "actions.png"}
    assert {path.name for path in paths} == names == {p.name for p in tmp_path.iterdir()}
    for path in paths:
        with Image.open(path) as image:
            assert min(image.size) > 60
            assert len(np.unique(np.asarray(image.convert("L")))) > 20


def test_nothing_is_drawn_of_other_figures(content: dict[str, Any], tmp_path: Path) -> None:
    report = plugins().registry(REPORT).build(choose(Report, "pictures"), plain_context())
    assert report.write({"kind": "something else"}, tmp_path) == ()
    assert report.write({**content, "clips": 0}, tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_the_calibration_curve_is_the_content_s(content: dict[str, Any]) -> None:
    (ax,) = calibration(content).axes
    diagonal, median, mean = ax.lines
    np.testing.assert_array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_allclose(median.get_ydata(), content["calibration"]["median"])
    np.testing.assert_allclose(mean.get_ydata(), content["calibration"]["mean"])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]  # type: ignore[union-attr]
    assert f"{content['ece']:.3f}" in labels[0] and f"{content['ece_mean']:.3f}" in labels[1]


def test_bars_are_the_joints_errors(content: dict[str, Any]) -> None:
    errors, _ = joints(content).axes
    widths = [bar.get_width() for bar in errors.patches]  # type: ignore[attr-defined]
    expected = [row["mpjpe_mean"] for row in content["by_joint"].values()]
    np.testing.assert_allclose(widths, expected)
    assert [label.get_text() for label in errors.get_yticklabels()][1] == "right hip"


def test_groups_stand_in_the_order_of_their_error_with_their_number(
    content: dict[str, Any],
) -> None:
    errors, scores = groups(content, "stance").axes
    names = [label.get_text() for label in errors.get_yticklabels()]
    assert names == ["upright (4)", "lying (2)"]
    widths = [bar.get_width() for bar in scores.patches]  # type: ignore[attr-defined]
    assert widths[1] > 3 * widths[0]
