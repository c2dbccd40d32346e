"""Markers that the cameras did not see."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def template(cluster: Array) -> Array | None:
    """The frame of a nearly rigid cluster whose shape is nearest to the median.

    Arguments:
        cluster: (F, M, 3), NaN where a marker is missing.

    Returns:
        (M, 3); None where no frame is complete.
    """
    complete = cluster[np.isfinite(cluster).all(axis=(1, 2))]
    if not len(complete):
        return None
    shape: Array = np.linalg.norm(complete[:, :, None] - complete[:, None], axis=-1)
    strange = np.abs(shape - np.median(shape, axis=0)).max(axis=(1, 2))
    nearest: Array = complete[int(strange.argmin())]
    return nearest


def fill_by_cluster(cluster: Array, shape: Array) -> Array:
    """Put a rigid shape where a marker of its cluster is missing and three others are seen.

    Arguments:
        cluster: (F, M, 3), NaN where a marker is missing.
        shape: (M, 3), as `template` returns.

    Returns:
        (F, M, 3), the seen markers unchanged.

    Source: W. Kabsch, A solution for the best rotation to relate two sets of vectors, 1976.
    """
    filled = cluster.copy()
    seen = ~np.isnan(cluster[..., 0])
    for frame in np.flatnonzero(~seen.all(axis=1) & (seen.sum(axis=1) >= 3)):
        known = seen[frame]
        there, here = cluster[frame, known], shape[known]
        left, _, right = np.linalg.svd((here - here.mean(axis=0)).T @ (there - there.mean(axis=0)))
        handed = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
        moved = (shape - here.mean(axis=0)) @ (left @ handed @ right) + there.mean(axis=0)
        filled[frame, ~known] = moved[~known]
    return filled


def fill_by_time(track: Array, longest: int) -> Array:
    """Interpolate gaps of one marker between the frames before and after.

    Arguments:
        track: (F, 3), NaN where the marker is missing.
        longest: frames of the longest gap that is filled.

    Returns:
        (F, 3); NaN remains in longer gaps and at the ends.
    """
    seen = np.flatnonzero(np.isfinite(track).all(axis=1))
    filled = track.copy()
    for before, after in pairwise(seen.tolist()):
        gap = after - before - 1
        if 0 < gap <= longest:
            share = (np.arange(1, gap + 1) / (gap + 1))[:, None]
            filled[before + 1 : after] = (1 - share) * track[before] + share * track[after]
    return filled
