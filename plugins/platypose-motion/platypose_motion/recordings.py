"""From combined joints and named points to a recording."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from platypose.motion.recording import Recording

Array = npt.NDArray[np.float64]


def recording(
    pose: Array, points: Mapping[str, Array], toes: tuple[str, ...], frame_rate: float
) -> Recording:
    """A recording whose toes are two of the points, if any.

    Arguments:
        pose: (F, 17, 3) metres, z up.
        points: (F, 3) by name, in the same world.
        toes: names of the points at the left and the right toes, or none.
        frame_rate: frames a second; the rounding of a frame time in a file is undone.
    """
    whole = round(frame_rate)
    rate = float(whole) if abs(frame_rate - whole) < 1e-3 * whole else frame_rate
    return Recording(
        positions=pose,
        frame_rate=rate,
        toes=np.stack([points[toe] for toe in toes], axis=1) if toes else None,
    )
