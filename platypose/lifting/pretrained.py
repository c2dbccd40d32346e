"""Finding a prior by name or path."""

from __future__ import annotations

from pathlib import Path

import torch

from platypose.api import BuildContext, UserError
from platypose.api.kinds.weights import KIND as WEIGHTS
from platypose.config import Chosen
from platypose.registry import plugins
from platypose.skeleton import H36M_17


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


def plain_context() -> BuildContext:
    """For components that compute nothing: readers, weights, data sets."""
    cpu = torch.device("cpu")
    return BuildContext(
        skeleton=H36M_17, device=cpu, dtype=torch.float32, generator=torch.Generator(cpu)
    )


def _listing(names: list[str]) -> str:
    return ", ".join(names) or "none"
