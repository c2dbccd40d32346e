from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from platypose.motion.resampling import resample


def _wave(hertz: float, rate: float, seconds: float) -> npt.NDArray[np.float64]:
    time = np.arange(round(rate * seconds)) / rate
    return np.asarray(np.sin(2 * np.pi * hertz * time + 0.4))


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
    line = np.asarray(start + speed * np.arange(frames) / source, np.float64)
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


@pytest.mark.parametrize(("source", "target"), [(120.0, 30.0), (100 / 3, 30.0), (24.0, 30.0)])
def test_it_is_the_polyphase_filter_of_scipy(source: float, target: float) -> None:
    pose = np.random.default_rng(0).standard_normal((400, 3))
    ratio = Fraction(target / source).limit_denominator(1000)
    up, down = ratio.numerator, ratio.denominator
    taps, beta = signal.kaiserord(60.0, 0.25 / max(up, down))
    window = signal.firwin(2 * (taps // 2) + 1, 0.875 / max(up, down), window=("kaiser", beta))
    expected = signal.resample_poly(pose, up, down, axis=0, window=window)
    inside = slice(40, -40)
    np.testing.assert_allclose(resample(pose, source, target)[inside], expected[inside], atol=5e-3)


def test_somebody_who_stands_still_stays_where_they_are() -> None:
    pose = np.full((90, 17, 3), 1.25)
    np.testing.assert_allclose(resample(pose, 100 / 3, 30.0), 1.25, rtol=1e-12)
