"""Experiments: named configurations that come with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from platypose.api import UserError
from platypose.api.errors import close_matches
from platypose.config import load_yaml, read_yaml


def experiments() -> list[str]:
    """Their names."""
    folder = files("platypose.evaluation").joinpath("experiments")
    return sorted(Path(file.name).stem for file in folder.iterdir() if file.name.endswith(".yaml"))


def experiment(name: str) -> dict[str, Any]:
    """The content of an experiment, by name or from a YAML file.

    Raises:
        UserError: there is none.
    """
    if Path(name).suffix in {".yaml", ".yml"}:
        return {"experiment": Path(name).stem, **read_yaml(Path(name))}
    if name not in experiments():
        raise UserError(f"There is no experiment {name!r}{close_matches(name, experiments())}.")
    file = files("platypose.evaluation").joinpath("experiments", f"{name}.yaml")
    content: dict[str, Any] = load_yaml(file.read_text(encoding="utf-8"), f"experiment {name}")
    return content
