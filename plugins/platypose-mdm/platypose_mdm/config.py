"""The size of the transformer."""

from __future__ import annotations

import attrs

from platypose.api import Config, field


def _positive(value: int) -> bool:
    return value >= 1


@attrs.frozen(kw_only=True)
class MDMConfig(Config):
    """The published size by default."""

    layers: int = field(
        8, doc="Encoder layers.", check=_positive, needs="a whole number of at least 1"
    )
    width: int = field(
        512,
        doc="Features of a token; even, and a multiple of `heads`.",
        check=lambda value: value >= 2 and value % 2 == 0,
        needs="an even number of at least 2",
    )
    heads: int = field(
        4, doc="Attention heads.", check=_positive, needs="a whole number of at least 1"
    )
    feed_forward: int = field(
        1024,
        doc="Features in the hidden layer of the feed-forward block.",
        check=_positive,
        needs="a whole number of at least 1",
    )
    dropout: float = field(
        0.1,
        doc="Probability with which training drops a feature; none is dropped at inference.",
        check=lambda value: 0 <= value < 1,
        needs="a number from 0 to below 1",
    )

    def __attrs_post_init__(self) -> None:
        if self.width % self.heads != 0:
            raise ValueError(f"heads is {self.heads} but needs a divisor of width {self.width}")
