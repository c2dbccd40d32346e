"""What is known of poses and roots at one noise level, before the evidence: a Gaussian."""

from __future__ import annotations

import warnings
from math import sqrt

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Problem
from platypose.checkpoint.residual import cosine_transform

UNMEASURED = 0.3
"""c of the covariance c σ² / (1 + σ²) that stands in for one that was not measured."""


@attrs.frozen(kw_only=True, eq=False)
class LevelPrior:
    """N(D, C) of a clip's poses and roots, in coordinates ζ in which it is N(0, 1).

    The D = 3 J + 3 coordinates θ of a frame are those of its joints and of its root. With the
    cosine transform T in time, or without one where frames are independent, θ = mean + Tᵀ L ζ.
    What is certain has no ζ.

    Attributes:
        mean: (F, H, D).
        factor: (F, D, N) L, one for each cosine coefficient, or frame.
        transform: (F, F) T, a row for each coefficient; None is the identity.
    """

    mean: Float[Tensor, "F H D"]
    factor: Float[Tensor, "F D N"]
    transform: Float[Tensor, "F F"] | None

    def theta(self, zeta: Float[Tensor, "F H N"]) -> Float[Tensor, "F H D"]:
        """Poses and roots."""
        return self.mean + self.push(zeta)

    def push(self, zeta: Float[Tensor, "F H N"]) -> Float[Tensor, "F H D"]:
        """Tᵀ L ζ."""
        moved = zeta @ self.factor.mT
        if self.transform is None:
            return moved
        return torch.einsum("kf,khd->fhd", self.transform, moved)

    def pull(self, theta: Float[Tensor, "F H D"]) -> Float[Tensor, "F H N"]:
        """Lᵀ T θ: a gradient by θ becomes one by ζ."""
        if self.transform is not None:
            theta = torch.einsum("kf,fhd->khd", self.transform, theta)
        return theta @ self.factor


def level_prior(
    x0: Float[Tensor, "H F J 3"], sigma: float, problem: Problem | None, temperature: float
) -> LevelPrior:
    """The Gaussian about the denoiser's answer.

    Arguments:
        x0: what the denoiser made of the noisy poses.
        sigma: their noise level.
        problem: has the residual covariance and the root; None is poses without a root, any
            joint of which may be anywhere.
        temperature: factor on the covariance of the poses.
    """
    hypotheses, frames, joints = x0.shape[:3]
    residual = None if problem is None else problem.residual
    size = 3 * joints
    transform = None
    if residual is None:
        free = torch.eye(size).to(x0)[:, 0 if problem is None else 3 :]
        factor = (sqrt(UNMEASURED) * sigma / sqrt(1 + sigma**2) * free)[None]
    elif residual.lengths == (1,) or frames == 1:
        factor = torch.nn.functional.pad(residual.factor_at(sigma, 1).to(x0), (0, 0, 3, 0))
    else:
        factor = torch.nn.functional.pad(residual.factor_at(sigma, frames).to(x0), (0, 0, 3, 0))
        transform = cosine_transform(frames, x0.device, x0.dtype)
    factor = sqrt(temperature) * factor.expand(frames, -1, -1)
    mean, deviation = x0.new_zeros(frames, 3), 0.0
    if problem is not None:
        mean, deviation = problem.root.mean.to(x0), problem.root.deviation
        x0 = torch.cat([torch.zeros_like(x0[:, :, :1]), x0[:, :, 1:]], 2)
    columns = 3 if deviation > 0 else 0
    root = (deviation * torch.eye(3)[:, :columns]).to(x0).expand(frames, -1, -1)
    whole = x0.new_zeros(frames, size + 3, factor.shape[2] + columns)
    whole[:, :size, : factor.shape[2]] = factor
    whole[:, size:, factor.shape[2] :] = root
    pose = x0.flatten(2).movedim(0, 1)
    return LevelPrior(
        mean=torch.cat([pose, mean[:, None].expand(-1, hypotheses, -1)], -1),
        factor=whole,
        transform=transform,
    )


def warn_of_unmeasured(problem: Problem | None) -> None:
    """Say that the hypotheses' spread is a guess, where it is."""
    if problem is not None and problem.residual is None:
        warnings.warn(
            "This prior does not say how far its denoiser is from the truth, so the spread of the "
            "hypotheses is a guess: run platypose measure-residuals on it.",
            stacklevel=2,
        )
