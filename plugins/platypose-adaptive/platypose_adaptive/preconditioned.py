"""What the networks share: the preconditioned output and the features of the noise level."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from platypose.api import BuildContext
from platypose_adaptive.config import MLPConfig


class Preconditioned(nn.Module):
    """A denoiser whose network F has input and output of unit variance at every noise level,

        D(x, σ) = x / (1 + σ²) + σ / √(1 + σ²) · F(x / √(1 + σ²), σ),

    so that little noise is removed by a small correction. Source: Karras et al., arXiv
    2206.00364, table 1, for data of unit variance.

    The root is the origin, so it is neither read nor estimated.

    Arguments:
        config: the size.
        context: gives J, device and type; the initial weights follow from its generator.
    """

    def __init__(self, config: MLPConfig, context: BuildContext) -> None:
        super().__init__()
        values = 3 * (len(context.skeleton.joints) - 1)
        seed = torch.randint(
            2**62, (), generator=context.generator, device=context.generator.device
        )
        with torch.random.fork_rng(devices=[]):  # PyTorch's layers draw from the global generator
            torch.manual_seed(int(seed))
            self.pose_in = nn.Linear(values, config.width)
            self.level_in = nn.Linear(config.levels, config.levels)
            self.blocks = self.make_blocks(config)
            self.norm = nn.LayerNorm(config.width)
            self.pose_out = nn.Linear(config.width, values)
        with torch.no_grad():
            self.pose_out.weight.mul_(0.1)  # the first estimate is close to the skip alone
            self.pose_out.bias.zero_()
        self.levels = config.levels
        self.to(device=context.device, dtype=context.dtype)

    @abstractmethod
    def make_blocks(self, config: MLPConfig) -> nn.ModuleList:
        """The blocks that `transform` runs through."""

    @abstractmethod
    def transform(
        self,
        frames: Float[Tensor, "B F W"],
        level: Float[Tensor, "#B 1 L"],
        mask: Bool[Tensor, "B F"] | None,
    ) -> Float[Tensor, "B F W"]:
        """The network between its first and its last layer."""

    def forward(
        self,
        x: Float[Tensor, "B F J 3"],
        sigma: Float[Tensor, " B"],
        mask: Bool[Tensor, "B F"] | None = None,
    ) -> Float[Tensor, "B F J 3"]:
        """The clean clips expected behind x = x0 + σ n.

        Arguments:
            x: noisy root-relative clips, z up, in units of the prior's scale.
            sigma: the noise level of each clip, in the same units.
            mask: true for frames that exist; None for all. What the other frames hold has no
                influence, and what is returned for them has no meaning.
        """
        if mask is not None:
            x = torch.where(mask[:, :, None, None], x, 0)  # a NaN would survive a weight of zero
        variance = 1 + sigma.square()[:, None, None]
        pose = x[:, :, 1:].flatten(2)
        frames = self.pose_in(pose * variance.rsqrt())
        frames = self.transform(frames, self._level(sigma)[:, None], mask)
        change = self.pose_out(self.norm(frames)) * (sigma[:, None, None] * variance.rsqrt())
        clean = (pose / variance + change).unflatten(-1, (-1, 3))
        return nn.functional.pad(clean, (0, 0, 1, 0))

    def _level(self, sigma: Float[Tensor, " B"]) -> Float[Tensor, "#B L"]:
        """Features of ln σ: sines and cosines with periods from 16 down to ½.

        One row where all clips are as noisy, as in sampling: what follows is then computed once.
        """
        looks = not (self.training or torch.compiler.is_compiling())
        if looks and bool((sigma == sigma[:1]).all()):
            sigma = sigma[:1]
        log = sigma.float().clamp(min=1e-4).log()[:, None]
        octaves = torch.linspace(
            math.log(2 * math.pi / 16), math.log(4 * math.pi), self.levels // 2, device=log.device
        )
        angle = log * octaves.exp()
        features = torch.cat((angle.sin(), angle.cos()), -1).to(sigma.dtype)
        return nn.functional.silu(self.level_in(features))


class Adapted(nn.Module):
    """x + gate · f(scale · norm(x) + shift), where shift, scale and gate follow from the level.

    Source: Peebles and Xie, arXiv 2212.09748, section 3.2 (adaLN).
    """

    def __init__(self, width: int, levels: int, f: nn.Module) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.adapt = nn.Linear(levels, 3 * width)
        self.f = f

    def forward(
        self, frames: Float[Tensor, "B F W"], level: Float[Tensor, "#B 1 L"], *more: Tensor | None
    ) -> Float[Tensor, "B F W"]:
        """Transform frames.

        Arguments:
            frames: a vector each.
            level: features of the noise level, of each clip or of all.
            more: what else f takes.
        """
        shift, scale, gate = self.adapt(level).chunk(3, -1)
        change = self.f(torch.addcmul(shift, self.norm(frames), 1 + scale), *more)
        return torch.addcmul(frames, 1 + gate, change)


class FeedForward(nn.Module):
    """W₂ silu(W₁ x)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, hidden)
        self.out = nn.Linear(hidden, width)

    def forward(self, frames: Float[Tensor, "B F W"]) -> Float[Tensor, "B F W"]:
        """Each frame for itself."""
        return self.out(nn.functional.silu(self.hidden(frames)))  # type: ignore[no-any-return]
