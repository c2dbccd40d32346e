"""`platypose view`, as a user types it."""

from __future__ import annotations

import subprocess
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from platypose_viewer.plugin import platypose_writers
from typer.testing import CliRunner

from platypose.api import UserError
from platypose.cli.app import build_app

Scene = Callable[..., Any]


@pytest.fixture
def run(scene: Scene, tmp_path: Path) -> Path:
    """The folder of a run."""
    folder = tmp_path / "run"
    folder.mkdir()
    made = scene(frames=2)
    made.result.write(folder / "samples.safetensors")
    made.evidence.write(tmp_path / "seen.safetensors")
    (folder / "config.yaml").write_text(
        f"evidence: ['{tmp_path / 'seen.safetensors'}']\nsampler: guided-ddim\nprior: pose-17\n"
    )
    return folder


def view(*arguments: object) -> Any:
    return CliRunner().invoke(build_app(), ["view", *map(str, arguments)])


def test_the_page_lies_in_the_folder_and_is_opened(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert view(run, "--no-open").output == f"Wrote {run / 'view.html'}\n"
    assert opened == []
    view(run)
    assert opened == [(run / "view.html").as_uri()]
    assert '"name": "cam0"' in (run / "view.html").read_text(encoding="utf-8")


def test_without_its_evidence_a_result_is_shown_and_the_user_told(run: Path) -> None:
    (run.parent / "seen.safetensors").unlink()
    done = view(run, "--no-open")
    assert done.exit_code == 0
    assert "seen.safetensors" in done.output
    assert '"camera": null' in (run / "view.html").read_text(encoding="utf-8")


def test_what_cannot_be_shown_is_named(run: Path, tmp_path: Path) -> None:
    for arguments, said in (
        ([tmp_path / "nothing"], "nothing"),
        ([tmp_path], str(run)),  # the result is in a folder of this one
        ([run, "--video", "none.mp4"], "none.mp4"),
        ([run, "--hypotheses", 0], "hypotheses"),
    ):
        error = view(*arguments, "--no-open").exception
        assert isinstance(error, UserError)
        assert said in str(error)
    assert not (run / "view.html").exists()


def test_listing_imports_no_numpy() -> None:
    program = "import sys, platypose_viewer.plugin; print({'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_the_plugin_offers_writers() -> None:
    assert [spec.name for spec in platypose_writers()] == ["page", "rerun"]
