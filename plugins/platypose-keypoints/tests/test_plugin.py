"""What users write, and what they are told when it is wrong."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import attrs
import pytest
from platypose_keypoints import config
from platypose_keypoints.plugin import platypose_energies

from platypose.api import EnergyConfig


def test_listing_imports_no_torch() -> None:
    code = (
        "import sys\n"
        "from platypose_keypoints.plugin import platypose_energies\n"
        "assert len(list(platypose_energies())) == 5\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("cls", "options"),
    [
        (config.ReprojectionConfig, {"sigma": 0.0}),
        (config.ReprojectionConfig, {"degrees_of_freedom": 2.0}),
        (config.ReprojectionConfig, {"scale": float("inf")}),
        (config.Joints3DConfig, {"sigma": -1.0}),
        (config.BoneLengthConfig, {"sigma": float("inf")}),
        (config.BoneLengthConfig, {"lengths": {"head": 0.0}}),
        (config.SmoothnessConfig, {"sigma": 0.0}),
    ],
)
def test_senseless_options_are_refused(cls: type[EnergyConfig], options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs"):
        cls(**options)


def test_every_option_is_documented() -> None:
    specs = list(platypose_energies())
    assert len(specs) == 5
    for spec in specs:
        for field in attrs.fields(spec.config):
            assert len(field.metadata["doc"]) > 20, f"{spec.name}.{field.name}"
