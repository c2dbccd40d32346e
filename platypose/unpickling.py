"""Pickles of NumPy arrays and plain containers, read without running anything that they name.

A pickle is a program: it may call whatever it can import. Here every name that it may use stands
in a table, and what the table gives are stand-ins of ours: they check their arguments, keep them,
and become arrays when the whole is read. NumPy's own functions are never called by the pickle, as
a forged dtype would let them take bytes for addresses.
"""

from __future__ import annotations

import io
import lzma
import math
import pickle
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

import numpy as np
import numpy.typing as npt

from platypose.api import UserError

_PLAIN_DTYPE = re.compile(r"b1|[iu][1248]|f[248]|c(8|16)|[SU]\d{1,6}|O\d?")
_DAMAGED = (
    *(ValueError, EOFError, RuntimeError, MemoryError, SyntaxError, OverflowError, TypeError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, tokenize.TokenError),
)
"""What the standard library and NumPy raise at damaged archives and headers of arrays."""
_Order = Literal["<", ">", "=", "|"]
_ORDERS = get_args(_Order)


def load(content: bytes, file: str) -> Any:
    """The object of a pickle of any protocol, Python 2's among them.

    Arguments:
        content: the pickle.
        file: its name, for the error message.

    Returns:
        Dicts, lists, tuples, sets, numbers, texts and arrays of numbers, texts or these; Python
        2's strings are decoded as Latin-1, and NumPy's scalars become Python's.

    Raises:
        UserError: the pickle is damaged or names anything else; nothing of it has been run.
    """
    try:
        return _resolved(_Reader(io.BytesIO(content), encoding="latin1").load(), {})
    except Exception as error:  # a damaged pickle may raise anything
        reason = str(error) or type(error).__name__
        raise UserError(
            f"{file} cannot be read as arrays and plain containers: {reason.rstrip('.')}."
        ) from error


def read_npz(path: Path, names: Sequence[str], most_bytes: int = 1 << 34) -> dict[str, Any]:
    """Arrays of an .npz file; an array that holds one object, such as a dict, gives the object.

    Arguments:
        path: the file.
        names: the arrays to read; those that the file does not have are left out.
        most_bytes: of one array, unpacked.

    Raises:
        UserError: the file is missing, damaged or too large, or holds what `load` refuses.
    """
    content = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in set(names) & {n.removesuffix(".npy") for n in archive.namelist()}:
                size = archive.getinfo(f"{name}.npy").file_size
                if size > most_bytes:
                    raise UserError(
                        f"{path}/{name} has {size} bytes; at most {most_bytes} are read."
                    )
                content[name] = _array(archive.read(f"{name}.npy"), f"{path}/{name}")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.") from None
    except (*_DAMAGED, OSError, KeyError) as error:
        raise UserError(f"{path} is not an .npz file or is damaged ({error}).") from error
    return content


def _array(content: bytes, file: str) -> Any:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0
    if version[0] > 1:
        header = np.lib.format.read_array_header_2_0
    shape, _, dtype = header(stream)
    if not dtype.hasobject:
        if math.prod(shape) * dtype.itemsize > len(content):
            raise ValueError(f"{file} ends too early")
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    array = load(stream.read(), file)
    if not (isinstance(array, np.ndarray) and array.shape == shape):
        raise UserError(f"{file} is damaged: its content is not of shape {shape}.")
    return array.item() if shape == () else array


class _Opaque:
    """A name that the pickle may call; it can be neither looked into nor changed."""

    __slots__ = ("_run",)
    _run: Callable[..., Any]

    def __init__(self, run: Callable[..., Any]) -> None:
        object.__setattr__(self, "_run", run)

    def __call__(self, *arguments: Any) -> Any:
        return self._run(*arguments)

    def __setstate__(self, state: object) -> NoReturn:
        raise pickle.UnpicklingError("it changes a function")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise pickle.UnpicklingError("it changes a function")


class _Dtype:
    """A NumPy dtype of plain numbers, texts or objects."""

    __slots__ = ("__name", "__order")

    def __init__(self, name: object, *_: object) -> None:
        if not (isinstance(name, str) and _PLAIN_DTYPE.fullmatch(name)):
            raise pickle.UnpicklingError(f"it has an array of type {name!r}")
        self.__name = name
        self.__order: _Order = "="

    def __setstate__(self, state: Any) -> None:
        _, order, *compound = state[:5]
        if order not in _ORDERS or any(part is not None for part in compound):
            raise pickle.UnpicklingError("it has an array of a compound type")
        self.__order = order

    def real(self) -> np.dtype[Any]:
        return np.dtype(self.__name).newbyteorder(self.__order)


class _Array:
    """An array whose content may not be complete yet."""

    __slots__ = ("__state",)

    def __init__(self) -> None:
        self.__state: tuple[Any, ...] | None = None

    def __setstate__(self, state: Any) -> None:
        *_, shape, dtype, fortran, data = state
        self.fill(shape, dtype, fortran, data)

    def fill(self, shape: Any, dtype: Any, fortran: Any, data: Any) -> None:
        if self.__state is not None or not isinstance(dtype, _Dtype):
            raise pickle.UnpicklingError("it has an array without a type, or fills one twice")
        if not (
            isinstance(shape, tuple)
            and len(shape) <= 32
            and all(isinstance(n, int) and n >= 0 for n in shape)
        ):
            raise pickle.UnpicklingError(f"it has an array of shape {shape!r}")
        self.__state = (shape, dtype, "F" if fortran else "C", data)

    def real(self, done: dict[int, tuple[Any, Any]]) -> npt.NDArray[Any]:
        if self.__state is None:
            raise pickle.UnpicklingError("it has an array without content")
        shape, stand_in, order, data = self.__state
        dtype, count = stand_in.real(), math.prod(shape)
        if dtype.hasobject:
            if not isinstance(data, list) or len(data) != count:
                raise pickle.UnpicklingError("it has an array of objects without its objects")
            objects = np.empty(count, dtype=object)
            array = objects.reshape(shape, order=order)
            done[id(self)] = (self, array)
            for index, value in enumerate(data):
                objects[index] = _resolved(value, done)
            return array
        data = _bytes(data)
        if len(data) != count * dtype.itemsize:
            raise pickle.UnpicklingError(
                f"it has an array of shape {shape} with {len(data)} bytes of {dtype}"
            )
        if not data:
            return np.empty(shape, dtype)
        return np.frombuffer(data, dtype).reshape(shape, order=order).copy()


def _bytes(data: object) -> bytes:
    if isinstance(data, str):  # a string of Python 2
        return data.encode("latin1")
    if not isinstance(data, (bytes, bytearray)):
        raise pickle.UnpicklingError(f"it has an array made of a {type(data).__name__}")
    return bytes(data)


def _reconstruct(kind: object, *_: object) -> _Array:
    if kind is not _NDARRAY:
        raise pickle.UnpicklingError("it has an array of a class of its own")
    return _Array()


def _from_buffer(data: object, dtype: object, shape: object, order: object, *_: object) -> _Array:
    array = _Array()
    array.fill(shape, dtype, order == "F", data)
    return array


def _scalar(dtype: object, data: object) -> Any:
    if not isinstance(dtype, _Dtype) or dtype.real().hasobject:
        raise pickle.UnpicklingError("it has a number without a type")
    (value,) = np.frombuffer(_bytes(data), dtype.real())
    return value.item()


def _encode(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("it encodes something else than bytes")
    return text.encode("latin1")


def _not_callable(*_: object) -> NoReturn:
    raise pickle.UnpicklingError("it makes an array by itself")


_NDARRAY = _Opaque(_not_callable)
_NAMES = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _Opaque(_Dtype),
    ("_codecs", "encode"): _Opaque(_encode),
    **{
        (f"numpy.{core}.{module}", name): _Opaque(call)
        for core in ("core", "_core")
        for module, name, call in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
    **{
        (module, name): _Opaque(call)
        for module in ("builtins", "__builtin__")
        for name, call in (("bytes", bytes), ("set", set), ("frozenset", frozenset))
    },
}


class _Reader(pickle._Unpickler):
    """In Python: the one in C makes room for as many memos as a forged number says."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _NAMES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None


def _resolved(value: Any, done: dict[int, tuple[Any, Any]]) -> Any:
    """The value with arrays in place of stand-ins; `done` keeps what was seen, by identity."""
    if isinstance(value, (_Opaque, _Dtype)):
        raise pickle.UnpicklingError("it holds a function or a type")
    if not isinstance(value, (dict, list, tuple, set, frozenset, _Array)):
        return value
    if id(value) in done:
        return done[id(value)][1]
    result: Any
    match value:
        case _Array():
            result = value.real(done)
        case dict():
            done[id(value)] = (value, value)
            for key in value:
                if isinstance(key, (_Array, _Opaque, _Dtype, tuple, frozenset)):
                    _plain(key)
                value[key] = _resolved(value[key], done)
            result = value
        case list():
            done[id(value)] = (value, value)
            for index, item in enumerate(value):
                value[index] = _resolved(item, done)
            result = value
        case tuple():
            result = tuple(_resolved(item, done) for item in value)
        case _:
            for item in value:
                _plain(item)
            result = value
    done[id(value)] = (value, result)
    return result


def _plain(key: Any) -> None:
    """Refuse as a key or as a member of a set what is neither a number nor a text."""
    if isinstance(key, (tuple, frozenset)):
        for item in key:
            _plain(item)
    elif not isinstance(key, (str, bytes, int, float, complex, bool, type(None))):
        raise pickle.UnpicklingError(f"it has a key of type {type(key).__name__}")
