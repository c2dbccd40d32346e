"""What is light stays light: neither torch nor numpy is imported without need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "numpy", "jaxtyping", "safetensors"}

MODULES = ["platypose", "platypose.api", "platypose.registry", "platypose.config"]
MODULES += ["platypose.checkpoint", "platypose.skeleton", "platypose.training.config"]

COMMAND = """
import sys
try:
    import platypose.cli
    platypose.cli.main()
finally:
    print("loaded:", " ".join(sys.modules), file=sys.stderr)
"""


def loaded(code: str, *arguments: str) -> set[str]:
    """The heavy modules among those that a fresh interpreter has imported in the end."""
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    _, _, names = result.stderr.partition("loaded:")
    assert "platypose" in names.split()
    return HEAVY & set(names.split())


@pytest.mark.parametrize("module", MODULES)
def test_importing_it_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print('loaded:', *sys.modules, file=sys.stderr)"
    assert loaded(code) == set()


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["plugins"], ["plugins", "--json"], ["show", "energy", "heatmap"]],
    ids=" ".join,
)
def test_the_command_imports_nothing_heavy(arguments: list[str]) -> None:
    """With every plugin of this environment discovered, as always."""
    assert loaded(COMMAND, *arguments) == set()


def test_the_header_of_a_checkpoint_is_printed_without_anything_heavy(tmp_path: Path) -> None:
    """Nor are the plugins needed that it names."""
    component = {"distribution": "platypose-nowhere", "version": "1.0", "config_version": 1}
    header = {
        "components": {"denoiser": {"name": "unknown", "config": {}, **component}},
        "skeleton": "h36m-17",
        "scale": 0.25,
        "frame_rate": 30.0,
        "frames": 1,
        "step": 10,
        "seed": 0,
        "data": [],
        "credit": "Zoë",
        "licence": "MIT",
        "ema": True,
        "measures": {},
        "versions": {},
        "format": 1,
        "kind": "prior",
    }
    table = json.dumps({"__metadata__": {"platypose": json.dumps(header)}}).encode()
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(table).to_bytes(8, "little") + table)
    assert loaded(COMMAND, "checkpoint", str(file)) == set()


def test_this_test_would_notice() -> None:
    code = "import sys, platypose.evidence; print('loaded:', *sys.modules, file=sys.stderr)"
    assert "numpy" in loaded(code)
