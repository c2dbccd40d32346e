"""A residual MLP, for single frames."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from platypose_adaptive.config import MLPConfig
from platypose_adaptive.preconditioned import Adapted, FeedForward, Preconditioned


class MLP(Preconditioned):
    """Denoises every frame for itself."""

    def make_blocks(self, config: MLPConfig) -> nn.ModuleList:
        """Feed-forward blocks."""
        return nn.ModuleList(
            Adapted(config.width, config.levels, FeedForward(config.width, config.hidden))
            for _ in range(config.blocks)
        )

    def transform(
        self,
        frames: Float[Tensor, "B F W"],
        level: Float[Tensor, "#B 1 L"],
        mask: Bool[Tensor, "B F"] | None,
    ) -> Float[Tensor, "B F W"]:
        """One block after another."""
        for block in self.blocks:
            frames = block(frames, level)
        return frames
