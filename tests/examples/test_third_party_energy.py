"""A package from outside adds an energy: wheels, a clean environment, one lift."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from platypose.lifting.result import Result

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "third-party-energy"


@pytest.fixture
def run(clean_environment: Path) -> Any:
    """Runs a command of the clean environment outside the checkout's packages."""
    unwanted = ("PYTHON", "PLATYPOSE", "COV")
    variables = {k: v for k, v in os.environ.items() if not k.startswith(unwanted)}
    variables["PATH"] = f"{clean_environment}{os.pathsep}{variables['PATH']}"

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def documented_command() -> list[str]:
    """The `platypose lift` of the example's README."""
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^platypose lift .*$", readme, re.MULTILINE)
    return shlex.split(line)


def test_the_environment_holds_no_checkout(run: Any) -> None:
    for package in ("platypose", "platypose_floor"):
        where = run("python", "-P", "-c", f"import {package}; print({package}.__file__)")
        assert "site-packages" in where


def test_the_energy_is_listed_with_its_distribution(run: Any) -> None:
    listing = json.loads(run("platypose", "plugins", "--check", "--json"))
    assert listing["faults"] == []
    (row,) = [row for row in listing["components"] if row["name"] == "floor-contact"]
    assert (row["kind"], row["distribution"]) == ("energy", "platypose-floor")


def test_the_documented_command_lifts_with_the_energy(run: Any, tmp_path: Path) -> None:
    """And a floor that is higher carries the feet up."""
    command = documented_command()
    energy, out = command.index("floor-contact"), command.index("--out") + 1
    sunken = {}
    for name in ("floor-contact", "floor-contact:height=0.4"):
        command[energy], command[out] = name, str(tmp_path / name)
        summary = json.loads(run(*command, "--samples", "3", "--write", "none", "--json"))
        assert (summary["hypotheses"], summary["frames"]) == (3, 60)
        result = Result.read(tmp_path / name / "samples.safetensors")
        assert np.isfinite(result.joints).all()
        ankles = result.joints[..., (3, 6), 2]
        sunken[name] = np.maximum(0.4 - ankles, 0).mean()
    assert sunken["floor-contact:height=0.4"] < sunken["floor-contact"]


def test_the_example_needs_the_api_alone() -> None:
    allowed = {"platypose.api", "platypose_floor", "attrs", "jaxtyping", "torch"}
    for path in EXAMPLE.glob("platypose_floor/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            else:
                continue
            for module in modules:
                root = module.partition(".")[0]
                known = module in allowed or root in allowed or root in sys.stdlib_module_names
                assert known, f"{path.name} imports {module}"
