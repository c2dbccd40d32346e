"""The denoiser of motions that are a mixture of Gaussians, in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from platypose.api import BuildContext
from platypose.checkpoint.residual import ResidualCovariance, cosine_transform
from platypose_diffusion.config import GaussianMixtureConfig

DRAWS = 2048
"""Over which the uncertainty of the part is averaged."""


class GaussianMixture(nn.Module):
    """E[x0 | x_σ] where x0 is a motion of one of M Gaussian kinds; joint 0 is always at 0.

    The D = 3 (J − 1) coordinates of a frame are N(mean_m, factor_m factor_mᵀ), of the same kind m
    in all frames of a clip. Their cosine coefficients are independent. With the memory ρ, the
    coefficient of frequency k / F has (1 − ρ²) / (1 + ρ² − 2 ρ cos(π k / F)) times the covariance,
    as an autoregressive motion has it. Computed in double precision.

    Arguments:
        config: number of kinds, and memory.
        context: skeleton, and generator of the first means.
    """

    def __init__(self, config: GaussianMixtureConfig, context: BuildContext) -> None:
        super().__init__()
        size, kinds = 3 * (len(context.skeleton.joints) - 1), config.components
        mean = torch.randn(kinds, size, generator=context.generator, device=context.device)
        self.memory = config.memory
        self.log_weight = nn.Parameter(torch.zeros(kinds))
        self.mean = nn.Parameter(mean)
        self.factor = nn.Parameter(torch.eye(size).repeat(kinds, 1, 1))
        self.to(context.device, context.dtype)

    def forward(
        self,
        x: Float[Tensor, "B F J 3"],
        sigma: Float[Tensor, " B"],
        mask: Bool[Tensor, "B F"] | None = None,
    ) -> Float[Tensor, "B F J 3"]:
        """See `platypose.api.Denoiser`; frames outside the mask come back as zeros."""
        result = torch.zeros_like(x)
        if mask is None:
            mask = torch.ones_like(x[:, :, 0, 0], dtype=torch.bool)
        for level in torch.unique(sigma):
            for seen in torch.unique(mask[sigma == level], dim=0):
                some = (sigma == level) & (mask == seen).all(1)
                clips, frames = some.nonzero(), seen.nonzero()[:, 0]
                if len(frames):
                    off = x[clips, frames][:, :, 1:].flatten(2).double()
                    near = self._near(off, float(level))
                    clean = torch.einsum("bm,mbfd->bfd", near.share, near.mean)
                    joints = clean.reshape(*clean.shape[:2], -1, 3).to(x)
                    joints = torch.nn.functional.pad(joints, (0, 0, 1, 0))
                    result = result.index_put((clips, frames), joints)
        return result

    @torch.no_grad()
    def draw(self, clips: int, frames: int, generator: torch.Generator) -> Float[Tensor, "B F D"]:
        """Clean motions, without joint 0; float64."""
        weight = self.log_weight.double().softmax(0)
        kind = torch.multinomial(weight, clips, replacement=True, generator=generator)
        z = torch.randn(clips, frames, self.mean.shape[1], generator=generator).to(weight)
        z = self._power(frames).sqrt()[:, None] * z @ self.factor.double()[kind].mT
        T = cosine_transform(frames, z.device, z.dtype)
        return self.mean.double()[kind][:, None] + torch.einsum("kf,bkd->bfd", T, z)

    @torch.no_grad()
    def residual(self, sigmas: Sequence[float], frames: int = 1) -> ResidualCovariance:
        """The covariance of x0 given x_σ, on average over x_σ.

        That of a kind is exact; the uncertainty of the kind is averaged over draws.

        Arguments:
            sigmas: noise levels.
            frames: of a clip.
        """
        generator = torch.Generator().manual_seed(0)
        clean, T = self.draw(DRAWS // frames, frames, generator), cosine_transform(frames)
        weight, levels = self.log_weight.double().softmax(0), sorted(sigmas)
        covariances = []
        for sigma in levels:
            noise = torch.randn(clean.shape, generator=generator, dtype=torch.float64)
            near = self._near(clean + sigma * noise, sigma)
            off = near.mean - torch.einsum("bm,mbfd->bfd", near.share, near.mean)
            off = torch.einsum("kf,mbfd->mbkd", T.double(), off)
            between = torch.einsum("bm,mbkd,mbke->kde", near.share, off, off) / len(clean)
            covariances.append(torch.einsum("m,mkde->kde", weight, near.covariance) + between)
        return ResidualCovariance.from_covariance(
            sigma=torch.tensor(levels, dtype=torch.float64),
            frames=torch.full((frames,), frames),
            coefficient=torch.arange(frames),
            covariance=torch.stack(covariances),
        )

    def _power(self, frames: int) -> Float[Tensor, " F"]:
        angle = torch.pi * torch.arange(frames).to(self.mean).double() / frames
        rho = self.memory
        return (1 - rho**2) / (1 + rho**2 - 2 * rho * angle.cos())

    def _near(self, x: Float[Tensor, "B F D"], sigma: float) -> _Near:
        T = cosine_transform(x.shape[1], x.device, x.dtype)
        factor, one = self.factor.double(), torch.eye(x.shape[2]).to(x)
        clean = self._power(x.shape[1])[:, None, None] * (factor @ factor.mT)[:, None]
        root = torch.linalg.cholesky(clean + sigma**2 * one)
        off = torch.einsum("kf,bfmd->mkdb", T, x[:, :, None] - self.mean.double())
        white = torch.linalg.solve_triangular(root, off, upper=False)
        size = root.diagonal(dim1=-2, dim2=-1).log().sum((1, 2))
        log_share = self.log_weight.double() - size - white.square().sum((1, 2)).mT / 2
        pull = torch.linalg.solve_triangular(root.mT, white, upper=True)
        whiten = torch.linalg.solve_triangular(root, one, upper=False)
        return _Near(
            share=log_share.softmax(1),
            mean=x - sigma**2 * torch.einsum("kf,mkdb->mbfd", T, pull),
            covariance=sigma**2 * (one - sigma**2 * whiten.mT @ whiten),
        )


@attrs.frozen(kw_only=True, eq=False)
class _Near:
    """What is known of x0 near x_σ: a mixture again.

    Attributes:
        share: probability of each kind.
        mean: of each kind.
        covariance: of each kind and cosine coefficient, wherever x_σ is.
    """

    share: Float[Tensor, "B M"]
    mean: Float[Tensor, "M B F D"]
    covariance: Float[Tensor, "M F D D"]
