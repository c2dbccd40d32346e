"""Arrays of safetensors files that stay on the disk until they are touched."""

from __future__ import annotations

import json
import mmap
import os
import tempfile
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from platypose.api.errors import UserError

TYPES = {
    **{f"{kind}{8 * size}": f"<{kind.lower()}{size}" for kind in "FIU" for size in (2, 4, 8)},
    **{"U8": "|u1", "I8": "|i1", "BOOL": "|b1"},
}
"""numpy's names of the types that it has, by those of safetensors."""

PIECE = 1 << 26
"""Bytes of an array that are looked at in one go."""


def mapped_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file, read-only; what is touched is read.

    Arguments:
        path: of a file that `safetensors.safe_open` accepts.

    Raises:
        TypeError: an array is of a type that numpy does not have.
    """
    with path.open("rb") as file:
        begin = int.from_bytes(file.read(8), "little") + 8
        entries = json.loads(file.read(begin - 8))
        buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    entries.pop("__metadata__", None)
    arrays = {}
    for name, entry in entries.items():
        if entry["dtype"] not in TYPES:
            raise TypeError(f"{name} is of type {entry['dtype']}")
        arrays[name] = np.ndarray(
            tuple(entry["shape"]),
            TYPES[entry["dtype"]],
            buffer=buffer,
            offset=begin + entry["data_offsets"][0],
        )
    return arrays


def pieces(array: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """An array that may lie on the disk, some entries of its first axis at a time.

    Returns:
        the index of the first of them, and these; they are let go of afterwards.
    """
    step = max(1, PIECE // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        yield start, array[start : start + step]
        release(array)


def zeros_on_disk(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """An array of zeros in a file without a name, which goes away with it.

    Raises:
        UserError: the disk has no room.
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    with tempfile.TemporaryFile() as file:
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            raise UserError(
                f"{size / 1e9:.1f} GB are needed for a while in {tempfile.gettempdir()} "
                f"({error.strerror}); TMPDIR names another folder."
            ) from None
        array: NDArray[Any] = np.memmap(file, dtype, "w+", shape=shape)
    return array


def release(array: NDArray[Any]) -> None:
    """Let go of what was read of an array on the disk; when it is touched, it is read again."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(base, "madvise"):
        base.madvise(mmap.MADV_DONTNEED)
