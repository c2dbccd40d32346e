"""Whether the truth lies within the hypotheses as often as they say."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

QUANTILES = 21
"""0, 0.05 … 1."""


def quantiles() -> Float[Tensor, " Q"]:
    """The quantiles at which calibration is looked at."""
    return torch.linspace(0, 1, QUANTILES, dtype=torch.float64)


def hits(hypotheses: Float[Tensor, "H F J 3"], truth: Float[Tensor, "F J 3"]) -> Int[Tensor, "Q J"]:
    """In how many frames the truth is nearer to the median than that quantile of the hypotheses.

    The median is over hypotheses, for each joint and coordinate. The distances of the hypotheses
    from it have a quantile function, interpolated linearly; where at q it exceeds the distance of
    the truth, the truth lies within the central share q of the hypotheses.

    Source: Pierzchlewicz et al., Multi-hypothesis 3D human pose estimation metrics favor
    miscalibrated distributions, arXiv 2210.11179.

    Arguments:
        hypotheses: of a clip, in any unit.
        truth: in the same.
    """
    middle = hypotheses.median(0).values if len(hypotheses) % 2 else _even_median(hypotheses)
    away = (hypotheses - middle).norm(dim=-1)
    true = (truth - middle).norm(dim=-1)
    levels = torch.quantile(away, quantiles().to(away), dim=0)  # (Q, F, J)
    count: Tensor = (levels > true).sum(1)
    return count


def _even_median(x: Float[Tensor, "H F J 3"]) -> Float[Tensor, "F J 3"]:
    """The mean of the two values in the middle; torch's own median takes the lower."""
    ordered = x.sort(0).values
    return (ordered[len(x) // 2 - 1] + ordered[len(x) // 2]) / 2


def curve(frequency: Float[Tensor, "Q J"], over_joints: str) -> Float[Tensor, " Q"]:
    """The frequency of hits over the joints: their "median", as in the paper, or "mean"."""
    if over_joints == "mean":
        return frequency.mean(1)
    return torch.quantile(frequency, 0.5, dim=1)


def calibration_error(frequency: Float[Tensor, "Q J"], over_joints: str = "median") -> float:
    """The expected calibration error (ECE): the mean of |frequency − quantile| over quantiles.

    Arguments:
        frequency: of hits, the mean over frames and clips.
        over_joints: "median", as in the paper, or "mean".
    """
    return float((curve(frequency, over_joints) - quantiles().to(frequency)).abs().mean())
