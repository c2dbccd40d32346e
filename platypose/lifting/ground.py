"""The floor, as the feet of the hypotheses find it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from platypose.lifting.result import Result

ANKLE = 0.08
"""Metres of an ankle, which is the skeleton's foot, above the floor that it stands on."""
RESTING = 0.3
"""Metres a second; the lower foot rests on something while it is slower."""
FEWEST = 0.1
"""Of the frames; if the lower foot rests in fewer, nothing is said of a floor."""


def floor_of(
    result: Result, velocity: NDArray[np.floating[Any]] | None = None
) -> dict[str, Any] | None:
    """The height of a level floor on which the person stands or walks.

    In each hypothesis it is the median height of the lower foot while that rests, less the height
    of an ankle. A person who jumps, lies or hangs shows no floor; one who stands on a chair shows
    the chair.

    Arguments:
        result: hypotheses of a person in the world, z up.
        velocity: (H, F, J, 3) of the joints, m/s; none takes it from the frames on either side, and
            has to be given where frames were left out.

    Returns:
        as in summary.json: `height_m`, the mean over the hypotheses, and its `deviation_m`; the
        share of the frames in which the lower foot rests, `resting`; and `unevenness_m`, the median
        over the hypotheses of how far the middle half of the resting heights spreads. None where
        the foot hardly rests, or the clip has one frame.
    """
    joints = result.skeleton.joints
    both = [joints.index("left_foot"), joints.index("right_foot")]
    feet = result.joints[:, :, both]
    if feet.shape[1] < 2:
        return None
    lower = feet[..., 2].argmin(2)[..., None]
    height = np.take_along_axis(feet[..., 2], lower, 2)[..., 0].astype(np.float64)
    if velocity is None:
        of_feet = np.gradient(feet.astype(np.float64), axis=1) * result.frame_rate
    else:
        of_feet = velocity[:, :, both].astype(np.float64)
    speed = np.linalg.norm(of_feet, axis=-1)
    slow = np.take_along_axis(speed, lower, 2)[..., 0] < RESTING
    kept = slow.mean(1) >= FEWEST
    if not kept.mean() > 0.5:
        return None
    resting = [h[s] for h, s, keep in zip(height, slow, kept) if keep]
    floor = np.array([np.median(heights) for heights in resting]) - ANKLE
    spread = [np.subtract(*np.percentile(heights, [75, 25])) for heights in resting]
    return {
        "height_m": round(float(floor.mean()), 3),
        "deviation_m": round(float(floor.std()), 3),
        "resting": round(float(slow.mean()), 3),
        "unevenness_m": round(float(np.median(spread)), 3),
    }
