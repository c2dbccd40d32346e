"""From files whose vertical axis is y to the world, whose vertical axis is z."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def z_up(positions: Array) -> Array:
    """Positions (..., 3) with y up as positions with z up.

    The axes are permuted cyclically: who faces z with the left side towards x faces x with the
    left side towards y.
    """
    return positions[..., [2, 0, 1]]
