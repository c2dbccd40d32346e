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
    from platypose.checkpoint.residual import ResidualCovariance


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
        root: the roots drawn with the poses, (H, F, 3), in the world, metres; None from samplers
            that draw poses alone.
        camera: what was unknown of the camera and was drawn with the poses, (H, P), in the order of
            `UnknownCamera.deviation`; None from samplers that take it as it is given.
        effective_samples: from samplers that resample by weights, how many hypotheses of equal
            weight tell as much as the weighted ones did when they were last looked at, from 1 to
            H, the mean over the frames that are resampled by themselves; None from all others.
    """

    x0: Float[Tensor, "H F J 3"]
    sigma: float
    index: int
    total: int
    energy: Float[Tensor, "H F"] | None
    calls: int
    root: Float[Tensor, "H F 3"] | None = None
    camera: Float[Tensor, "H P"] | None = None
    effective_samples: float | None = None


@attrs.frozen(kw_only=True, eq=False)
class RootPrior:
    """What is known of the root before the evidence: N(mean, deviation² I) in each frame.

    Where the prior ties frames together, the deviation is that of the root's mean over the clip.

    Attributes:
        mean: (F, 3) in the world, metres.
        deviation: metres; 0 where the root is known.
        travel: how far a person usually goes while the clip lasts, metres; of clips alone.
    """

    mean: Float[Tensor, "F 3"]
    deviation: float
    travel: float = 0.0


@runtime_checkable
class UnknownCamera(Protocol):
    """What is unknown of the camera before which a person stands: P numbers that frames share.

    To the energies the camera is as it is given. What it sees of a pose before another camera is
    another pose about the same root: prior knowledge is of the one, evidence of the other.
    """

    @property
    def deviation(self) -> Float[Tensor, " P"]:
        """Of each, which is normal with mean 0 before the evidence."""
        ...

    @property
    def alike(self) -> float:
        """Frames whose evidence counts as that of one, at least 1.

        Poses that follow each other say nearly the same of a camera, also where the prior takes
        them for independent.
        """
        ...

    def as_seen(
        self, pose: Float[Tensor, "H F J 3"], unknown: Float[Tensor, "H P"]
    ) -> Float[Tensor, "H F J 3"]:
        """What energies are to be given for a pose; linear in the pose."""
        ...

    def as_is(
        self, pose: Float[Tensor, "H F J 3"], unknown: Float[Tensor, "H P"]
    ) -> Float[Tensor, "H F J 3"]:
        """The pose of which `as_seen` makes this one."""
        ...

    def slopes(
        self, pose: Float[Tensor, "H F J 3"], unknown: Float[Tensor, "H P"]
    ) -> Float[Tensor, "H F J 3 P"]:
        """The derivatives of `as_seen` by the unknowns."""
        ...

    def place(
        self, root: Float[Tensor, "H F 3"], unknown: Float[Tensor, "H P"]
    ) -> Float[Tensor, "H F 3"]:
        """Where in the world the root is that energies are given, metres."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class Expansion:
    """The energy near some poses and roots, to second order.

    D = 3 J + 3: the coordinates of joint 0, of joint 1 and so on, in units of the prior's scale,
    then those of the root, in metres.

    Attributes:
        energy: (H, F) nats.
        gradient: (H, F, D), or what `Quadratic` calls the heading.
        curvature: (F, D, D) positive semi-definite, in units of each hypothesis's strength, the
            mean over the hypotheses.
        strength: (H, F) above 0; the curvature of a hypothesis is about strength · curvature.
    """

    energy: Float[Tensor, "H F"]
    gradient: Float[Tensor, "H F D"]
    curvature: Float[Tensor, "F D D"]
    strength: Float[Tensor, "H F"]


@runtime_checkable
class Problem(Protocol):
    """What a second-order sampler knows beside the energy of poses alone.

    Poses are clean, in units of the prior's scale, with joint 0, the root, at 0. The root's place
    in the world is an unknown of its own, and so may be something of the camera.
    """

    @property
    def residual(self) -> ResidualCovariance | None:
        """How far the denoiser is from the truth; None where the prior does not say."""
        ...

    @property
    def motion(self) -> bool:
        """Whether the prior ties frames together; otherwise each is a pose by itself."""
        ...

    @property
    def root(self) -> RootPrior:
        """What is known of the root before its evidence."""
        ...

    @property
    def camera(self) -> UnknownCamera | None:
        """What is unknown of the camera; None where it is known."""
        ...

    def place(self, x0: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F 3"]:
        """Roots that suit poses well, metres: a start for the search of the best."""
        ...

    def energy(
        self, x0: Float[Tensor, "H F J 3"], root: Float[Tensor, "H F 3"]
    ) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame."""
        ...

    def expand(self, x0: Float[Tensor, "H F J 3"], root: Float[Tensor, "H F 3"]) -> Expansion:
        """The energy to second order; free of any graph."""
        ...


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
        problem: Problem | None = None,
    ) -> Iterator[Level]:
        """Sample, yielding once a noise level; the last `Level.x0` is the sample.

        Arguments:
            denoise: D(x_σ, σ) on all hypotheses at once. A gradient passes through it where its
                argument asks for one.
            schedule: the noise levels that the denoiser was trained at.
            noise: standard normal; its shape is that of the sample.
            energy: nats per hypothesis and frame of clean poses in units of the prior's scale,
                differentiable; None samples the prior. The root is where it suits the pose best.
            generator: any further randomness.
            initial: clean poses to start from; None starts from the zero pose.
            problem: the same energy with the root and the curvature, and the residual of the
                denoiser, for samplers that know what to do with them.
        """
        ...


@hookspec
def platypose_samplers() -> Iterable[Spec[Sampler]]:  # type: ignore[empty-body]
    """Samplers that this plugin offers."""


KIND: Kind[Sampler] = Kind(name="sampler", protocol=Sampler, hook=platypose_samplers)
