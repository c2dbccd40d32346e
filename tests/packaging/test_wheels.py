"""What a user of the published packages gets."""

from __future__ import annotations

import configparser
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
NAMES = [
    "platypose",
    "platypose-floor",
    *sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml")),
]
pytestmark = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def wheel(wheels: dict[str, Path], name: str) -> ZipFile:
    return ZipFile(wheels[name])


def metadata_folder(wheel: ZipFile) -> str:
    return next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")).split("/")[0]


def metadata(wheel: ZipFile) -> Message:
    return Parser().parsestr(wheel.read(f"{metadata_folder(wheel)}/METADATA").decode())


def test_a_wheel_holds_its_package_alone(wheel: ZipFile, name: str) -> None:
    package = name.replace("-", "_")
    assert {n.split("/")[0] for n in wheel.namelist()} == {package, metadata_folder(wheel)}
    assert not [n for n in wheel.namelist() if "test_" in n or "__pycache__" in n]


def test_a_wheel_tells_type_checkers_that_it_is_typed(wheel: ZipFile, name: str) -> None:
    assert f"{name.replace('-', '_')}/py.typed" in wheel.namelist()


def test_a_wheel_holds_the_licence(wheel: ZipFile, name: str) -> None:
    licence = wheel.read(f"{metadata_folder(wheel)}/licenses/LICENSE").decode()
    assert licence == (ROOT / "LICENSE").read_text()
    # The weights have seen HDM05, which is shared alike.
    weights = " AND CC-BY-SA-3.0" if name == "platypose-priors" else ""
    assert metadata(wheel)["License-Expression"] == "MIT" + weights


def test_a_wheel_holds_its_readme(wheel: ZipFile, name: str) -> None:
    readme = str(metadata(wheel).get_payload())
    assert readme.lower().startswith(f"# {name}")
    assert len(readme.splitlines()) > 5


def test_the_entry_points_of_a_wheel_are_in_it(wheel: ZipFile, name: str) -> None:
    points = configparser.ConfigParser()
    points.read_string(wheel.read(f"{metadata_folder(wheel)}/entry_points.txt").decode())
    group = "console_scripts" if name == "platypose" else "platypose"
    modules = [value.partition(":")[0].replace(".", "/") for value in points[group].values()]
    assert modules
    for module in modules:
        assert {f"{module}.py", f"{module}/__init__.py"} & set(wheel.namelist())
