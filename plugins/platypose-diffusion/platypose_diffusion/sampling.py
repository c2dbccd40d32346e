"""What every sampler starts from."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from platypose.api import Schedule

Denoise = Callable[[Float[Tensor, "H F J 3"], float], Float[Tensor, "H F J 3"]]
Energy = Callable[[Float[Tensor, "H F J 3"]], Float[Tensor, "H F"]]


def spaced(schedule: Schedule, levels: str) -> Schedule:
    """The levels that the option `levels` of a sampler names: "all", or "ddimN" for N of them."""
    return schedule if levels == "all" else schedule.respace(levels)
