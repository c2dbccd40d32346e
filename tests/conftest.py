"""Wheels of every distribution, and a clean environment that has them installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="session")
def build_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where wheels and environment are made: a new folder, `PLATYPOSE_TEST_BUILD` to keep it."""
    kept = os.environ.get("PLATYPOSE_TEST_BUILD")
    if kept is None:
        return tmp_path_factory.mktemp("build")
    folder = ROOT / kept
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="session")
def wheels(build_folder: Path) -> dict[str, Path]:
    """The wheel of each distribution, by the distribution's name."""
    plugins = (path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
    folder = build_folder / "wheels"
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation")
    example = ROOT / "examples" / "third-party-energy"
    _run(*pip, "--wheel-dir", folder, ROOT, *plugins, example)
    return {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}


@pytest.fixture(scope="session")
def clean_environment(build_folder: Path, wheels: dict[str, Path]) -> Path:
    """The `bin` folder of a virtual environment with those wheels and what they need, no more."""
    environment = build_folder / "environment"
    _run(sys.executable, "-m", "venv", environment)
    pip = (environment / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile")
    _run(*pip, "-c", ROOT / "constraints.txt", *wheels.values())
    return environment / "bin"
