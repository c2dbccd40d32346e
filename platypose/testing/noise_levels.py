"""A plain noise schedule, so that samplers are tested without any other plugin."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Schedule, UserError


@attrs.frozen(eq=False)
class NoiseLevels:
    """A `Schedule` given by its ᾱ."""

    alpha_bar: Float[Tensor, " T"]

    @property
    def _before(self) -> Tensor:
        return torch.cat([self.alpha_bar.new_ones(1), self.alpha_bar[:-1]])

    @property
    def beta(self) -> Float[Tensor, " T"]:
        """β_t."""
        return 1 - self.alpha_bar / self._before

    @property
    def sigma(self) -> Float[Tensor, " T"]:
        """σ_t."""
        return (1 / self.alpha_bar - 1).sqrt()

    @property
    def posterior_x0(self) -> Float[Tensor, " T"]:
        """a_t."""
        return self._before.sqrt() * self.beta / (1 - self.alpha_bar)

    @property
    def posterior_xt(self) -> Float[Tensor, " T"]:
        """b_t."""
        return (1 - self.beta).sqrt() * (1 - self._before) / (1 - self.alpha_bar)

    @property
    def posterior_variance(self) -> Float[Tensor, " T"]:
        """v_t."""
        return self.beta * (1 - self._before) / (1 - self.alpha_bar)

    def respace(self, steps: str | Sequence[int]) -> Schedule:
        """Fewer levels."""
        last = len(self.alpha_bar) - 1
        if isinstance(steps, str):
            count = int(steps.removeprefix("ddim")) if steps.startswith("ddim") else 0
            if not 2 <= count <= last + 1:
                raise UserError(f"There are no levels {steps!r}.")
            steps = [round(i * last / (count - 1)) for i in range(count)]
        kept = list(steps)
        rising = all(before < after for before, after in pairwise(kept))
        if not kept or not rising or kept[0] < 0 or kept[-1] > last:
            raise UserError(f"There are no levels {kept}.")
        return NoiseLevels(self.alpha_bar[kept])


def geometric(levels: int, *, lowest: float = 0.01, highest: float = 50.0) -> NoiseLevels:
    """Levels whose σ grows by the same factor from each to the next."""
    ratio = highest / lowest
    sigma = lowest * ratio ** torch.linspace(0, 1, levels, dtype=torch.float64)
    return NoiseLevels(1 / (1 + sigma.square()))
