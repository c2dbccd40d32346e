"""Every component that comes with the project runs the contract suite of its kind."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from platypose.api import all_kinds
from platypose.registry import Plugins, discover
from platypose.testing import (
    DenoiserContract,
    EnergyContract,
    LoggerContract,
    ProjectionContract,
    SamplerContract,
    ScheduleContract,
)
from platypose.testing.component import ComponentContract

PLUGINS = Path(__file__).parents[2] / "plugins"
SUITES: dict[type[ComponentContract[Any]], int] = {
    DenoiserContract: 4,
    EnergyContract: 6,
    LoggerContract: 3,
    ProjectionContract: 4,
    SamplerContract: 7,
    ScheduleContract: 3,
}
"""How many first-party components each suite must cover."""


@pytest.fixture(scope="module")
def everything() -> Plugins:
    return discover()


@pytest.fixture(scope="module")
def tested() -> list[type[Any]]:
    """The classes that pytest collects from the contract tests of the plugins."""
    files = sorted(PLUGINS.glob("*/tests/test_contract.py"))
    named = [pair for file in files for pair in vars(_module(file)).items()]
    return [cls for name, cls in named if name.startswith("Test") and isinstance(cls, type)]


def _module(file: Path) -> ModuleType:
    name = file.parents[1].name.replace("-", "_") + "_contract"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _first_party() -> Iterator[str]:
    return (folder.parent.name for folder in PLUGINS.glob("*/pyproject.toml"))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.__name__)
def test_every_first_party_component_runs_its_suite(
    suite: type[ComponentContract[Any]], everything: Plugins, tested: list[type[Any]]
) -> None:
    entries = everything.registry(suite.kind).entries
    distributions = set(_first_party())
    announced = {entry.spec.name for entry in entries if entry.distribution in distributions}
    run = {cls.name for cls in tested if issubclass(cls, suite)}
    assert run == announced
    assert len(announced) == SUITES[suite]


def test_there_is_a_suite_for_every_kind_that_computes() -> None:
    computing = {suite.kind.name for suite in SUITES}
    others = {"calibration", "dataset", "detector", "reader", "report", "weights", "writer"}
    assert set(all_kinds()) - computing == others
