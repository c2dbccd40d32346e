"""A prior: denoiser, schedule and what their numbers mean; saving and loading it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from platypose.api import BuildContext, Denoiser, Kind, Schedule, UserError
from platypose.api.kinds.denoiser import KIND as DENOISER
from platypose.api.kinds.schedule import KIND as SCHEDULE
from platypose.checkpoint.header import Component, Header, read_header
from platypose.config import Chosen, unstructure
from platypose.files import write_atomically
from platypose.registry import plugins
from platypose.skeleton import Skeleton, skeleton


@attrs.frozen(kw_only=True, eq=False)
class Prior:
    """What a checkpoint holds, built.

    Attributes:
        denoiser: a `torch.nn.Module` in evaluation mode.
        schedule: the noise levels that it was trained at.
        header: the rest.
        device: of the weights.
        dtype: of the weights and of the poses they see.
    """

    denoiser: Denoiser
    schedule: Schedule
    header: Header
    device: torch.device
    dtype: torch.dtype

    @property
    def skeleton(self) -> Skeleton:
        """The pose skeleton."""
        return skeleton(self.header.skeleton)


def describe(kind: Kind[Any], chosen: Chosen[Any]) -> Component:
    """What a header records of a chosen component."""
    entry = plugins().registry(kind).find(chosen.name)
    return Component(
        name=entry.spec.name,
        distribution=entry.distribution,
        version=entry.version,
        config_version=entry.spec.config_version,
        config=unstructure(chosen.config),
    )


def save_prior(path: Path, weights: dict[str, Tensor], header: Header) -> None:
    """Write a checkpoint, whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    with write_atomically(path) as file:
        file.write(safetensors.torch.save(tensors, metadata=header.to_metadata()))


def load_prior(path: Path, device: torch.device, dtype: torch.dtype) -> Prior:
    """Read a checkpoint and build what it holds; every key must match.

    Raises:
        UserError: the file is wrong, a plugin is missing, or keys are missing or too many.
    """
    header = read_header(path)
    context = BuildContext(
        skeleton=skeleton(header.skeleton),
        device=device,
        dtype=dtype,
        generator=torch.Generator(device).manual_seed(header.seed),
    )
    denoiser = _build(DENOISER, header, context, path)
    schedule = _build(SCHEDULE, header, context, path)
    if not isinstance(denoiser, nn.Module):
        raise UserError(f"The denoiser of {path} is no torch.nn.Module.")
    _load_weights(denoiser, path)
    denoiser.to(device=device, dtype=dtype).eval().requires_grad_(False)
    return Prior(denoiser=denoiser, schedule=schedule, header=header, device=device, dtype=dtype)


def _build(kind: Kind[Any], header: Header, context: BuildContext, path: Path) -> Any:
    component = header.components.get(kind.name)
    if component is None:
        raise UserError(f"{path} names no {kind.name}.")
    registry = plugins().registry(kind)
    name = component.name
    if not any(entry.spec.name == name for entry in registry.entries):
        raise UserError(
            f"{path} needs the {kind.name} {name!r} of {component.distribution}, which is not "
            f"installed or failed to load: pip install {component.distribution}"
        )
    if name not in registry.names():
        name = f"{component.distribution}:{name}"
    config = registry.configure(name, component.config, version=component.config_version)
    return registry.build(Chosen(name, config), context)


def _load_weights(module: nn.Module, path: Path) -> None:
    try:
        weights = safetensors.torch.load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is damaged ({error}).") from None
    expected = module.state_dict()
    missing = sorted(set(expected) - set(weights))
    extra = sorted(set(weights) - set(expected))
    if missing or extra:
        texts = [f"lacks {name!r}" for name in missing[:1]]
        texts += [f"holds {name!r}" for name in extra[:1]]
        raise UserError(
            f"{path} does not fit its denoiser: it {' and '.join(texts)} "
            f"({len(missing)} keys missing, {len(extra)} too many)."
        )
    for name, tensor in expected.items():
        if weights[name].shape != tensor.shape:
            raise UserError(
                f"{path} does not fit its denoiser: {name!r} has shape "
                f"{tuple(weights[name].shape)} instead of {tuple(tensor.shape)}."
            )
    module.load_state_dict(weights)
