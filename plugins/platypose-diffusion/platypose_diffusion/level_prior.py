"""What is known of poses and roots at one noise level, before the evidence: a Gaussian."""

from __future__ import annotations

import warnings
from math import pi, sqrt

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Problem, RootPrior
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
        of_pose: how many of the N, the first, are of the pose; the others are of the root.
        breadth: (F,) the factor on the pose's part of each L that is in it.
    """

    mean: Float[Tensor, "F H D"]
    factor: Float[Tensor, "F D N"]
    transform: Float[Tensor, "F F"] | None
    of_pose: int
    breadth: Float[Tensor, " F"]

    def theta(self, zeta: Float[Tensor, "F H N"]) -> Float[Tensor, "F H D"]:
        """Poses and roots."""
        return self.mean + self.push(zeta)

    def zeta(self, theta: Float[Tensor, "F H D"]) -> Float[Tensor, "F H N"]:
        """Of given poses and roots; what is certain of them is taken as it is."""
        return self.coordinates(theta - self.mean)

    def coordinates(self, move: Float[Tensor, "F H D"]) -> Float[Tensor, "F H N"]:
        """The ζ that `push` makes a move of, as far as it can."""
        if self.transform is not None:
            move = torch.einsum("kf,fhd->khd", self.transform, move)
        size = move.shape[-1] - 3
        pose = slice(size - self.of_pose, size)
        of_pose: Tensor = torch.linalg.solve_triangular(
            self.factor[:, pose, : self.of_pose], move[..., pose].mT, upper=False
        ).mT
        root = self.factor[:, size:, self.of_pose :]
        deviation = root.diagonal(dim1=-2, dim2=-1)[:, None]
        of_root = torch.where(deviation > 0, move[..., size:][..., : root.shape[2]] / deviation, 0)
        return torch.cat([of_pose, of_root], -1)

    def scaled(self, scale: Float[Tensor, "F 1 N"], breadth: Float[Tensor, " F"]) -> LevelPrior:
        """The same with other units of ζ."""
        return attrs.evolve(self, factor=self.factor * scale, breadth=breadth)

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
    x0: Float[Tensor, "H F J 3"],
    sigma: float,
    problem: Problem | None,
    temperature: float = 1.0,
    breadth: Float[Tensor, " F"] | None = None,
) -> LevelPrior:
    """The Gaussian about the denoiser's answer.

    Arguments:
        x0: what the denoiser made of the noisy poses.
        sigma: their noise level.
        problem: has the residual covariance and the root; None is poses without a root, any
            joint of which may be anywhere.
        temperature: factor on the covariance of the poses.
        breadth: factor on the deviation of each coefficient; none is 1.
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
    if breadth is None:
        breadth = x0.new_ones(frames)
    mean, deviation = x0.new_zeros(frames, 3), x0.new_zeros(frames)
    if problem is not None:
        x0 = torch.cat([torch.zeros_like(x0[:, :, :1]), x0[:, :, 1:]], 2)
        mean, deviation = root_prior(problem.root, transform, frames)
    columns = 3 if problem is not None and problem.root.deviation > 0 else 0
    root = deviation[:, None, None] * torch.eye(3)[:, :columns].to(x0)
    whole = x0.new_zeros(frames, size + 3, factor.shape[2] + columns)
    whole[:, :size, : factor.shape[2]] = breadth[:, None, None] * factor
    whole[:, size:, factor.shape[2] :] = root
    pose = x0.flatten(2).movedim(0, 1)
    return LevelPrior(
        mean=torch.cat([pose, mean[:, None].expand(-1, hypotheses, -1)], -1),
        factor=whole,
        transform=transform,
        of_pose=factor.shape[2],
        breadth=breadth,
    )


def root_prior(
    root: RootPrior, transform: Float[Tensor, "F F"] | None, frames: int
) -> tuple[Float[Tensor, "F 3"], Float[Tensor, " F"]]:
    """The mean of the root in each frame, and its deviation in each or in each coefficient.

    Somebody who goes a way s at an even pace has the cosine coefficients √F s · 2√2 / π² k⁻²
    (odd k); those of real roots fall as k⁻² as well.
    """
    deviation = root.mean.new_full((frames,), root.deviation)
    if transform is None or root.deviation == 0:
        return root.mean, deviation
    k = torch.arange(1, frames).to(root.mean)
    deviation[1:] = 2 * sqrt(2) / pi**2 * root.travel / k**2
    return root.mean.mean(0).expand(frames, -1), sqrt(frames) * deviation


def warn_of_unmeasured(problem: Problem | None) -> None:
    """Say that the hypotheses' spread is a guess, where it is."""
    if problem is not None and problem.residual is None:
        warnings.warn(
            "This prior does not say how far its denoiser is from the truth, so the spread of the "
            "hypotheses is a guess: run platypose measure-residuals on it.",
            stacklevel=2,
        )
