"""The JSON header of a checkpoint. Imports neither torch nor numpy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from platypose.api import UserError
from platypose.config import structure, unstructure

FORMAT = 2
KEY = "platypose"
"""The metadata key of the safetensors file."""

_LARGEST_HEADER = 100 * 2**20


@attrs.frozen(kw_only=True)
class Component:
    """A component as it was when the checkpoint was written."""

    name: str
    distribution: str
    version: str
    config_version: int
    config: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Header:
    """All that is known of a prior beside its weights.

    Attributes:
        components: the "denoiser", and the "schedule" it was trained with.
        skeleton: name of the pose skeleton.
        scale: metres per unit of the denoiser's poses (the only normalisation).
        frame_rate: frames per second of its clips.
        frames: the longest clip it was trained on.
        step: training steps done.
        seed: of the training run.
        data: the motion sets, with split and size.
        credit: whom the data must be credited to.
        licence: of the weights.
        ema: whether the weights are the exponential moving average.
        measures: named numbers measured after training.
        versions: of platypose and torch.
        weights: the floating-point type in which the weights are stored.
        residual_frames: the clip lengths whose residual covariance is stored with them; none if
            it was not measured.
    """

    components: dict[str, Component]
    skeleton: str
    scale: float
    frame_rate: float
    frames: int
    step: int
    seed: int
    data: tuple[str, ...]
    credit: str
    licence: str
    ema: bool
    measures: dict[str, float]
    versions: dict[str, str]
    weights: str = "float32"
    residual_frames: tuple[int, ...] = ()
    format: int = FORMAT
    kind: str = "prior"

    def to_metadata(self) -> dict[str, str]:
        """The metadata of a safetensors file."""
        return {KEY: json.dumps(unstructure(self), ensure_ascii=False)}


def read_raw_header(path: Path) -> dict[str, Any]:
    """The header as plain values, whatever its kind.

    Raises:
        UserError: no file, no safetensors file, cut short, or no header of this library.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(_LARGEST_HEADER, max(size - 8, 0)):
                raise UserError(f"{path} is no safetensors file, or is cut short.")
            table = json.loads(file.read(length))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path} is no safetensors file.") from None
    metadata = table.pop("__metadata__", None) if isinstance(table, dict) else None
    if not isinstance(metadata, dict) or KEY not in metadata:
        raise UserError(f"{path} is a safetensors file, but none that platypose wrote.")
    try:
        ends = [int(entry["data_offsets"][1]) for entry in table.values()]
        content = json.loads(metadata[KEY])
    except (KeyError, IndexError, TypeError, ValueError, RecursionError):
        raise UserError(f"{path} has a header that is malformed.") from None
    if 8 + length + max(ends, default=0) != size:
        raise UserError(
            f"{path} is cut short: {size} bytes of {8 + length + max(ends, default=0)}."
        )
    if not isinstance(content, dict):
        raise UserError(f"{path} has a header that is no mapping.")
    return content


def read_header(path: Path) -> Header:
    """The header of a checkpoint.

    Raises:
        UserError: as `read_raw_header`, or the file is no prior or has a newer format.
    """
    content = read_raw_header(path)
    if content.get("kind") != "prior":
        raise UserError(f"{path} holds {content.get('kind')!r}, not a prior.")
    number = content.get("format")
    if not isinstance(number, int) or number > FORMAT:
        raise UserError(
            f"{path} has checkpoint format {number!r}; this platypose reads up to {FORMAT}: "
            "upgrade with: pip install -U platypose"
        )
    return structure(content, Header, f"The header of {path}")
