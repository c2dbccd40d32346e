from __future__ import annotations

import collections
import functools
import os
import pickle
import struct
import subprocess
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from platypose.api import UserError
from platypose.unpickling import load, read_npz

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

_numbers = arrays.arrays(
    st.sampled_from(["<f4", ">f8", "<i2", ">u4", "?", "<c8", "<U3", "S4"]),
    arrays.array_shapes(min_dims=0, min_side=0),
)
_plain = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)


@given(array=_numbers, protocol=st.sampled_from(PROTOCOLS))
def test_arrays_come_back_with_type_shape_and_content(array: Any, protocol: int) -> None:
    array = np.asarray(array)
    back = load(pickle.dumps({"a": [array]}, protocol), "file")["a"][0]
    assert back.dtype == array.dtype and back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@given(value=_plain, protocol=st.sampled_from(PROTOCOLS))
def test_plain_containers_come_back(value: Any, protocol: int) -> None:
    assert load(pickle.dumps(value, protocol), "file") == value


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_fortran_order_objects_sets_and_scalars_come_back(protocol: int) -> None:
    nested = np.empty((2, 1), object)
    nested[:, 0] = [np.arange(3.0), {"text": np.ones((2, 2), ">i4")}]
    value = {
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "nested": nested,
        "scalar": np.float32(0.5),
        "set": {1, 2},
        "frozen": frozenset("ab"),
    }
    back = load(pickle.dumps(value, protocol), "file")
    np.testing.assert_array_equal(back["fortran"], value["fortran"])
    np.testing.assert_array_equal(back["nested"][0, 0], np.arange(3.0))
    np.testing.assert_array_equal(back["nested"][1, 0]["text"], np.ones((2, 2)))
    assert back["scalar"] == 0.5
    assert back["set"] == {1, 2} and back["frozen"] == frozenset("ab")


def test_the_same_list_twice_stays_one_list_and_a_list_may_hold_itself() -> None:
    shared: list[Any] = [np.zeros(2)]
    shared.append(shared)
    back = load(pickle.dumps((shared, shared)), "file")
    assert back[0] is back[1] and back[0][1] is back[0]


def test_strings_of_python_2_are_latin_1() -> None:
    data = struct.pack("<2d", 1.5, -2.0)
    # What Python 2 writes for {'\\xe9': array([1.5, -2.])}.
    content = b"".join(
        [
            b"\x80\x02}q\x00U\x01\xe9q\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\n",
            b"ndarray\nq\x03K\x00\x85U\x01b\x87Rq\x04(K\x01K\x02\x85cnumpy\ndtype\nq\x05U\x02f8",
            b"K\x00K\x01\x87Rq\x06(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U",
            bytes([len(data)]) + data + b"tbs.",
        ]
    )
    ((key, array),) = load(content, "file").items()
    assert key == "é"
    np.testing.assert_array_equal(array, [1.5, -2.0])


class _Calls:
    """Pickled as a call."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> Any:
        return self.call, self.arguments


class _Built(_Calls):
    """Pickled as a call whose result is then given a state."""

    def __reduce__(self) -> Any:
        return (*super().__reduce__(), (None, {"__defaults__": (1,)}))


def _object_array(value: object) -> np.ndarray[Any, Any]:
    array = np.empty(1, object)
    array[0] = value
    return array


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "forged",
    [
        lambda mark: _Calls(os.system, f"touch {mark}"),
        lambda mark: _Calls(eval, f"open({str(mark)!r}, 'w')"),
        lambda mark: _Calls(exec, f"open({str(mark)!r}, 'w')"),
        lambda mark: _Calls(open, str(mark), "w"),
        lambda mark: _Calls(subprocess.Popen, ["touch", str(mark)]),
        lambda mark: _Calls(getattr, "text", "__class__"),
        lambda mark: _Calls(getattr, _Calls(__import__, "os"), "system"),
        lambda mark: _Calls(functools.partial, os.system, f"touch {mark}"),
        lambda mark: _Calls(np.save, str(mark), np.zeros(1)),
        lambda mark: _Calls(np.fromfile, str(mark)),
        lambda mark: _Calls(np.load, str(mark)),
        lambda mark: _Calls(np.vectorize, os.system),
        lambda mark: _Calls(collections.OrderedDict, [("a", _Calls(os.system, f"touch {mark}"))]),
        lambda mark: {"deep": [({"a": _Calls(os.system, f"touch {mark}")},)]},
        lambda mark: _object_array(_Calls(os.system, f"touch {mark}")),
        lambda mark: _Built(np.dtype, "f8"),
        lambda mark: os.system,
        lambda mark: np.ndarray,
        lambda mark: np.dtype,
        lambda mark: np.dtype("f8"),
        lambda mark: np.dtype([("a", "f8")]),
        lambda mark: np.zeros(2, [("a", "f8"), ("b", "O")]),
        lambda mark: np.zeros(2, "M8[s]"),
        lambda mark: np.zeros(2, "V8"),
        lambda mark: np.zeros(2).view(np.recarray),
        lambda mark: Path(mark),
    ],
)
def test_what_is_not_plain_is_refused_and_not_run(
    tmp_path: Path, protocol: int, forged: Callable[[Path], Any]
) -> None:
    mark = tmp_path / "mark"
    content = pickle.dumps({"harmless": 1, "forged": forged(mark)}, protocol)
    with pytest.raises(UserError, match=r"file\.pkl cannot be read as arrays and plain containers"):
        load(content, "file.pkl")
    assert list(tmp_path.iterdir()) == []


_DTYPE = b"cnumpy\ndtype\n(X\x02\x00\x00\x00f8I0\nI1\ntR"
_OBJECT = b"cnumpy\ndtype\n(X\x02\x00\x00\x00O8I0\nI1\ntR"
_EMPTY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\x01btR"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        # Dotted names reach attributes of what is allowed.
        (
            b"\x80\x04\x8c\x05numpy\x8c\x16ndarray.__subclasses__\x93.",
            "numpy.ndarray.__subclasses__",
        ),
        (b"\x80\x04\x8c\x08builtins\x8c\x0fbytes.__class__\x93.", "builtins.bytes.__class__"),
        # A state or an attribute given to a function of the table.
        (b"cnumpy\ndtype\n}X\x01\x00\x00\x00aI1\nsb.", "changes a function"),
        (b"c_codecs\nencode\n(N}X\x0c\x00\x00\x00__defaults__)stb.", "changes a function"),
        # A function of the table in place of a value, or made by __new__.
        (b"(lp0\ncnumpy\ndtype\na.", "a function or a type"),
        (b"cnumpy\nndarray\n)\x81.", "not a type object"),
        (b"cnumpy\nndarray\n(I4\ntR.", "an array by itself"),
        (b"inumpy\nndarray\n(I4\nt.", "."),
        # Bytes where an array of objects keeps addresses.
        (_EMPTY + b"(I1\n(I1\nt" + _OBJECT + b"I00\nC\x08AAAAAAAAtb.", "without its objects"),
        (_EMPTY + b"(I1\n(I1\ntX\x02\x00\x00\x00O8I00\nC\x08AAAAAAAAtb.", "without a type"),
        # A dtype that is forged afterwards.
        (_DTYPE + b"(I3\nX\x01\x00\x00\x00|N(X\x01\x00\x00\x00at}I8\nI1\nI63\ntb.", "compound"),
        (b"cnumpy.core.multiarray\nscalar\n(" + _OBJECT + b"C\x08AAAAAAAAtR.", "without a type"),
        # Sizes that do not fit.
        (_EMPTY + b"(I1\n(I4\nt" + _DTYPE + b"I00\nC\x08AAAAAAAAtb.", "with 8 bytes of float64"),
        (_EMPTY + b"(I1\n(I-1\nt" + _DTYPE + b"I00\nC\x08AAAAAAAAtb.", "shape"),
        (_EMPTY + b"(I1\n(I9999999999\nI9999999999\nt" + _DTYPE + b"I00\nC\x00tb.", "with 0 bytes"),
        (_EMPTY + b".", "without content"),
        # Encodings that are code, extensions, outside objects, damage.
        (b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13tR.", "encodes something"),
        (b"\x80\x02\x82\x01.", "extension"),
        (b"Pid\n.", "persistent"),
        (b"\x80\x05\x97.", "buffer"),
        (b"", "."),
        (b"not a pickle", "."),
        (b"\x80\x04]" + b"]" * 200_000 + b"a" * 200_000 + b".", "recursion"),
    ],
)
def test_hand_written_gadgets_are_one_sentence(content: bytes, reason: str) -> None:
    with pytest.raises(UserError, match=f"^file.pkl cannot be read as .*{reason}"):
        load(content, "file.pkl")


def test_functions_of_the_table_are_as_before_after_an_attack() -> None:
    for content in (b"cnumpy\ndtype\n}X\x01\x00\x00\x00aI1\nsb.", b"(lp0\ncnumpy\ndtype\na."):
        with pytest.raises(UserError):
            load(content, "file")
    np.testing.assert_array_equal(load(pickle.dumps(np.arange(3)), "file"), np.arange(3))


def test_every_cut_of_a_pickle_is_refused() -> None:
    content = pickle.dumps({"a": np.arange(4.0), "b": [1, "x"]}, 2)
    for end in range(len(content)):
        with pytest.raises(UserError):
            load(content[:end], "file")


def test_npz_with_a_dict_and_with_plain_arrays(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    table = {"S1": {"Walking": np.ones((2, 32, 3), "f4")}}
    np.savez_compressed(file, table=table, plain=np.ones(3))
    content = read_npz(file, ["table", "plain", "absent"])
    assert sorted(content) == ["plain", "table"]
    assert content["table"]["S1"]["Walking"].dtype == np.float32
    np.testing.assert_array_equal(content["plain"], np.ones(3))


def test_npz_does_not_run_its_objects(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    np.savez(tmp_path / "a.npz", table=_object_array(_Calls(os.system, f"touch {mark}")))
    with pytest.raises(UserError, match=r"a\.npz/table cannot be read .* it names posix\.system"):
        read_npz(tmp_path / "a.npz", ["table"])
    assert not mark.exists()


def test_npz_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("text")
    with pytest.raises(UserError, match=r"a\.npz is not an \.npz file"):
        read_npz(tmp_path / "a.npz", ["table"])
    with pytest.raises(UserError, match=r"b\.npz does not exist"):
        read_npz(tmp_path / "b.npz", ["table"])


def test_a_forged_memo_takes_no_memory() -> None:
    """The unpickler in C would make room for four thousand million entries."""
    forged = b"\x80\x02Nr" + struct.pack("<I", 2**32 - 1) + b"."
    tracemalloc.start()
    assert load(forged, "file") is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_an_array_that_is_too_large_is_not_unpacked(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros(1 << 20, np.uint8))
    with pytest.raises(UserError, match=r"bomb.npz/a has 1048704 bytes; at most 1000 are read"):
        read_npz(tmp_path / "bomb.npz", ["a"], most_bytes=1000)
