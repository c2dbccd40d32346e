"""What users write, and what they are told when it is wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
from platypose_heatmap.config import HeatmapConfig
from platypose_heatmap.energy import build

from platypose.api import BuildContext, UserError


def test_listing_imports_no_torch() -> None:
    code = (
        "import sys\n"
        "from platypose_heatmap.plugin import platypose_energies\n"
        "assert [spec.name for spec in platypose_energies()] == ['heatmap']\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("modes", 0),
        ("least_height", 0.0),
        ("iterations", 0),
        ("gross", 1.0),
        ("gross_sigma", 0.0),
        ("floor", 0.0),
        ("scale", -1.0),
    ],
)
def test_senseless_options_are_refused(option: str, value: float) -> None:
    with pytest.raises(ValueError, match="needs"):
        HeatmapConfig(**{option: value})  # type: ignore[arg-type]


def test_every_option_is_documented() -> None:
    assert all(len(field.metadata["doc"]) > 20 for field in attrs.fields(HeatmapConfig))


def test_evidence_without_heatmaps_is_refused(make_context: Callable[..., BuildContext]) -> None:
    context = make_context(np.zeros((1, 1, 1, 8, 8)))
    assert context.evidence is not None
    without = attrs.evolve(
        context.evidence, heatmaps=None, cell_to_pixel=None, keypoints=np.zeros((1, 1, 1, 2))
    )
    for evidence in (without, None):
        with pytest.raises(UserError, match=r"heatmap needs evidence with heatmaps.*reprojection"):
            build(HeatmapConfig(), attrs.evolve(context, evidence=evidence))


def test_a_missing_camera_is_named(make_context: Callable[..., BuildContext]) -> None:
    nowhere: Any = None
    context = attrs.evolve(make_context(np.zeros((1, 1, 1, 8, 8))), views=nowhere)
    with pytest.raises(UserError, match="camera"):
        build(HeatmapConfig(), context)
