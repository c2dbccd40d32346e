"""Noise schedules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@runtime_checkable
class Schedule(Protocol):
    """Noise levels t = 0 … T−1, from almost clean to almost pure noise, as float64 tensors.

    In the variance-preserving form x_t = √ᾱ_t x0 + √(1 − ᾱ_t) n; divided by √ᾱ_t this is
    x0 + σ_t n with σ_t² = (1 − ᾱ_t) / ᾱ_t, which is what a `Denoiser` sees. The posterior is
    q(x_{t−1} | x_t, x0) = N(a_t x0 + b_t x_t, v_t), in the variance-preserving form, with
    ᾱ_{−1} = 1 (Ho et al., arXiv 2006.11239, equations 6 and 7).
    """

    @property
    def alpha_bar(self) -> Float[Tensor, " T"]:
        """ᾱ_t, falling with t."""
        ...

    @property
    def beta(self) -> Float[Tensor, " T"]:
        """β_t = 1 − ᾱ_t / ᾱ_{t−1}."""
        ...

    @property
    def sigma(self) -> Float[Tensor, " T"]:
        """σ_t, rising with t."""
        ...

    @property
    def posterior_x0(self) -> Float[Tensor, " T"]:
        """a_t = √ᾱ_{t−1} β_t / (1 − ᾱ_t)."""
        ...

    @property
    def posterior_xt(self) -> Float[Tensor, " T"]:
        """b_t = √(1 − β_t) (1 − ᾱ_{t−1}) / (1 − ᾱ_t)."""
        ...

    @property
    def posterior_variance(self) -> Float[Tensor, " T"]:
        """v_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t)."""
        ...

    def respace(self, steps: str | Sequence[int]) -> Schedule:
        """The same ᾱ at fewer levels.

        Arguments:
            steps: `"ddimN"` for N levels spread evenly from the first to the last, or the indices
                to keep, ascending.

        Raises:
            UserError: no such levels.
        """
        ...


@hookspec
def platypose_schedules() -> Iterable[Spec[Schedule]]:  # type: ignore[empty-body]
    """Noise schedules that this plugin offers."""


KIND: Kind[Schedule] = Kind(name="schedule", protocol=Schedule, hook=platypose_schedules)
