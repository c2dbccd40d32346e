"""The command line, run in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from platypose.cli.app import main
from platypose.testing import scene


@attrs.frozen
class Done:
    """What a person sees after a command."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type `platypose` and these words."""

    def typed(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["platypose", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "200")
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return typed


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evidence of two frames with everything an evidence can hold."""
    path = tmp_path_factory.mktemp("seen") / "seen.safetensors"
    scene.evidence(2).write(path)
    return path
