"""Change of frame rate without aliasing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Share of the lower Nyquist frequency that passes unchanged, and the attenuation beyond Nyquist.
# At 30 Hz that is 11 Hz; voluntary movement lies below 10 Hz.
_PASS = 0.75
_STOP_DB = 60.0


def resample(positions: Array, source_rate: float, target_rate: float) -> Array:
    """Positions at another frame rate, with zero phase and no aliasing.

    A low-pass filter (sinc under a Kaiser window) is centred on every output frame; content above
    the Nyquist frequency of the lower rate is attenuated by 60 dB. At both ends the motion is
    continued by its point reflection, which keeps position and velocity.

    Arguments:
        positions: (frames, ...), at `source_rate`.
        source_rate: frames a second.
        target_rate: frames a second; the ratio must be a fraction of small numbers.

    Returns:
        (ceil(frames * target_rate / source_rate), ...); the first frames coincide.

    Source: J. F. Kaiser, Nonrecursive digital filter design using the I0-sinh window function,
    1974.
    """
    ratio = Fraction(target_rate / source_rate).limit_denominator(1000)
    up, down = ratio.numerator, ratio.denominator
    if up == down:
        return positions.copy()
    # Output frame m lies down·m ticks after the first, input frame n lies up·n.
    taps = _taps(up, down)
    reach = taps.shape[1] // 2
    ticks = down * np.arange(-(-len(positions) * up // down))
    nearest, phase = ticks // up, ticks % up
    padded = _reflect(positions, reach)
    resampled = np.zeros((len(ticks), *positions.shape[1:]))
    for tap in range(taps.shape[1]):
        weight = taps[phase, tap].reshape(-1, *[1] * (positions.ndim - 1))
        resampled += weight * padded[nearest + tap]
    return resampled


def _taps(up: int, down: int) -> Array:
    """(up, taps): what the input frames around an output frame count, for each phase of it."""
    cutoff = 1.0 / max(up, down)  # of the lower rate, half cycles a tick
    transition = (1 - _PASS) * cutoff
    half = int(np.ceil((_STOP_DB - 7.95) / (2.285 * np.pi * transition))) // 2 + 1
    reach = half // up + 1
    offset = np.arange(up)[:, None] - up * np.arange(-reach, reach + 1)
    beta = 0.1102 * (_STOP_DB - 8.7)
    window = np.i0(beta * np.sqrt(np.clip(1 - (offset / half) ** 2, 0, None)))
    taps = np.sinc((1 + _PASS) / 2 * cutoff * offset) * np.where(abs(offset) <= half, window, 0)
    normalised: Array = taps / taps.sum(axis=1, keepdims=True)
    return normalised


def _reflect(positions: Array, margin: int) -> Array:
    """Point reflection at both ends; a motion shorter than the margin is held still beyond."""
    reach = min(margin, len(positions) - 1)
    before = 2 * positions[:1] - positions[reach:0:-1]
    after = 2 * positions[-1:] - positions[-2 : -reach - 2 : -1]
    extended = np.concatenate([before, positions, after])
    still = [(margin - reach, margin - reach)] + [(0, 0)] * (positions.ndim - 1)
    return np.pad(extended, still, mode="edge")
