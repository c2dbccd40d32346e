"""Change of frame rate without aliasing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy import signal

Array = npt.NDArray[np.float64]

# Share of the lower Nyquist frequency that passes unchanged, and the attenuation beyond Nyquist.
# At 30 Hz that is 11 Hz; voluntary movement lies below 10 Hz.
_PASS = 0.75
_STOP_DB = 60.0


def resample(positions: Array, source_rate: float, target_rate: float) -> Array:
    """Positions at another frame rate, with zero phase and no aliasing.

    A linear-phase low-pass filter (Kaiser window) is centred on every output frame; content above
    the Nyquist frequency of the lower rate is attenuated by 60 dB. At both ends the motion is
    continued by its point reflection, which keeps position and velocity.

    Arguments:
        positions: (frames, ...), at `source_rate`.
        source_rate: frames a second.
        target_rate: frames a second; the ratio must be a fraction of small numbers.

    Returns:
        (ceil(frames * target_rate / source_rate), ...); the first frames coincide.
    """
    ratio = Fraction(target_rate / source_rate).limit_denominator(1000)
    up, down = ratio.numerator, ratio.denominator
    if up == down:
        return positions.copy()
    nyquist = 1.0 / max(up, down)
    taps, beta = signal.kaiserord(_STOP_DB, (1 - _PASS) * nyquist)
    half = taps // 2
    window = signal.firwin(2 * half + 1, (1 + _PASS) / 2 * nyquist, window=("kaiser", beta))
    # A whole number of output frames of padding, so that the phases stay aligned.
    margin = -(-half // (up * down)) * down
    padded = _reflect(positions, margin)
    resampled = signal.resample_poly(padded, up, down, axis=0, window=window)
    count = -(-len(positions) * up // down)
    first = margin * up // down
    result: Array = resampled[first : first + count]
    return result


def _reflect(positions: Array, margin: int) -> Array:
    """Point reflection at both ends; a motion shorter than the margin is held still beyond."""
    reach = min(margin, len(positions) - 1)
    before = 2 * positions[:1] - positions[reach:0:-1]
    after = 2 * positions[-1:] - positions[-2 : -reach - 2 : -1]
    extended = np.concatenate([before, positions, after])
    still = [(margin - reach, margin - reach)] + [(0, 0)] * (positions.ndim - 1)
    return np.pad(extended, still, mode="edge")
