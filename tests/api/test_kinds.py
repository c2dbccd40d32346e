"""A kind of component is declared in one place."""

from __future__ import annotations

import importlib.metadata
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import platypose.api
from platypose.api import Config, all_kinds, kinds
from platypose.registry import discover

NEW_KIND = '''
from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec


@runtime_checkable
class Smell(Protocol):
    def sniff(self) -> str: ...


@hookspec
def platypose_smells() -> Iterable[Spec[Smell]]:
    """Smells that this plugin offers."""


KIND = Kind(name="smell", protocol=Smell, hook=platypose_smells)
'''
PLUGIN = """
from platypose.api import Config, Spec, hookimpl

PLATYPOSE_API = 1


@hookimpl
def platypose_smells():
    yield Spec("rose", Config, lambda config, context: None, "Sweet by any other name.")
"""


@pytest.fixture
def with_a_new_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "smell_for_a_test.py").write_text(NEW_KIND)
    (tmp_path / "plugin_with_a_smell.py").write_text(PLUGIN)
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    monkeypatch.syspath_prepend(tmp_path)
    point = importlib.metadata.EntryPoint("smells", "plugin_with_a_smell", "platypose")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point])
    # The folder holds the plugin too, which is no kind.
    names = [*(m for m in pkgutil.iter_modules(kinds.__path__) if m.name != "plugin_with_a_smell")]
    monkeypatch.setattr(pkgutil, "iter_modules", lambda path: names)
    all_kinds.cache_clear()
    yield
    monkeypatch.undo()
    all_kinds.cache_clear()


def test_every_kind_s_hook_is_named_after_it() -> None:
    for name, kind in all_kinds().items():
        assert kind.name == name
        plural = {"energy": "energies", "weights": "weights"}.get(name, f"{name}s")
        assert kind.hook.__name__ == f"platypose_{plural}"
        assert issubclass(kind.config, Config)


def test_a_new_module_is_a_new_kind(with_a_new_kind: None) -> None:
    """Its hook is known to discovery, and what plugins announce by it is found."""
    kind = all_kinds()["smell"]
    found = discover()
    assert found.faults == []
    assert found.registry(kind).names() == ["rose"]


def test_all_that_is_exported_is_there() -> None:
    assert platypose.api.__all__ == sorted(platypose.api.__all__)
    assert all(hasattr(platypose.api, name) for name in platypose.api.__all__)
    assert {kind.protocol.__name__ for kind in all_kinds().values()} <= set(platypose.api.__all__)
