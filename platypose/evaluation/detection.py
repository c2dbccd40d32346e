"""What a detector makes of exact keypoints: noise, and joints that it does not see."""

from __future__ import annotations

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from platypose.evidence import Evidence
from platypose.lifting.root import FEWEST

LOWER_BODY = ("knee", "ankle", "foot", "heel", "toe")


def detect(
    evidence: Evidence, *, noise_px: float, occlude: str, generator: torch.Generator
) -> Evidence:
    """Evidence with Gaussian noise of that size, said in its covariance, and with gaps.

    Arguments:
        evidence: with keypoints.
        noise_px: standard deviation in x and in y.
        occlude: "none", "lower-body", "half" (the left or the right) or "random:p".
        generator: of noise and gaps, on the CPU.
    """
    if evidence.keypoints is None:
        return evidence
    shape = evidence.keypoints.shape
    noise = torch.randn(shape, generator=generator, dtype=torch.float64).numpy()
    draws = torch.rand(shape[:3], generator=generator, dtype=torch.float64).numpy()
    side = "left" if torch.rand((), generator=generator) < 0.5 else "right"
    if noise_px > 0:
        covariance = np.broadcast_to(noise_px**2 * np.eye(2), (*shape, 2)).copy()
        noisy = evidence.keypoints + noise_px * noise
        evidence = attrs.evolve(evidence, keypoints=noisy, covariance=covariance)
    if occlude == "none":
        return evidence
    hidden = _hidden(evidence.keypoint_names, occlude, side, draws)
    confidence = np.ones(shape[:3]) if evidence.confidence is None else evidence.confidence
    return attrs.evolve(evidence, confidence=np.where(hidden, 0.0, confidence))


def _hidden(
    names: tuple[str, ...], occlude: str, side: str, draws: NDArray[np.float64]
) -> NDArray[np.bool_]:
    if occlude == "lower-body":
        return np.array([any(part in name for part in LOWER_BODY) for name in names])
    if occlude == "half":
        return np.array([name.startswith(side) for name in names])
    # A frame keeps what placing a person needs.
    enough = np.sort(draws, -1)[..., -FEWEST, None]
    hidden: NDArray[np.bool_] = (draws < float(occlude.removeprefix("random:"))) & (draws < enough)
    return hidden
