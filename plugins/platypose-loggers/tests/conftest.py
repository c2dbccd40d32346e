"""A stand-in for trackio, whose own needs do not go with those of the other packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


class Trackio(ModuleType):
    """Keeps runs by project and name, and demands of calls what trackio does."""

    def __init__(self) -> None:
        super().__init__("trackio")
        self.runs: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = {}

    def init(
        self,
        project: str,
        name: str | None = None,
        *,
        space_id: str | None = None,
        config: dict[str, Any] | None = None,
        resume: str = "never",
    ) -> Run:
        assert resume in ("allow", "never", "must")
        key = (project, name or "unnamed")
        if resume == "never" or key not in self.runs:
            self.runs[key] = []
        return Run(self.runs[key])

    class Image:
        def __init__(self, value: str) -> None:
            assert Path(value).is_file()


class Run:
    def __init__(self, lines: list[tuple[int, dict[str, Any]]]) -> None:
        self.lines, self.waiting = lines, list[tuple[int, dict[str, Any]]]()

    def log(self, metrics: dict[str, Any], step: int | None = None) -> None:
        assert step is not None
        self.waiting.append((step, metrics))

    def finish(self) -> None:
        self.lines += self.waiting


@pytest.fixture
def trackio(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trackio]:
    module = Trackio()
    monkeypatch.setitem(sys.modules, "trackio", module)
    yield module
