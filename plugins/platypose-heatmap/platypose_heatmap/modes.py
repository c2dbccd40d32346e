"""The modes of a heatmap: a small mixture of Gaussians fitted to its scores."""

from __future__ import annotations

import math

import attrs
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

QUANTISATION = 1 / 12
"""Variance, in cells², of a position known only to its cell."""

_FAINT = 1e-3  # of the peak: fainter cells say nothing of the modes, and most cells are fainter
_CELLS_AT_ONCE = 1 << 20


@attrs.frozen(kw_only=True, eq=False)
class Modes:
    """A mixture of M Gaussians for each of N heatmaps, in heatmap cells (x along the width).

    Attributes:
        weights: (N, M), each row of sum 1, or 0 where the heatmap is empty; unused modes are 0.
        means: (N, M, 2).
        covariances: (N, M, 2, 2), positive definite.
    """

    weights: Float[Tensor, "N M"]
    means: Float[Tensor, "N M 2"]
    covariances: Float[Tensor, "N M 2 2"]


def fit_modes(
    scores: Float[Tensor, "N h w"], *, modes: int, least_height: float, iterations: int
) -> Modes:
    """Fit the highest modes of each heatmap by expectation maximisation, scores being masses.

    A uniform background takes part in the fit and is then left out: the faint haze that detectors
    leave over the whole grid would otherwise widen the modes.

    Arguments:
        scores: at least 0, float64.
        modes: M, the most modes of a heatmap.
        least_height: the least score of a mode as a fraction of the heatmap's highest.
        iterations: steps of expectation maximisation.
    """
    step = max(1, _CELLS_AT_ONCE // scores[0].numel())
    parts = [_fit(part, modes, least_height, iterations) for part in torch.split(scores, step)]
    return Modes(
        weights=torch.cat([part.weights for part in parts]),
        means=torch.cat([part.means for part in parts]),
        covariances=torch.cat([part.covariances for part in parts]),
    )


def _fit(scores: Float[Tensor, "N h w"], modes: int, least_height: float, iterations: int) -> Modes:
    peaks, heights = _local_maxima(scores, modes)
    used = (heights >= least_height * heights[:, :1]) & (heights > 0)
    bright, cells = _bright_cells(scores)
    mass = bright / bright.sum(-1, keepdim=True).clamp(min=1e-300)
    uniform = -math.log(scores[0].numel())

    distance = torch.where(used[..., None], torch.cdist(peaks, cells), math.inf)
    nearest = distance == distance.amin(1, keepdim=True)
    members = nearest & used[..., None] & (bright[:, None] >= heights[..., None] / 2)
    weights, means, covariances = _moments(mass[:, None] * members, cells, peaks)
    background = (1 - weights.sum(-1, keepdim=True)).clamp(min=1e-6)
    for _ in range(iterations):
        log_modes = _log_gaussian(cells, means, covariances) + weights.log()[..., None]
        log_background = (background.log() + uniform)[..., None].expand_as(log_modes[:, :1])
        shares = torch.cat([log_modes, log_background], 1).softmax(1) * mass[:, None]
        weights, means, covariances = _moments(shares[:, :-1], cells, peaks)
        background = shares[:, -1:].sum(-1).clamp(min=1e-6)
    weights = weights / weights.sum(-1, keepdim=True).clamp(min=1e-300)
    return Modes(weights=weights, means=means, covariances=covariances)


def _bright_cells(
    scores: Float[Tensor, "N h w"],
) -> tuple[Float[Tensor, "N C"], Float[Tensor, "N C 2"]]:
    """The scores of each heatmap's C brightest cells and their (x, y); the others are all faint."""
    width = scores.shape[-1]
    flat = scores.flatten(1)
    count = (flat > _FAINT * flat.amax(-1, keepdim=True)).sum(-1).max().clamp(min=1)
    bright, index = flat.topk(int(count), sorted=False)
    return bright, torch.stack([index % width, index // width], -1).to(scores)


def _local_maxima(
    scores: Float[Tensor, "N h w"], count: int
) -> tuple[Float[Tensor, "N M 2"], Float[Tensor, "N M"]]:
    """The cells (x, y) of the highest local maxima, and their scores, falling."""
    height, width = scores.shape[-2:]
    kernel = scores.new_tensor([1.0, 2.0, 1.0]) / 4
    smooth = functional.conv2d(
        functional.pad(scores[:, None], (1, 1, 1, 1), mode="replicate"),
        torch.outer(kernel, kernel)[None, None],
    )
    # A blob between two cells has two equal maxima; a tilt far below any score leaves one.
    tilt = torch.arange(height * width).reshape(height, width).to(scores)
    smooth = smooth * (1 + 1e-9 * tilt)
    highest = functional.max_pool2d(smooth, 5, stride=1, padding=2)
    candidates = torch.where(smooth == highest, smooth, 0.0).flatten(1)
    if candidates.shape[1] < count:
        candidates = functional.pad(candidates, (0, count - candidates.shape[1]))
    heights, index = candidates.topk(count)
    return torch.stack([index % width, index // width], -1).to(scores), heights


def _moments(
    shares: Float[Tensor, "N M C"], cells: Float[Tensor, "N C 2"], fallback: Float[Tensor, "N M 2"]
) -> tuple[Float[Tensor, "N M"], Float[Tensor, "N M 2"], Float[Tensor, "N M 2 2"]]:
    """Weights, means and covariances; an empty mode has weight 0 at `fallback`."""
    weights = shares.sum(-1)
    empty = weights < 1e-12
    divisor = torch.where(empty, 1.0, weights)[..., None]
    means = torch.where(empty[..., None], fallback, shares @ cells / divisor)
    offset = cells[:, None] - means[:, :, None]
    second = (shares[..., None] * offset).mT @ offset / divisor[..., None]
    identity = torch.eye(2, dtype=cells.dtype)
    return torch.where(empty, 0.0, weights), means, second + QUANTISATION * identity


def _log_gaussian(
    cells: Float[Tensor, "N C 2"],
    means: Float[Tensor, "N M 2"],
    covariances: Float[Tensor, "N M 2 2"],
) -> Float[Tensor, "N M C"]:
    factor = torch.linalg.cholesky(covariances)
    offset = (cells[:, None] - means[:, :, None]).mT
    whitened = torch.linalg.solve_triangular(factor, offset, upper=False)
    log_det = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    log_density: Tensor = (
        -whitened.square().sum(-2) / 2 - log_det[..., None] - math.log(2 * math.pi)
    )
    return log_density
