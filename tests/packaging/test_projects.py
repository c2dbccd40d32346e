"""What the distributions say of themselves, together."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

import platypose

ROOT = Path(__file__).parents[2]
CORE = ROOT / "pyproject.toml"
PLUGINS = sorted(ROOT.glob("plugins/*/pyproject.toml"))
EXAMPLE = ROOT / "examples" / "third-party-energy" / "pyproject.toml"
PROJECTS = [CORE, *PLUGINS, EXAMPLE]


def project(path: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return table


def requirements(path: Path) -> set[str]:
    """The names of everything that a project may ask pip for, in pip's spelling."""
    table = project(path)
    extras = table.get("optional-dependencies", {}).values()
    texts = [*table["dependencies"], *chain.from_iterable(extras)]
    names = {re.split(r"[\s\[<>=!~;]", text)[0] for text in texts}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def test_there_are_plugins() -> None:
    assert len(PLUGINS) >= 8


def test_a_folder_of_plugins_has_its_distributions_name() -> None:
    assert [path.parent.name for path in PLUGINS] == [project(path)["name"] for path in PLUGINS]


def test_all_names_every_plugin_and_what_the_other_extras_bring() -> None:
    extras = project(CORE)["optional-dependencies"]
    needed = [
        text for name, texts in extras.items() if name not in ("all", "dev") for text in texts
    ]
    assert extras["all"] == sorted([*(project(p)["name"] for p in PLUGINS), *needed])


def test_there_is_one_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    versions = {str(path): project(path)["version"] for path in [CORE, *PLUGINS]}
    versions |= {"platypose.__version__": platypose.__version__, "CITATION": citation["version"]}
    assert set(versions.values()) == {project(CORE)["version"]}, versions


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.parent.name)
def test_every_project_asks_for_the_same_python_and_names_its_licence(path: Path) -> None:
    assert project(path)["requires-python"] == project(CORE)["requires-python"]
    # The weights have seen HDM05, which is shared alike.
    weights = " AND CC-BY-SA-3.0" if path.parent.name == "platypose-priors" else ""
    assert project(path)["license"] == project(CORE)["license"] + weights
    assert (path.parent / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


@pytest.mark.parametrize("path", [*PLUGINS, EXAMPLE], ids=lambda path: path.parent.name)
def test_every_plugin_depends_on_the_core(path: Path) -> None:
    assert "platypose" in requirements(path)


def test_the_core_depends_on_no_plugin() -> None:
    needed = project(CORE)["dependencies"]
    assert not [name for name in needed if name.startswith("platypose")]


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.parent.name)
def test_every_requirement_is_pinned(path: Path) -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pinned = {re.sub(r"[-_.]+", "-", name).lower() for name in pins}
    ours = {project(other)["name"] for other in PROJECTS}
    assert requirements(path) - ours <= pinned


def test_the_import_rules_cover_every_package() -> None:
    tools = tomllib.loads(CORE.read_text(encoding="utf-8"))["tool"]["importlinter"]
    packages = {project(path)["name"].replace("-", "_") for path in PROJECTS}
    assert set(tools["root_packages"]) == packages
    plugins, core = tools["contracts"][0]["layers"]
    assert set(plugins.split(" | ")) | {core} == packages


def test_the_citation_names_both_papers() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["preferred-citation"]["url"] == "https://arxiv.org/abs/2403.06164"
    assert [reference["title"] for reference in citation["references"]] == [
        "Energy Guided Diffusion for Generating Neurally Exciting Images"
    ]
