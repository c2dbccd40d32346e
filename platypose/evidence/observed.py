"""Evidence seen through a skeleton: only what the skeleton's joints can express."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api.errors import UserError
from platypose.evidence.checks import Array
from platypose.evidence.evidence import Evidence
from platypose.skeleton import Skeleton, keypoint_set


@attrs.frozen(kw_only=True, eq=False)
class Observed:
    """What a skeleton can use of an evidence.

    Attributes:
        evidence: with the K expressible keypoints alone.
        joints_to_keypoints: (K, J) the linear map.
        points: (F, V, K, 2) pixels: the keypoints, or the centres of the heatmaps.
        weights: (F, V, K) at least 0: confidence; 0 is a missing keypoint.
    """

    evidence: Evidence
    joints_to_keypoints: NDArray[np.float64]
    points: NDArray[np.float64]
    weights: NDArray[np.float64]


def observe(evidence: Evidence, skeleton: Skeleton) -> Observed:
    """Reduce evidence to what a skeleton can express.

    Raises:
        UserError: no keypoint can be expressed, or joints_3d is of another skeleton.
    """
    if evidence.joints_3d is not None and evidence.joints_3d.shape[1] != len(skeleton.joints):
        raise UserError(
            f"joints_3d has {evidence.joints_3d.shape[1]} joints but the skeleton "
            f"{skeleton.name!r} has {len(skeleton.joints)}."
        )
    known = keypoint_set(evidence.keypoint_set).expressible(skeleton)
    kept = [i for i, name in enumerate(evidence.keypoint_names) if name in known]
    if evidence.keypoint_names and not kept:
        raise UserError(
            f"None of the keypoints ({', '.join(evidence.keypoint_names)}) can be expressed by the "
            f"skeleton {skeleton.name!r}; of {evidence.keypoint_set!r} it knows {', '.join(known)}."
        )
    matrix = np.zeros((len(kept), len(skeleton.joints)))
    for row, i in enumerate(kept):
        for joint, weight in known[evidence.keypoint_names[i]]:
            matrix[row, skeleton.joints.index(joint)] = weight
    reduced = _select(evidence, kept)
    points, weights = points_of(reduced)
    return Observed(evidence=reduced, joints_to_keypoints=matrix, points=points, weights=weights)


def _select(evidence: Evidence, kept: list[int]) -> Evidence:
    def take(array: Array | None) -> Array | None:
        return None if array is None else array[:, :, kept]

    affine = evidence.cell_to_pixel
    if affine is not None and affine.shape[2] == len(evidence.keypoint_names):
        affine = affine[:, :, kept]
    return attrs.evolve(
        evidence,
        keypoint_names=tuple(evidence.keypoint_names[i] for i in kept),
        keypoints=take(evidence.keypoints),
        confidence=take(evidence.confidence),
        covariance=take(evidence.covariance),
        heatmaps=take(evidence.heatmaps),
        cell_to_pixel=affine,
    )


def points_of(evidence: Evidence) -> tuple[NDArray[Any], NDArray[Any]]:
    """Where its keypoints, or the centres of its heatmaps, lie in the images.

    Returns:
        (F, V, K, 2) pixels and (F, V, K) weights, at least 0; 0 is a missing keypoint.
    """
    if evidence.keypoints is not None:
        points = evidence.keypoints.astype(np.float64)
        confidence = evidence.confidence
        weights = np.ones(points.shape[:3]) if confidence is None else confidence.astype(np.float64)
        return points, weights
    if evidence.heatmaps is not None and evidence.cell_to_pixel is not None:
        return heatmap_centres(evidence.heatmaps, evidence.cell_to_pixel)
    shape = (evidence.num_frames, len(evidence.cameras), len(evidence.keypoint_names))
    return np.zeros((*shape, 2)), np.zeros(shape)


def heatmap_centres(
    heatmaps: Array, cell_to_pixel: Array, radius: int = 4
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The centre of mass around each heatmap's peak.

    Arguments:
        heatmaps: (F, V, K, h, w) scores.
        cell_to_pixel: (F, V, K or 1, 2, 3) affine from cell to pixel.
        radius: of the square window around the peak, cells.

    Returns:
        (F, V, K, 2) pixels and (F, V, K) the peak score in [0, 1].
    """
    scores = heatmaps.astype(np.float64) / (255 if np.issubdtype(heatmaps.dtype, np.integer) else 1)
    h, w = scores.shape[3:]
    peak = scores.reshape(*scores.shape[:3], h * w).argmax(-1)
    row, column = peak[..., None] // w, peak[..., None] % w
    rows, columns = np.arange(h), np.arange(w)
    window = (np.abs(rows - row) <= radius)[..., None] * (np.abs(columns - column) <= radius)[
        ..., None, :
    ]
    mass = scores * window
    total = np.maximum(mass.sum((-2, -1)), 1e-12)
    x = (mass.sum(-2) * columns).sum(-1) / total
    y = (mass.sum(-1) * rows).sum(-1) / total
    cell = np.stack([x, y, np.ones_like(x)], -1)
    points = np.einsum(
        "fvkij,fvkj->fvki", np.broadcast_to(cell_to_pixel, (*scores.shape[:3], 2, 3)), cell
    )
    return points, np.minimum(scores.max((-2, -1)), 1.0)
