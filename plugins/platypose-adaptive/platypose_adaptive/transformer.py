"""A transformer over the frames of a clip."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from platypose_adaptive.config import MLPConfig, TransformerConfig
from platypose_adaptive.preconditioned import Adapted, FeedForward, Preconditioned


class Transformer(Preconditioned):
    """Denoises a clip of any length, with a token a frame.

    Blocks of attention and of feed-forward take turns. Attention knows of two frames only how far
    apart they are, by a learned bias for each head, so a clip may start anywhere.
    """

    def make_blocks(self, config: MLPConfig) -> nn.ModuleList:
        """Attention and feed-forward in turn."""
        assert isinstance(config, TransformerConfig)
        blocks = nn.ModuleList()
        for _ in range(config.blocks):
            attention = Attention(config.width, config.heads, config.reach)
            blocks.append(Adapted(config.width, config.levels, attention))
            feed_forward = FeedForward(config.width, config.hidden)
            blocks.append(Adapted(config.width, config.levels, feed_forward))
        return blocks

    def transform(
        self,
        frames: Float[Tensor, "B F W"],
        level: Float[Tensor, "#B 1 L"],
        mask: Bool[Tensor, "B F"] | None,
    ) -> Float[Tensor, "B F W"]:
        """One block after another."""
        for attention, feed_forward in zip(self.blocks[::2], self.blocks[1::2], strict=True):
            frames = feed_forward(attention(frames, level, mask), level)
        return frames


class Attention(nn.Module):
    """Multi-head attention with a bias that depends on the distance of two frames."""

    def __init__(self, width: int, heads: int, reach: int) -> None:
        super().__init__()
        self.heads, self.reach = heads, reach
        self.query_key_value = nn.Linear(width, 3 * width)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * reach + 1))
        self.out = nn.Linear(width, width)

    def forward(
        self, frames: Float[Tensor, "B F W"], mask: Bool[Tensor, "B F"] | None
    ) -> Float[Tensor, "B F W"]:
        """Mix frames.

        Arguments:
            frames: a vector each.
            mask: true for frames that may be looked at; None for all.
        """
        query, key, value = (
            self.query_key_value(frames)
            .unflatten(-1, (3, self.heads, -1))
            .permute(2, 0, 3, 1, 4)  # B F 3 heads W/heads → 3 B heads F W/heads
        )
        index = torch.arange(frames.shape[1], device=frames.device)
        apart = (index[:, None] - index).clamp(-self.reach, self.reach) + self.reach
        bias = self.bias[:, apart].to(query.dtype)[None]
        if mask is not None:
            bias = bias.masked_fill(~mask[:, None, None], float("-inf"))
        # Expanded rather than broadcast: the fast kernel wants the whole shape.
        bias = bias.expand(len(query), -1, -1, -1)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.out(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]
