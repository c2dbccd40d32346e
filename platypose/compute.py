"""Device and precision, as every command takes them, and the context where neither matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from platypose.api import BuildContext, UserError
from platypose.skeleton import H36M_17

if TYPE_CHECKING:
    import torch

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["float32", "float64", "bfloat16", "float16"]


def resolve_device(name: DeviceName) -> torch.device:
    """The torch device of that name; "auto" takes a GPU where there is one.

    Raises:
        UserError: this machine has none of that name.
    """
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(device for device, there in available.items() if there))
    if not available[name]:
        raise UserError(f"--device {name}: this machine has none; use auto or cpu.")
    return torch.device(name)


def resolve_dtype(name: Precision) -> torch.dtype:
    """The torch type of a precision."""
    import torch

    dtype: torch.dtype = getattr(torch, name)
    return dtype


def plain_context() -> BuildContext:
    """For components that compute nothing: readers, weights, data sets."""
    import torch

    cpu = torch.device("cpu")
    return BuildContext(
        skeleton=H36M_17, device=cpu, dtype=torch.float32, generator=torch.Generator(cpu)
    )
