"""What a preparation left out, and why."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Rejection:
    """A recording, or a part of one, that a data set's preparation left out.

    Attributes:
        name: the recording.
        reason: what is wrong with it, with the figure and the bound.
        seconds: how much of it was left out; 0 where that cannot be known.
    """

    name: str
    reason: str
    seconds: float = 0.0
