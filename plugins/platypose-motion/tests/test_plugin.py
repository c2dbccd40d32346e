from __future__ import annotations

import subprocess
import sys

import attrs
import pytest
from platypose_motion.cmu import Cmu
from platypose_motion.config import CmuConfig
from platypose_motion.plugin import platypose_datasets

from platypose.api import Dataset


def test_cmu_is_a_data_set() -> None:
    (spec,) = platypose_datasets()
    assert spec.name == "cmu"
    assert spec.factory == "platypose_motion.cmu:build"
    assert isinstance(Cmu(config=CmuConfig()), Dataset)


def test_every_option_is_documented() -> None:
    assert all(field.metadata["doc"] for field in attrs.fields(CmuConfig))


@pytest.mark.parametrize("rate", [0, -30, 121])
def test_impossible_frame_rate_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="from 1 to 120"):
        CmuConfig(frame_rate=rate)


def test_announcing_imports_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, platypose_motion.plugin as p; list(p.platypose_datasets());"
        "sys.exit(bool({'torch', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
