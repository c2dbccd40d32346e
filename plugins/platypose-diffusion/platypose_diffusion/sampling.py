"""What samplers have in common: each is a function, which one class makes a component."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, Config, Level, Problem, Schedule

Denoise = Callable[[Float[Tensor, "H F J 3"], float], Float[Tensor, "H F J 3"]]
Energy = Callable[[Float[Tensor, "H F J 3"]], Float[Tensor, "H F"]]

C = TypeVar("C", bound=Config)
L = TypeVar("L")
C_contra = TypeVar("C_contra", bound=Config, contravariant=True)
L_contra = TypeVar("L_contra", contravariant=True)
L_co = TypeVar("L_co", covariant=True)


@runtime_checkable
class Begin(Protocol[C_contra, L_co]):
    """Where a sampler begins, and the noise levels that it visits from there."""

    def __call__(
        self,
        config: C_contra,
        schedule: Schedule,
        noise: Float[Tensor, "H F J 3"],
        initial: Float[Tensor, "H F J 3"],
        problem: Problem | None,
    ) -> tuple[Float[Tensor, "H F J 3"], L_co]:
        """Clean poses, noised to the first level, and the levels.

        Arguments:
            config: which levels.
            schedule: those that the denoiser was trained at.
            noise: standard normal.
            initial: the clean poses.
            problem: whether the prior ties frames together.

        Raises:
            UserError: the schedule has no such levels.
        """
        ...


@runtime_checkable
class Draw(Protocol[C_contra, L_contra]):
    """A sampler as its paper has it."""

    def __call__(
        self,
        denoise: Denoise,
        x: Float[Tensor, "H F J 3"],
        levels: L_contra,
        /,
        *,
        energy: Energy | None,
        problem: Problem | None,
        config: C_contra,
        generator: torch.Generator,
    ) -> Iterator[Level]:
        """Sample, yielding once a noise level.

        Arguments:
            denoise: D(x_σ, σ); a gradient passes through it where its argument asks for one.
            x: noisy poses, at the first level.
            levels: the noise levels, all of which are used.
            energy: nats of clean poses; None samples the prior.
            problem: the same energy with what is known of the prior; see `platypose.api.Sampler`.
            config: the options of the sampler.
            generator: all randomness but that of x.
        """
        ...


class FunctionSampler(Generic[C, L]):
    """The sampler that a function is, with a configuration."""

    def __init__(
        self, begin: Begin[C, L], draw: Draw[C, L], config: C, context: BuildContext
    ) -> None:
        self.begin, self.draw, self.config = begin, draw, config

    def __call__(
        self,
        denoise: Denoise,
        schedule: Schedule,
        noise: Float[Tensor, "H F J 3"],
        *,
        energy: Energy | None,
        generator: torch.Generator,
        initial: Float[Tensor, "H F J 3"] | None = None,
        problem: Problem | None = None,
    ) -> Iterator[Level]:
        """See `platypose.api.Sampler`.

        Raises:
            UserError: the schedule does not have the levels that the configuration asks for.
        """
        initial = torch.zeros_like(noise) if initial is None else initial
        x, levels = self.begin(self.config, schedule, noise, initial, problem)
        return self.draw(
            denoise,
            x,
            levels,
            energy=energy,
            problem=problem,
            config=self.config,
            generator=generator,
        )


def spaced(schedule: Schedule, levels: str) -> Schedule:
    """The levels that the option `levels` of a sampler names: "all", or "ddimN" for N of them."""
    return schedule if levels == "all" else schedule.respace(levels)


def noised(
    initial: Float[Tensor, "H F J 3"], noise: Float[Tensor, "H F J 3"], levels: Schedule
) -> Float[Tensor, "H F J 3"]:
    """√ᾱ x0 + √(1 − ᾱ) n at the last of the levels."""
    alpha_bar = float(levels.alpha_bar[-1])
    return sqrt(alpha_bar) * initial + sqrt(1 - alpha_bar) * noise
