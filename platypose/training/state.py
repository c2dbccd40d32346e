"""The second file of a run: what an exact resume needs beside the configuration."""

from __future__ import annotations

import json
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from platypose.api import UserError
from platypose.files import write_atomically


def write_state(
    path: Path,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: dict[str, Tensor],
    generator: torch.Generator,
    step: int,
) -> None:
    """Write weights, their average, the optimiser and all random states, atomically."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.items()}
    for index, entries in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(v) for name, v in entries.items()}
    tensors["random.generator"] = generator.get_state()
    tensors["random.torch"] = torch.get_rng_state()
    if generator.device.type == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state(generator.device)
    metadata = {"platypose": json.dumps({"kind": "training-state", "format": 1, "step": step})}
    copies = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with write_atomically(path) as file:
        file.write(safetensors.torch.save(copies, metadata=metadata))


def read_state(
    path: Path,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: dict[str, Tensor],
    generator: torch.Generator,
) -> int:
    """Put everything back as it was, in place.

    Returns:
        the steps done.

    Raises:
        UserError: no state, a damaged one, or one of another network.
    """
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
    try:
        generator.set_state(groups["random"]["generator"])
        torch.set_rng_state(groups["random"]["torch"])
        if "cuda" in groups["random"]:
            torch.cuda.set_rng_state(groups["random"]["cuda"], generator.device)
        return int(metadata["step"])
    except (KeyError, RuntimeError):
        raise UserError(
            f"{path} has no random state for a generator on {generator.device.type}; resume with "
            "the --device that the run began with."
        ) from None
