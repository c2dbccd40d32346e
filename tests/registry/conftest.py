"""Plugins that are really installed, and the command line that sees them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DISTRIBUTIONS = Path(__file__).parent / "distributions"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed all fixture distributions, good and bad."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(target)]
    folders = sorted(str(file.parent) for file in DISTRIBUTIONS.glob("*/pyproject.toml"))
    subprocess.run([*pip, *options, *folders], check=True)
    return target


@pytest.fixture(scope="session")
def python(site: Path) -> Run:
    """Run Python where those distributions are installed, with only the named plugins selected."""

    def run(
        code: str, *arguments: str, plugins: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(site), "COLUMNS": "200"}
        environment.pop("PLATYPOSE_PLUGINS", None)
        if plugins is not None:
            environment["PLATYPOSE_PLUGINS"] = plugins
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def platypose(python: Run) -> Run:
    """Run the command line where those distributions are installed."""

    def run(*arguments: str, plugins: str | None = None) -> subprocess.CompletedProcess[str]:
        code = "import platypose.cli; platypose.cli.main()"
        return python(code, *arguments, plugins=plugins)

    return run
