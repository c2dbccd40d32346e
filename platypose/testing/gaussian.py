"""Gaussian motion, of which everything is known: its denoiser, the residual and posteriors."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.checkpoint.residual import ResidualCovariance, cosine_transform


@attrs.frozen(kw_only=True, eq=False)
class GaussianPrior:
    """Clips of F frames whose cosine coefficients are independent; joint 0 is always at 0.

    D = 3 (J − 1) coordinates, in units of the prior's scale; float64.

    Attributes:
        mean: (D) of a frame.
        covariance: (F, D, D) of each cosine coefficient; (1, D, D) is a prior of single
            frames, which are independent however many there are.
    """

    mean: Float[Tensor, " D"]
    covariance: Float[Tensor, "F D D"]

    def __call__(self, x: Float[Tensor, "H F J 3"], sigma: float) -> Float[Tensor, "H F J 3"]:
        """E[x0 | x0 + σ n = x], each coefficient by its Wiener filter."""
        T, gain = self._transform, self._gain(sigma)
        if len(gain) == 1:
            T, gain = torch.eye(x.shape[1]).to(gain), gain.expand(x.shape[1], -1, -1)
        T, gain = T.to(x), gain.to(x)
        off = x[:, :, 1:].flatten(2) - self.mean.to(x)
        coefficients = torch.einsum("kg,hge->hke", T, off)
        kept = torch.einsum("kf,kde,hke->hfd", T, gain, coefficients)
        joints = (self.mean.to(x) + kept).reshape(*x.shape[:2], -1, 3)
        return torch.cat([torch.zeros_like(x[:, :, :1]), joints], 2)

    def residual(self, sigmas: Sequence[float]) -> ResidualCovariance:
        """The exact covariance of x0 given x, at these noise levels."""
        frames = len(self.covariance)
        levels = sorted(sigmas)
        return ResidualCovariance.from_covariance(
            sigma=torch.tensor(levels, dtype=torch.float64),
            frames=torch.full((frames,), frames),
            coefficient=torch.arange(frames),
            covariance=torch.stack([sigma**2 * self._gain(sigma) for sigma in levels]),
        )

    def dense(self) -> Float[Tensor, "N N"]:
        """The covariance of a clip's F · D coordinates, frame by frame."""
        T = self._transform
        clip = torch.einsum("kf,kde,kg->fdge", T, self.covariance, T)
        return clip.flatten(0, 1).flatten(1, 2)

    @property
    def _transform(self) -> Tensor:
        return cosine_transform(len(self.covariance), dtype=torch.float64)

    def _gain(self, sigma: float) -> Tensor:
        noisy = self.covariance + sigma**2 * torch.eye(len(self.mean), dtype=torch.float64)
        gain: Tensor = torch.linalg.solve(noisy, self.covariance).mT
        return gain


def gaussian_posterior(
    mean: Float[Tensor, " N"],
    covariance: Float[Tensor, "N N"],
    rows: Float[Tensor, "M N"],
    seen: Float[Tensor, " M"],
    deviation: float,
) -> tuple[Float[Tensor, " N"], Float[Tensor, "N N"]]:
    """Mean and covariance of N(mean, covariance) given rows · θ = seen, with a Gaussian error."""
    noisy = rows @ covariance @ rows.mT + deviation**2 * torch.eye(len(seen), dtype=mean.dtype)
    gain = torch.linalg.solve(noisy, rows @ covariance).mT
    return mean + gain @ (seen - rows @ mean), covariance - gain @ rows @ covariance
