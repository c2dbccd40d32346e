"""One layer of the transformer encoder."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each followed by a residual sum and its norm (post-norm).

    The layer of Vaswani et al. (arXiv 1706.03762) with GELU, as MDM uses it.
    """

    def __init__(self, *, width: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, feed_forward)
        self.hidden_out = nn.Linear(feed_forward, width)
        self.hidden_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        nn.init.xavier_uniform_(self.query_key_value.weight)
        nn.init.zeros_(self.query_key_value.bias)
        nn.init.zeros_(self.attention_out.bias)

    def forward(
        self, tokens: Float[Tensor, "B L W"], attend: Bool[Tensor, "B 1 1 L"] | None
    ) -> Float[Tensor, "B L W"]:
        """Transform tokens.

        Arguments:
            tokens: batch first.
            attend: true for the tokens that others may look at; None for all.
        """
        tokens = self.attention_norm(tokens + self.dropout(self._attention(tokens, attend)))
        hidden = self.dropout(nn.functional.gelu(self.hidden(tokens)))
        return self.hidden_norm(tokens + self.dropout(self.hidden_out(hidden)))  # type: ignore[no-any-return]

    def _attention(
        self, tokens: Float[Tensor, "B L W"], attend: Bool[Tensor, "B 1 1 L"] | None
    ) -> Float[Tensor, "B L W"]:
        query, key, value = (
            self.query_key_value(tokens)
            .unflatten(-1, (3, self.heads, -1))
            .permute(2, 0, 3, 1, 4)  # B L 3 heads W/heads → 3 B heads L W/heads
        )
        mixed = nn.functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=attend,
            dropout_p=self.dropout.p if self.training else 0.0,
        )
        return self.attention_out(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]
