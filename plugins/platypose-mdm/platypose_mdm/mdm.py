"""The motion diffusion transformer."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from platypose.api import BuildContext
from platypose_mdm.config import MDMConfig
from platypose_mdm.encoder import EncoderLayer
from platypose_mdm.sinusoids import sinusoids


def diffusion_time(sigma: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
    """The diffusion time τ = 1000 · (2/π) · atan σ, from 0 (clean) to 1000 (noise).

    Under the cosine schedule atan σ_t = (π/2) (t/T + s) / (1 + s), so τ is, up to the small offset
    s, the published time step on a scale of 1000 steps. Being a function of σ alone, it serves any
    other schedule too.

    Arguments:
        sigma: noise level, in units of the prior's scale.
    """
    return 1000 * (2 / math.pi) * torch.atan(sigma)


class MDM(nn.Module):
    """Predicts the clean clip from a noisy one: a transformer encoder with a token a frame.

    The noise level enters as one more token in front, an embedding of `diffusion_time`.

    Source: Tevet et al., "Human motion diffusion model", arXiv 2209.14916.

    Arguments:
        config: the size.
        context: gives J, device and type; the initial weights follow from its generator.
    """

    def __init__(self, config: MDMConfig, context: BuildContext) -> None:
        super().__init__()
        self.width = config.width
        values = 3 * len(context.skeleton.joints)
        seed = torch.randint(
            2**62, (), generator=context.generator, device=context.generator.device
        )
        with torch.random.fork_rng(devices=[]):  # PyTorch's layers draw from the global generator
            torch.manual_seed(int(seed))
            self.frame_in = nn.Linear(values, config.width)
            self.time_in = nn.Sequential(
                nn.Linear(config.width, config.width),
                nn.SiLU(),
                nn.Linear(config.width, config.width),
            )
            self.layers = nn.ModuleList(
                EncoderLayer(
                    width=config.width,
                    heads=config.heads,
                    feed_forward=config.feed_forward,
                    dropout=config.dropout,
                )
                for _ in range(config.layers)
            )
            self.frame_out = nn.Linear(config.width, values)
        self.dropout = nn.Dropout(config.dropout)
        self.to(device=context.device, dtype=context.dtype)

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
        attend = None
        if mask is not None:
            x = torch.where(mask[:, :, None, None], x, 0)  # a NaN would survive a weight of zero
            attend = nn.functional.pad(mask, (1, 0), value=True)[:, None, None]
        preserved = x * torch.rsqrt(1 + sigma**2)[:, None, None, None]  # unit variance at any σ
        frames = self.frame_in(preserved.flatten(2))
        tokens = torch.cat((self._time_token(sigma).to(frames.dtype)[:, None], frames), dim=1)
        tokens = self.dropout(tokens + self._positions(tokens))
        for layer in self.layers:
            tokens = layer(tokens, attend)
        return self.frame_out(tokens[:, 1:]).view_as(x)  # type: ignore[no-any-return]

    def _time_token(self, sigma: Float[Tensor, " B"]) -> Float[Tensor, "B W"]:
        precise = torch.promote_types(sigma.dtype, torch.float32)
        features = sinusoids(diffusion_time(sigma.to(precise)), self.width)
        return self.time_in(features.to(sigma.dtype))  # type: ignore[no-any-return]

    def _positions(self, tokens: Float[Tensor, "B L W"]) -> Float[Tensor, "L W"]:
        precise = torch.promote_types(tokens.dtype, torch.float32)
        index = torch.arange(tokens.shape[1], device=tokens.device, dtype=precise)
        return sinusoids(index, self.width).to(tokens.dtype)
