"""Finding a prior by name or path."""

from __future__ import annotations

from pathlib import Path

from platypose.api import UserError
from platypose.api.kinds.weights import KIND as WEIGHTS
from platypose.compute import plain_context
from platypose.config import Chosen
from platypose.registry import plugins


def locate(name: str) -> Path:
    """The checkpoint file of an installed prior, or of a path to a file or a run's folder.

    Raises:
        UserError: neither.
    """
    if file := _file(name):
        return file
    registry = plugins().registry(WEIGHTS)
    path = Path(name)
    if name not in registry.names() and (path.suffix or len(path.parts) > 1):
        raise UserError(
            f"There is no prior at {name}; the installed ones: {_listing(registry.names())}."
        )
    entry = registry.find(name)
    return registry.build(Chosen(name, entry.spec.config()), plain_context()).locate()


def absolute(name: str) -> str:
    """The name of an installed prior as it is; a path so that it holds from any folder."""
    return name if _file(name) is None else str(Path(name).resolve())


def _file(name: str) -> Path | None:
    files = Path(name), Path(name) / "model.safetensors"
    return next((file for file in files if file.is_file()), None)


def _listing(names: list[str]) -> str:
    return ", ".join(names) or "none"
