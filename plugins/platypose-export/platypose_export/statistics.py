"""What the hypotheses say together of each joint."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.lifting.result import Result
from platypose_export.config import TableConfig

Array = NDArray[np.float64]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the quantiles."""


@attrs.frozen(kw_only=True, eq=False)
class Statistics:
    """Hypotheses and what they say together; metres, z up.

    Attributes:
        joints: (H, F, J, 3).
        mean: (F, J, 3).
        quantiles: (Q, F, J, 3) along each axis by itself, at `LEVELS`.
        covariance: (F, J, 3, 3) over the hypotheses, m², divided by H.
    """

    joints: Array
    mean: Array
    quantiles: Array
    covariance: Array


def statistics(result: Result, config: TableConfig) -> Statistics:
    """Of the joints in the world, or relative to the root."""
    joints = result.samples.astype(np.float64)
    if config.origin == "world":
        joints = joints + result.root[:, :, None]
    mean = joints.mean(0)
    off = joints - mean
    return Statistics(
        joints=joints,
        mean=mean,
        quantiles=np.quantile(joints, LEVELS, axis=0),
        covariance=np.einsum("hfji,hfjk->fjik", off, off) / len(joints),
    )


def times(result: Result) -> Array:
    """(F) seconds from the first frame."""
    return np.arange(result.samples.shape[1]) / result.frame_rate
