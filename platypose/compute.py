"""Device and precision, as every command that computes takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from platypose.api import UserError

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
