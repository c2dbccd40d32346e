"""JSON of strangers: what it is at a glance, and its whole content within bounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from platypose.api import UserError

MOST_BYTES = 256 << 20
"""Of one file: an hour of one person at 60 Hz takes about 130 MB; the content about five times
as much memory as the file."""

GLANCE = 1 << 16
"""Bytes that are looked at to find a format."""


def start(path: Path) -> str:
    """The first 65,536 bytes of a file as text; empty where it cannot be JSON."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        text = file.read(GLANCE).decode("utf-8-sig", "replace").lstrip()
    return text if text[:1] in ("[", "{") else ""


def load(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        UserError: there is no such file, it is too large, or no JSON.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UserError(
                f"{path} has {size >> 20} MB; at most {MOST_BYTES >> 20} MB of JSON are read, so "
                "cut the video into pieces."
            )
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except RecursionError:
        raise UserError(f"{path} is nested too deeply for a file of keypoints.") from None
    except ValueError as error:  # of decoding and of parsing
        raise UserError(f"{path} is no JSON, or is cut short ({error}).") from None


def objects(value: Any, where: str) -> list[dict[str, Any]]:
    """The items of a list, all of them JSON objects.

    Raises:
        UserError: it is no such list.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise UserError(f"{where} must be a list of objects.")
    return value


def numbers(value: Any, shape: Sequence[int | None], where: str) -> NDArray[np.float64]:
    """An array of numbers; null and NaN become NaN.

    Arguments:
        value: nested lists.
        shape: of the array, None for any length.
        where: file and field, for the error message.

    Raises:
        UserError: it is something else, or of another shape.
    """
    sizes = " x ".join("any number" if n is None else str(n) for n in shape)
    expected = f"{where} must hold numbers, {sizes} of them"
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O" and array.ndim == len(shape):
            flat = [float("nan") if item is None else item for item in array.ravel().tolist()]
            array = np.asarray(flat).reshape(array.shape)
    except (ValueError, OverflowError):
        raise UserError(f"{expected}.") from None
    fits = array.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, array.shape))
    if not fits or array.dtype.kind not in "iuf":
        raise UserError(f"{expected}.")
    return array.astype(np.float64)
