"""The options of samplers, and what listing the plugin costs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from platypose_diffusion.config import AncestralConfig, GuidedDDIMConfig, PosteriorConfig


@pytest.mark.parametrize("config", [GuidedDDIMConfig, AncestralConfig])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"substeps": 0}, "at least 1"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"learning_rate": float("inf")}, "finite"),
        ({"control": "frame"}, '"hypothesis" or "batch"'),
        ({"levels": "20"}, '"all" or "ddimN"'),
        ({"levels": "ddim20 "}, '"all" or "ddimN"'),
    ],
)
def test_impossible_options_are_refused(config: type, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"calls": 0}, "at least 1"),
        ({"steps": 0}, "at least 1"),
        ({"temperature": 0.0}, "above 0"),
        ({"sigma_max": float("inf")}, "finite"),
        ({"sigma_max": 0.01}, "above sigma_min"),
    ],
)
def test_impossible_options_of_the_posterior_are_refused(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PosteriorConfig(**fields)


def test_listing_the_plugin_imports_neither_torch_nor_numpy() -> None:
    program = (
        "import sys, platypose_diffusion.plugin as p;"
        "print([s.name for s in [*p.platypose_schedules(), *p.platypose_samplers()]]);"
        "print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert out.stdout.split("\n")[:2] == [
        "['cosine', 'linear', 'karras', 'guided-ddim', 'ancestral', 'posterior',"
        " 'dps', 'daps', 'diffpir', 'tds']",
        "[]",
    ]
