"""Numbers come out of the page as they went in."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from platypose_viewer.packing import LARGEST, Packed, pack, quantised


def unpacked(packed: Packed) -> NDArray[Any]:
    """As the page does it: one difference added to the other, in 16 bits that wrap around."""
    array = np.frombuffer(zlib.decompress(base64.b64decode(packed.text)), packed.kind).copy()
    for i in range(packed.row, len(array)) if packed.row else ():
        array[i : i + 1] += array[i - packed.row : i - packed.row + 1]
    return array


@given(
    arrays(np.int16, array_shapes(min_dims=1, max_dims=3, max_side=5))
    | arrays(np.uint8, array_shapes(max_dims=3, max_side=5))
    | arrays(np.float32, array_shapes(max_dims=3, max_side=5), elements=st.floats(-9, 9, width=32))
)
def test_an_array_survives(array: NDArray[Any]) -> None:
    np.testing.assert_array_equal(unpacked(pack(array)), array.ravel())


@given(st.floats(-3, 3), st.floats(1e-4, 1e-2))
def test_a_quantised_number_is_within_half_a_step(value: float, step: float) -> None:
    (steps,) = quantised(np.array([value]), step)
    assert abs(steps * step - value) <= step / 2 + 1e-9


@pytest.mark.parametrize(
    ("value", "steps"),
    [(1e9, LARGEST), (-1e9, -LARGEST), (np.inf, LARGEST), (-np.inf, -LARGEST), (np.nan, 0)],
)
def test_what_is_out_of_range_stays_at_its_end(value: float, steps: int) -> None:
    assert quantised(np.array([value]), 0.1).tolist() == [steps]
