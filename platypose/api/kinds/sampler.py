"""Samplers: how noise becomes poses, guided by an energy or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float
    from torch import Tensor

    from platypose.api.kinds.schedule import Schedule


@attrs.frozen(kw_only=True, eq=False)
class Level:
    """What a sampler knows after one noise level.

    Attributes:
        x0: the clean poses as now believed, (H, F, J, 3), in units of the prior's scale.
        sigma: the noise level that was just left, in the same units.
        index: levels done so far, from 1.
        total: levels in all.
        energy: the energy at `x0`, (H, F), in nats, or None without guidance.
        calls: denoiser calls so far, each of which covers all hypotheses and frames.
    """

    x0: Float[Tensor, "H F J 3"]
    sigma: float
    index: int
    total: int
    energy: Float[Tensor, "H F"] | None
    calls: int


@runtime_checkable
class Sampler(Protocol):
    """Draws clean poses from the prior, or from the prior times exp(−energy)."""

    def __call__(
        self,
        denoise: Callable[[Float[Tensor, "H F J 3"], float], Float[Tensor, "H F J 3"]],
        schedule: Schedule,
        noise: Float[Tensor, "H F J 3"],
        *,
        energy: Callable[[Float[Tensor, "H F J 3"]], Float[Tensor, "H F"]] | None,
        generator: torch.Generator,
        initial: Float[Tensor, "H F J 3"] | None = None,
    ) -> Iterator[Level]:
        """Sample, yielding once a noise level; the last `Level.x0` is the sample.

        Arguments:
            denoise: D(x_σ, σ) on all hypotheses at once.
            schedule: the noise levels that the denoiser was trained at.
            noise: standard normal; its shape is that of the sample.
            energy: nats per hypothesis and frame of clean poses in units of the prior's scale,
                differentiable; None samples the prior.
            generator: any further randomness.
            initial: clean poses to start from; None starts from the zero pose.
        """
        ...


@hookspec
def platypose_samplers() -> Iterable[Spec[Sampler]]:  # type: ignore[empty-body]
    """Samplers that this plugin offers."""


KIND: Kind[Sampler] = Kind(name="sampler", protocol=Sampler, hook=platypose_samplers)
