"""Checks of arrays that several records of evidence share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from platypose.api.errors import UserError
from platypose.mapped import pieces
from platypose.skeleton import keypoint_set

Array = NDArray[Any]


def require_array(array: Array, shape: tuple[int, ...], name: str) -> None:
    """Refuse an array of another shape, of something else than numbers, or with NaN.

    Raises:
        UserError: it is one of these.
    """
    if array.shape != shape:
        raise UserError(f"{name} has shape {array.shape} but needs {shape}.")
    if array.dtype.kind not in "fiub":
        raise UserError(f"{name} holds {array.dtype}, not numbers.")
    if array.dtype.kind != "f":
        return
    for start, piece in pieces(array):
        bad = ~np.isfinite(piece)
        if bad.any():
            first, *others = (int(i) for i in np.argwhere(bad)[0])
            raise UserError(
                f"{name} is NaN or infinite at {(start + first, *others)}; a missing keypoint has "
                "confidence 0."
            )


def require_confidence(confidence: Array, shape: tuple[int, ...]) -> None:
    """Refuse a confidence of another shape or outside of [0, 1].

    Raises:
        UserError: it is one of these.
    """
    require_array(confidence, shape, "confidence")
    if (confidence < 0).any() or (confidence > 1).any():
        raise UserError("The confidence must lie between 0 and 1.")


def require_heatmaps(heatmaps: Array, affine: Array | None, axes: Mapping[str, int]) -> None:
    """Refuse heatmaps that are no scores on a grid, or whose place in the image is not known.

    Arguments:
        heatmaps: (*axes, h, w) scores.
        affine: their cell_to_pixel, (*axes, 2, 3), whose last axis of `axes` may have length 1.
        axes: length by name of the axes before the grid, the keypoints last.

    Raises:
        UserError: something of this is wrong.
    """
    lead = tuple(axes.values())
    if heatmaps.ndim != len(lead) + 2 or heatmaps.shape[:-2] != lead:
        names, lengths = ", ".join(axes), ", ".join(map(str, lead))
        raise UserError(
            f"heatmaps has shape {heatmaps.shape} but needs ({names}, height, width) = "
            f"({lengths}, h, w)."
        )
    if min(heatmaps.shape[-2:]) < 2:
        raise UserError(f"heatmaps of {heatmaps.shape[-2:]} cells are too small; 2 x 2 at least.")
    require_array(heatmaps, heatmaps.shape, "heatmaps")
    if heatmaps.dtype.kind != "u" and any((piece < 0).any() for _, piece in pieces(heatmaps)):
        raise UserError("heatmaps has scores below 0.")
    if affine is None:
        raise UserError("The evidence has heatmaps but no cell_to_pixel.")
    per_keypoint = affine.shape[len(lead) - 1 : len(lead)] == lead[-1:]
    require_array(affine, (*lead[:-1], lead[-1] if per_keypoint else 1, 2, 3), "cell_to_pixel")
    if (np.abs(np.linalg.det(np.asarray(affine[..., :2], np.float64))) < 1e-9).any():
        raise UserError("cell_to_pixel maps a heatmap onto a line; its 2 x 2 part has no area.")


def require_names(keypoint_set_name: str, names: tuple[str, ...]) -> None:
    """Refuse names that are not of a keypoint set, or stand twice.

    Raises:
        UserError: there is no such set, or a name is one of these.
    """
    known = keypoint_set(keypoint_set_name).keypoints
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise UserError(f"Keypoint {unknown[0]!r} is not of the set {keypoint_set_name!r}.")
    if len(set(names)) < len(names):
        raise UserError("keypoint_names names a keypoint twice.")
