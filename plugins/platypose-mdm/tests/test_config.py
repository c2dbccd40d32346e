"""The configuration, and what listing the plugin costs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from platypose_mdm.config import MDMConfig


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"layers": 0}, "needs a whole number of at least 1"),
        ({"heads": -4}, "needs a whole number of at least 1"),
        ({"feed_forward": 0}, "needs a whole number of at least 1"),
        ({"width": 33}, "needs an even number"),
        ({"width": 0}, "needs an even number"),
        ({"heads": 5}, "heads is 5 but needs a divisor of width 512"),
        ({"dropout": 1.0}, "needs a number from 0 to below 1"),
        ({"dropout": float("nan")}, "needs a number from 0 to below 1"),
    ],
)
def test_impossible_sizes_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MDMConfig(**fields)


def test_listing_the_plugin_imports_neither_torch_nor_numpy() -> None:
    program = (
        "import sys, platypose_mdm.plugin as p; print([s.name for s in p.platypose_denoisers()]);"
        "print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert out.stdout.split("\n")[:2] == ["['mdm']", "[]"]
