"""The tutorial is the example package."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "third-party-energy"
PAGE = (ROOT / "docs" / "write-an-energy.md").read_text(encoding="utf-8")
TRIVIAL = {"__init__.py"}


def test_every_file_of_the_example_is_shown_whole() -> None:
    included = {ROOT / path for path in re.findall(r'^--8<-- "(.*)"$', PAGE, re.MULTILINE)}
    sources = {path for path in EXAMPLE.rglob("*.py") if path.name not in TRIVIAL}
    assert included == {*sources, EXAMPLE / "pyproject.toml"}


def test_the_highlighted_lines_are_the_entry_point() -> None:
    first, last = re.findall(r'pyproject.toml" hl_lines="(\d+)-(\d+)"', PAGE)[0]
    lines = (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    shown = lines[int(first) - 1 : int(last)]
    assert shown == ["[project.entry-points.platypose]", 'floor = "platypose_floor.plugin"']


def test_the_command_is_that_of_the_readme() -> None:
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^platypose lift .*$", readme, re.MULTILINE)
    assert f"$ {command}\n" in PAGE


def test_the_tree_is_that_of_the_folder() -> None:
    (tree,) = re.findall(r"^third-party-energy/\n((?:  .*\n)+)", PAGE, re.MULTILINE)
    named = {line.split()[0] for line in tree.splitlines()}
    found = [
        path for folder in ("", "platypose_floor", "tests") for path in (EXAMPLE / folder).iterdir()
    ]
    assert named == {
        f"{path.name}/" if path.is_dir() else path.name
        for path in found
        if not path.name.startswith((".", "__pycache__"))
    }
