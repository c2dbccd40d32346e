from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from platypose_motion.resampling import resample


def _wave(hertz: float, rate: float, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate + 0.4)


@pytest.mark.parametrize("hertz", [0.5, 3.0, 10.0])
def test_movement_below_the_new_nyquist_frequency_passes(hertz: float) -> None:
    reduced = resample(_wave(hertz, 120, 6), 120.0, 30.0)
    np.testing.assert_allclose(reduced[30:-30], _wave(hertz, 30, 6)[30:-30], atol=2e-3)


@pytest.mark.parametrize("hertz", [15.5, 20.0, 29.0, 31.0, 45.0, 59.0])
def test_movement_above_the_new_nyquist_frequency_does_not_alias(hertz: float) -> None:
    reduced = resample(_wave(hertz, 120, 6), 120.0, 30.0)
    assert np.abs(reduced[30:-30]).max() < 2e-3
    # Taking every fourth frame would alias at full amplitude.
    assert np.abs(_wave(hertz, 120, 6)[::4]).max() > 0.3


def test_edges_of_a_smooth_movement_keep_their_place() -> None:
    # 0.5 Hz of 1 m amplitude; the reflection is exact up to the curvature at the ends.
    reduced = resample(_wave(0.5, 120, 4), 120.0, 30.0)
    np.testing.assert_allclose(reduced, _wave(0.5, 30, 4), atol=0.01)


@given(
    start=st.floats(-10, 10),
    speed=st.floats(-5, 5),
    frames=st.integers(2, 300),
    rates=st.sampled_from(
        [(120.0, 30.0), (120.0, 50.0), (100.0, 30.0), (24.0, 30.0), (60.0, 30.0)]
    ),
)
def test_steady_movement_is_kept_exactly_if_it_outlasts_the_filter(
    start: float, speed: float, frames: int, rates: tuple[float, float]
) -> None:
    source, target = rates
    line = start + speed * np.arange(frames) / source
    reduced = resample(line, source, target)
    assert len(reduced) == int(-(-frames * target // source))
    if frames > source:
        # The tolerance is the filter's ripple: 60 dB.
        expected = start + speed * np.arange(len(reduced)) / target
        inside = slice(0, -2) if target > source else slice(None)
        np.testing.assert_allclose(
            reduced[inside], expected[inside], atol=2e-3 * (abs(start) + abs(speed) + 1)
        )


def test_joints_are_filtered_one_by_one() -> None:
    rng = np.random.default_rng(0)
    pose = rng.standard_normal((200, 4, 3))
    reduced = resample(pose, 120.0, 30.0)
    assert reduced.shape == (50, 4, 3)
    np.testing.assert_allclose(reduced[:, 2, 1], resample(pose[:, 2, 1], 120.0, 30.0), atol=1e-12)


def test_equal_rates_change_nothing() -> None:
    pose = np.arange(12.0).reshape(4, 1, 3)
    np.testing.assert_array_equal(resample(pose, 30.0, 30.0), pose)
