"""Arrays as text that a browser unpacks quickly."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGEST = 32767
"""Of int16; −32768 is not used, so that the range is symmetric."""


@attrs.frozen(kw_only=True)
class Packed:
    """An array in the page.

    Attributes:
        kind: int16, uint8 or float32, little-endian.
        row: numbers of a frame if each frame holds its difference from the last, else 0.
        text: base64 of the zlib stream.
    """

    kind: str
    row: int
    text: str


def quantised(values: Array, step: float) -> NDArray[np.int16]:
    """The nearest multiples of `step`, those beyond the range at its end; NaN becomes 0."""
    steps = np.nan_to_num(np.asarray(values, np.float64) / step, posinf=LARGEST, neginf=-LARGEST)
    return np.clip(np.rint(steps), -LARGEST, LARGEST).astype(np.int16)


def pack(array: Array) -> Packed:
    """Pack int16, uint8 or float32; the first axis of int16 is time, along which little changes."""
    kind, row = array.dtype.name, 0
    if kind == "int16" and len(array) > 1:
        row = int(np.prod(array.shape[1:]))
        # Differences wrap around, and so do the sums that undo them.
        array = np.concatenate([array[:1], array[1:] - array[:-1]])
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
    return Packed(kind=kind, row=row, text=as_text(zlib.compress(little.tobytes(), 1)))


def as_text(content: bytes) -> str:
    """Base64."""
    return base64.b64encode(content).decode("ascii")
