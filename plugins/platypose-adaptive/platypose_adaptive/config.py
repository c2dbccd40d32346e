"""The sizes of the networks."""

from __future__ import annotations

import attrs

from platypose.api import Config, field


def _positive(value: int) -> bool:
    return value >= 1


@attrs.frozen(kw_only=True)
class MLPConfig(Config):
    """4.7 million parameters by default."""

    blocks: int = field(
        4, doc="Residual blocks.", check=_positive, needs="a whole number of at least 1"
    )
    width: int = field(
        512,
        doc="Features of a frame between the blocks.",
        check=_positive,
        needs="a whole number of at least 1",
    )
    hidden: int = field(
        1024,
        doc="Features in the hidden layer of a block.",
        check=_positive,
        needs="a whole number of at least 1",
    )
    levels: int = field(
        64,
        doc="Features of the noise level; even.",
        check=lambda value: value >= 2 and value % 2 == 0,
        needs="an even number of at least 2",
    )


@attrs.frozen(kw_only=True)
class TransformerConfig(MLPConfig):
    """2.5 million parameters by default."""

    width: int = field(
        256,
        doc="Features of a frame between the blocks; a multiple of `heads`.",
        check=_positive,
        needs="a whole number of at least 1",
    )
    hidden: int = field(
        512,
        doc="Features in the hidden layer of a block.",
        check=_positive,
        needs="a whole number of at least 1",
    )
    heads: int = field(
        4, doc="Attention heads.", check=_positive, needs="a whole number of at least 1"
    )
    reach: int = field(
        63,
        doc="Frames from which on attention no longer tells how far apart two frames are.",
        check=_positive,
        needs="a whole number of at least 1",
    )

    def __attrs_post_init__(self) -> None:
        if self.width % self.heads != 0:
            raise ValueError(f"heads is {self.heads} but needs a divisor of width {self.width}")
