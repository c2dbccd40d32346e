"""Device, precision and data parallelism, by Hugging Face accelerate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from platypose.api import UserError
from platypose.compute import resolve_device, resolve_dtype
from platypose.training.config import TrainConfig

if TYPE_CHECKING:
    from accelerate import Accelerator


def make_accelerator(config: TrainConfig) -> Accelerator:
    """What runs the network: on one device, or on one of several processes that torchrun began.

    Raises:
        UserError: accelerate is not installed, the device or the precision does not exist, or the
            batch cannot be shared evenly.
    """
    try:
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState
    except ImportError:
        raise UserError('Training needs accelerate: pip install "platypose[train]"') from None
    if resolve_dtype(config.precision) not in (torch.float32, torch.bfloat16):
        raise UserError(f"precision {config.precision!r}: training knows float32 and bfloat16.")
    # A process keeps the settings of its first accelerator, but may train more than once.
    AcceleratorState._reset_state(reset_partial_state=True)
    accelerator = Accelerator(
        cpu=resolve_device(config.device).type == "cpu",
        mixed_precision="bf16" if config.precision == "bfloat16" else "no",
        dynamo_backend="inductor" if config.train.compile else "no",
    )
    parts = accelerator.num_processes * config.train.accumulate
    if config.train.batch % parts:
        raise UserError(
            f"train.batch is {config.train.batch} but needs a multiple of {parts}: "
            f"{accelerator.num_processes} processes times train.accumulate, "
            f"{config.train.accumulate}."
        )
    return accelerator
