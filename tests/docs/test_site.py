"""The site builds without a warning, and shows what is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import typer
from mkdocs.commands.build import build
from mkdocs.config import load_config

from platypose.api import all_kinds
from platypose.cli.app import build_app
from platypose.registry import plugins

ROOT = Path(__file__).parents[2]
FIRST_PARTY = {folder.name for folder in (ROOT / "plugins").iterdir()}
COMPONENTS = [
    (kind.name, entry.spec.name)
    for kind in all_kinds().values()
    for entry in plugins().registry(kind).entries
    if entry.distribution in FIRST_PARTY
]


def within(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from within(f"{path} {name}", inner)


COMMANDS = list(within("platypose", typer.main.get_command(build_app())))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `mkdocs build --strict` does: a broken link or reference is an error."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        config = load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(folder))
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
        config.plugins.on_shutdown()
    return folder


def text(page: Path) -> str:
    """A page without its tags."""
    return unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize(("kind", "name"), COMPONENTS)
def test_a_component_is_on_the_page_of_its_kind(kind: str, name: str, site: Path) -> None:
    page = (site / "reference" / kind / "index.html").read_text(encoding="utf-8")
    assert f'id="{name}"' in page


def test_every_kind_is_in_the_navigation(site: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    assert [kind for kind in all_kinds() if f'href="reference/{kind}/"' not in home] == []


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_a_command_and_its_options_are_explained(path: str, command: Any, site: Path) -> None:
    assert command.help
    page = text(site / "cli" / "index.html")
    assert path in page
    for param in command.params:
        assert param.help, param.name
        assert " ".join(param.help.split()) in page


def test_no_mark_is_left_unfilled(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    assert [page for page in pages if "<!-- options" in page.read_text(encoding="utf-8")] == []


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    loads = re.compile(r'<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="?(https?:)?//')
    pages = site.rglob("*.html")
    assert [page for page in pages if loads.search(page.read_text(encoding="utf-8"))] == []
