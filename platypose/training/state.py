"""The second file of a run: what an exact resume needs beside the configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from platypose.api import UserError
from platypose.files import write_atomically
from platypose.training.folder import RunFolder


def write_state(
    folder: RunFolder,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: dict[str, Tensor],
    step: int,
) -> None:
    """Write weights, their average and the optimiser; the state before is kept beside it.

    There are no random states: the random numbers of a step follow from the seed and the step.

    Raises:
        UserError: the file cannot be written; the states before are as they were.
    """
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.items()}
    for index, entries in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(v) for name, v in entries.items()}
    metadata = {"platypose": json.dumps({"kind": "training-state", "format": 1, "step": step})}
    copies = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with write_atomically(folder.state) as file:
        file.write(safetensors.torch.save(copies, metadata=metadata))
        file.flush()
        os.fsync(file.fileno())
        if folder.state.is_file():
            folder.state.replace(folder.previous_state)


def read_state(
    folder: RunFolder,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: dict[str, Tensor],
    tell: Callable[[str], None],
) -> int:
    """Put everything back as it was, in place.

    Where the last state is damaged or missing, the one before it serves, and `tell` is told so.

    Returns:
        the steps done.

    Raises:
        UserError: no state, a damaged one, or one of another network.
    """
    path = folder.state
    try:
        step, tensors = _read(path)
    except UserError as error:
        path = folder.previous_state
        if not path.is_file():
            raise
        step, tensors = _read(path)
        tell(f"{str(error).rstrip('.')}; going on from {path.name}, step {step}.")
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        group, _, rest = name.partition(".")
        groups.setdefault(group, {})[rest] = tensor
    try:
        network.load_state_dict(groups["network"])
        for name in average:
            average[name].copy_(groups["average"][name])
    except (KeyError, RuntimeError):
        raise UserError(
            f"{path} is the state of another network than the configuration's."
        ) from None
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in groups.get("optimiser", {}).items():
        index, _, entry = name.partition(".")
        state.setdefault(int(index), {})[entry] = tensor
    optimiser.load_state_dict(
        {"state": state, "param_groups": optimiser.state_dict()["param_groups"]}
    )
    return step


def _read(path: Path) -> tuple[int, dict[str, Tensor]]:
    """Steps done, and all tensors."""
    if not path.is_file():
        raise UserError(f"There is nothing to resume: {path} does not exist.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get("platypose", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is damaged ({error}).") from None
    if metadata.get("kind") != "training-state":
        raise UserError(f"{path} is no training state.")
    return int(metadata["step"]), tensors
