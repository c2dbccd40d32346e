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
from platypose.checkpoint.header import FORMAT, Component, Header, read_header
from platypose.checkpoint.residual import PREFIX, TENSORS, ResidualCovariance
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
        residual: how far from the truth the denoiser is, per noise level; None where the
            checkpoint does not say.
        device: of the weights.
        dtype: of the weights and of the poses they see.
    """

    denoiser: Denoiser
    schedule: Schedule
    header: Header
    residual: ResidualCovariance | None
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


def save_prior(
    path: Path,
    weights: dict[str, Tensor],
    header: Header,
    *,
    residual: ResidualCovariance | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a checkpoint, whole or not at all.

    Arguments:
        path: of the file.
        weights: of the denoiser, by the names of its state.
        header: what it says of `weights` and `residual_frames` is filled in here.
        residual: the denoiser's residual covariance, where it was measured.
        dtype: of the floating-point weights in the file.

    Raises:
        UserError: the file cannot be written, or a weight is too large for `dtype`.
    """
    tensors = {name: _stored(name, tensor, dtype) for name, tensor in weights.items()}
    lengths: tuple[int, ...] = ()
    if residual is not None:
        extra = residual.to_tensors()
        if clash := sorted(set(extra) & set(tensors)):
            raise UserError(f"The denoiser has a weight with the reserved name {clash[0]!r}.")
        tensors |= {name: tensor.detach().cpu().contiguous() for name, tensor in extra.items()}
        lengths = residual.lengths
    header = attrs.evolve(
        header, weights=str(dtype).removeprefix("torch."), residual_frames=lengths, format=FORMAT
    )
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
    tensors = _read_tensors(path)
    residual = _take_residual(tensors, header, path)
    _load_weights(denoiser, tensors, path)
    denoiser.to(device=device, dtype=dtype).eval().requires_grad_(False)
    return Prior(
        denoiser=denoiser,
        schedule=schedule,
        header=header,
        # Only the network runs in half precision.
        residual=None
        if residual is None
        else residual.to(device, torch.promote_types(dtype, torch.float32)),
        device=device,
        dtype=dtype,
    )


def _stored(name: str, tensor: Tensor, dtype: torch.dtype) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point():
        return tensor
    stored = tensor.to(dtype)
    if bool((tensor.isfinite() & ~stored.isfinite()).any()):
        raise UserError(f"The weight {name!r} is too large for {dtype}; save in bfloat16.")
    return stored


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


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return dict(safetensors.torch.load_file(path))
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is damaged ({error}).") from None


def _take_residual(
    tensors: dict[str, Tensor], header: Header, path: Path
) -> ResidualCovariance | None:
    """Remove the residual covariance from the tensors, where the header says there is one."""
    if not header.residual_frames:
        return None
    joints = len(skeleton(header.skeleton).joints)
    taken = {PREFIX + n: tensors.pop(PREFIX + n) for n in TENSORS if PREFIX + n in tensors}
    try:
        return ResidualCovariance.from_tensors(taken, 3 * (joints - 1))
    except UserError as error:
        raise UserError(f"{path} is damaged. {error}") from None


def _load_weights(module: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
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
