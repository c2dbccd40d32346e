"""A mixture of Gaussians: whatever Gaussian evidence says of it is a mixture again."""

from __future__ import annotations

import math

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.skeleton import H36M_17
from platypose.testing.gaussian import gaussian_posterior


@attrs.frozen(kw_only=True, eq=False)
class Mixture:
    """Σ_m weight_m N(mean_m, covariance_m) of N numbers; float64.

    Attributes:
        weight: of the M parts; they add up to 1.
        mean: (M, N).
        covariance: (M, N, N), positive definite.
    """

    weight: Float[Tensor, " M"]
    mean: Float[Tensor, "M N"]
    covariance: Float[Tensor, "M N N"]

    def moments(self) -> tuple[Float[Tensor, " N"], Float[Tensor, "N N"]]:
        """Mean and covariance of the whole."""
        mean = self.weight @ self.mean
        off = self.mean - mean
        spread = self.covariance + off[:, :, None] * off[:, None, :]
        return mean, torch.einsum("m,mij->ij", self.weight, spread)

    def log_parts(self, x: Float[Tensor, "*B N"]) -> Float[Tensor, "*B M"]:
        """log (weight_m N(x; mean_m, covariance_m))."""
        factor = torch.linalg.cholesky(self.covariance)
        one = torch.eye(self.mean.shape[1], dtype=self.mean.dtype)
        whiten = torch.linalg.solve_triangular(factor, one, upper=False)
        white = torch.einsum("mij,...mj->...mi", whiten, x[..., None, :] - self.mean)
        size = 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        size = size + self.mean.shape[1] * math.log(2 * math.pi)
        found: Tensor = self.weight.log() - (white.square().sum(-1) + size) / 2
        return found

    def log_density(self, x: Float[Tensor, "*B N"]) -> Float[Tensor, "*B"]:
        """In nats."""
        return self.log_parts(x).logsumexp(-1)

    def shares(self, x: Float[Tensor, "*B N"]) -> Float[Tensor, "*B M"]:
        """The probability of each part to have given x."""
        return self.log_parts(x).softmax(-1)

    def draw(self, count: int, generator: torch.Generator) -> Float[Tensor, "B N"]:
        """Independent draws."""
        part = torch.multinomial(self.weight, count, replacement=True, generator=generator)
        x = torch.randn(count, self.mean.shape[1], dtype=self.mean.dtype, generator=generator)
        for m, factor in enumerate(torch.linalg.cholesky(self.covariance)):
            x[part == m] = self.mean[m] + x[part == m] @ factor.mT
        return x

    def given(
        self, rows: Float[Tensor, "K N"], seen: Float[Tensor, " K"], deviation: float
    ) -> Mixture:
        """Of x where rows · x = seen, with a Gaussian error of that deviation."""
        noise = deviation**2 * torch.eye(len(seen), dtype=self.mean.dtype)
        parts = [
            gaussian_posterior(mean, covariance, rows, seen, deviation)
            for mean, covariance in zip(self.mean, self.covariance)
        ]
        evidence = Mixture(
            weight=self.weight,
            mean=self.mean @ rows.mT,
            covariance=rows @ self.covariance @ rows.mT + noise,
        )
        return Mixture(
            weight=evidence.shares(seen),
            mean=torch.stack([mean for mean, _ in parts]),
            covariance=torch.stack([covariance for _, covariance in parts]),
        )


def bending_both_ways(scale: float = 0.32) -> Mixture:
    """Standing people whose left forearm and right shin point to the camera or away from it.

    The camera looks along y. A bone's far end is known to 5 cm, given its near end. The forearm
    is bent by 50° towards the camera or by 45° away from it, the shin by 30° either way, which
    makes four parts, two of them rare. What is seen along y hardly tells them apart.

    Arguments:
        scale: metres in a unit of the 48 coordinates, which are those of joints 1, 2, ….
    """
    standing = torch.tensor(H36M_17.standing, dtype=torch.float64)
    chain = torch.eye(len(standing), dtype=torch.float64)
    for joint, parent in enumerate(H36M_17.parents):
        if parent >= 0:
            chain[joint] += chain[parent]
    spread = torch.kron((0.05**2 * chain[1:, 1:] @ chain[1:, 1:].mT), torch.eye(3).double())
    wrist, elbow = H36M_17.joints.index("left_wrist"), H36M_17.joints.index("left_elbow")
    foot, knee = H36M_17.joints.index("right_foot"), H36M_17.joints.index("right_knee")
    means = []
    for forearm in (-50.0, 45.0):
        for shin in (-30.0, 30.0):
            pose = standing.clone()
            pose[wrist] = pose[elbow] + _turned(standing[wrist] - standing[elbow], forearm)
            pose[foot] = pose[knee] + _turned(standing[foot] - standing[knee], shin)
            means.append(pose[1:].flatten())
    return Mixture(
        weight=torch.tensor([0.45, 0.25, 0.2, 0.1], dtype=torch.float64),
        mean=torch.stack(means) / scale,
        covariance=spread.expand(4, -1, -1) / scale**2,
    )


def _turned(bone: Float[Tensor, " 3"], degrees: float) -> Float[Tensor, " 3"]:
    """About the x axis; a bone that hangs down turns along y, by the sign of the angle."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y, z = bone.tolist()
    return torch.tensor([x, cos * y - sin * z, sin * y + cos * z], dtype=torch.float64)
