from __future__ import annotations

import importlib
import subprocess
import sys

import attrs
from platypose_motion.plugin import platypose_datasets

from platypose.api import Config

BUILT_IN = ("cmu", "hdm05", "reactidle", "bvh", "ui-prmd")


def test_every_data_set_can_be_found_and_is_documented() -> None:
    specs = {spec.name: spec for spec in platypose_datasets()}
    assert set(BUILT_IN) <= set(specs)
    for spec in specs.values():
        assert isinstance(spec.factory, str)
        module, _, factory = spec.factory.partition(":")
        assert callable(getattr(importlib.import_module(module), factory))
        assert issubclass(spec.config, Config)
        assert spec.summary
        assert all(field.metadata["doc"] for field in attrs.fields(spec.config))


def test_announcing_imports_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, platypose_motion.plugin as p; list(p.platypose_datasets());"
        "sys.exit(bool({'torch', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
