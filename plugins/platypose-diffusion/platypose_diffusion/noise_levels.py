"""Noise levels, and all that follows from ᾱ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import UserError


@attrs.frozen(eq=False)
class NoiseLevels:
    """A schedule given by its ᾱ; see `platypose.api.Schedule` for the notation.

    Attributes:
        alpha_bar: ᾱ_t, strictly between 0 and 1 and strictly falling with t; float64.
    """

    alpha_bar: Float[Tensor, " T"]

    @property
    def alpha_bar_before(self) -> Float[Tensor, " T"]:
        """ᾱ_{t−1}, with ᾱ_{−1} = 1."""
        return torch.cat((self.alpha_bar.new_ones(1), self.alpha_bar[:-1]))

    @property
    def beta(self) -> Float[Tensor, " T"]:
        """β_t = 1 − ᾱ_t / ᾱ_{t−1}."""
        return 1 - self.alpha_bar / self.alpha_bar_before

    @property
    def sigma(self) -> Float[Tensor, " T"]:
        """σ_t = √((1 − ᾱ_t) / ᾱ_t)."""
        return ((1 - self.alpha_bar) / self.alpha_bar).sqrt()

    @property
    def posterior_x0(self) -> Float[Tensor, " T"]:
        """a_t = √ᾱ_{t−1} β_t / (1 − ᾱ_t), the weight of x0 in the mean of q(x_{t−1} | x_t, x0)."""
        return self.alpha_bar_before.sqrt() * self.beta / (1 - self.alpha_bar)

    @property
    def posterior_xt(self) -> Float[Tensor, " T"]:
        """b_t = √(1 − β_t) (1 − ᾱ_{t−1}) / (1 − ᾱ_t), the weight of x_t in the same mean."""
        return (1 - self.beta).sqrt() * (1 - self.alpha_bar_before) / (1 - self.alpha_bar)

    @property
    def posterior_variance(self) -> Float[Tensor, " T"]:
        """v_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t), the variance of q(x_{t−1} | x_t, x0)."""
        return self.beta * (1 - self.alpha_bar_before) / (1 - self.alpha_bar)

    def respace(self, steps: str | Sequence[int]) -> NoiseLevels:
        """The same ᾱ at fewer levels.

        Arguments:
            steps: `"ddimN"` for the N indices ⌊i (T − 1) / (N − 1)⌋, from the first level to the
                last (the rule of MDM and Platypose, which needs no whole stride), or the indices
                to keep, ascending.

        Raises:
            UserError: no such levels.
        """
        total = len(self.alpha_bar)
        kept = evenly(steps, total) if isinstance(steps, str) else list(steps)
        rises = all(before < after for before, after in pairwise(kept))
        if not kept or not rises or kept[0] < 0 or kept[-1] >= total:
            raise UserError(
                f"The noise levels {kept} cannot be kept: they need to be ascending indices from"
                f" 0 to {total - 1}."
            )
        return NoiseLevels(self.alpha_bar[kept])


def evenly(steps: str, total: int) -> list[int]:
    """The indices that `"ddimN"` keeps of `total` levels.

    Raises:
        UserError: `steps` is no such word, or N is not from 2 to `total`.
    """
    word = re.fullmatch(r"ddim(\d+)", steps)
    if word is None:
        raise UserError(f'The levels "{steps}" are unknown: write "ddimN" with a whole number N.')
    count = int(word[1])
    if not 2 <= count <= total:
        raise UserError(
            f'The levels "{steps}" cannot be had: the schedule has {total} noise levels, so "ddimN"'
            f" needs N from 2 to {total}."
        )
    return [i * (total - 1) // (count - 1) for i in range(count)]
