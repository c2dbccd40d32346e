"""Sampling the posterior: the denoiser's own uncertainty times the likelihood, at every level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import (
    Expansion,
    Level,
    Problem,
    RootPrior,
    UnknownCamera,
)
from platypose.lifting.curvature import expand
from platypose_diffusion.border import Shared
from platypose_diffusion.config import PosteriorConfig
from platypose_diffusion.gauss_newton import mode, parts
from platypose_diffusion.level_prior import LevelPrior, level_prior, warn_of_unmeasured
from platypose_diffusion.levels import noised_to_first
from platypose_diffusion.resample import best_weighted
from platypose_diffusion.sampling import Denoise, Energy, FunctionSampler

FIRST = 4
"""Times the steps of other levels, at the first."""


def posterior(
    denoise: Denoise,
    x: Float[Tensor, "H F J 3"],
    sigmas: Sequence[float],
    *,
    energy: Energy | None,
    problem: Problem | None,
    config: PosteriorConfig,
    generator: torch.Generator,
) -> Iterator[Level]:
    """At each noise level draw clean poses from p(x0 | x_σ) p(evidence | x0), and noise them again.

    p(x0 | x_σ) is taken as N(D(x_σ, σ), C_σ) with the measured covariance of the denoiser's
    residual; the product is approximated by the Gaussian at its mode (Laplace), which Gauss–Newton
    steps find. Where the prior is Gaussian and the evidence linear, every draw is exact.

    Arguments as for `Draw`; the problem has C_σ and the root, and without one poses have no root.
    """
    warn_of_unmeasured(problem)
    evidence: Problem | None = None
    if energy is not None:
        no_root = RootPrior(mean=torch.zeros_like(x[0, :, 0]), deviation=0.0)
        evidence = problem or PosesAlone(of_poses=energy, root=no_root)
    drawn = x.shape[1] if problem is None or problem.motion else 1

    def normal(size: int) -> Float[Tensor, "F H N"]:
        """The same in every frame where frames are single poses, to keep hypotheses continuous."""
        shape = (x.shape[0], drawn, size)
        z = torch.randn(shape, generator=generator, device=x.device, dtype=x.dtype)
        return z.movedim(0, 1).expand(x.shape[1], -1, -1)

    steps = config.steps
    if steps is None:
        roams = problem is not None and problem.motion and problem.root.deviation > 0
        steps = 3 if roams else 2
    camera = None if evidence is None else evidence.camera
    eta = x.new_zeros(len(x), 0 if camera is None else len(camera.deviation))
    before, breadth, effective = None, None, None
    for index, sigma in enumerate(sigmas):
        with torch.no_grad():
            x0 = denoise(x, sigma)
            shared = shared_at(eta, x0, camera) if eta.shape[1] and camera is not None else None
            if camera is not None:
                x0 = camera.as_seen(x0, eta * camera.deviation)
            prior = level_prior(x0, sigma, problem, config.temperature, breadth)
            if evidence is None:
                before = prior.theta(normal(prior.factor.shape[-1]))
            else:
                start = prior.zeta(placed(prior, evidence) if before is None else before)
                taken = steps if index > 0 else FIRST * steps
                found = mode(prior, evidence, start, taken, refit=config.refit, shared=shared)
                if config.candidates > 1 and shared is None:
                    draw, effective = best_weighted(
                        found, evidence, config.candidates, normal, generator
                    )
                else:
                    draw = found.draw(normal)
                before, eta, breadth = draw.theta, draw.eta, found.prior.breadth
            x0, root = parts(before)
            nats = None if evidence is None else evidence.energy(x0, root)
            if camera is not None:
                unknown = eta * camera.deviation
                x0, root = camera.as_is(x0, unknown), camera.place(root, unknown)
        yield Level(
            x0=x0,
            sigma=sigma,
            index=index + 1,
            total=len(sigmas),
            energy=nats,
            calls=index + 1,
            root=None if evidence is None or problem is None else root,
            camera=None if camera is None else eta * camera.deviation,
            effective_samples=effective,
        )
        if index + 1 < len(sigmas):
            fresh = normal(x0[0, 0].numel()).movedim(0, 1)
            x = x0 + sigmas[index + 1] * fresh.reshape(x0.shape)


def shared_at(
    eta: Float[Tensor, "H P"], x0: Float[Tensor, "H F J 3"], camera: UnknownCamera
) -> Shared:
    """How what is unknown of a camera moves what it sees of clean poses, near some η."""
    arm = (camera.slopes(x0, eta * camera.deviation) * camera.deviation).flatten(2, 3)
    arm = torch.nn.functional.pad(arm.movedim(0, 1), (0, 0, 0, 3))
    return Shared(arm=arm, at=eta, alike=camera.alike)


def placed(prior: LevelPrior, evidence: Problem) -> Float[Tensor, "F H D"]:
    """The mean of a prior, with the root where it suits the evidence best."""
    x0, root = parts(prior.mean)
    move = (evidence.place(x0) - root).movedim(0, 1)
    return prior.mean + torch.nn.functional.pad(move, (x0[0, 0].numel(), 0))


@attrs.frozen(kw_only=True, eq=False)
class PosesAlone:
    """A `Problem` of poses that have no root: an energy is all that is known of them.

    Attributes:
        of_poses: nats of clean poses, in units of the prior's scale.
        root: of no influence.
    """

    of_poses: Energy
    root: RootPrior
    residual: None = None
    camera: None = None
    motion: bool = True

    def place(self, x0: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F 3"]:
        """Zeros."""
        return torch.zeros_like(x0[:, :, 0])

    def energy(
        self, x0: Float[Tensor, "H F J 3"], root: Float[Tensor, "H F 3"]
    ) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame."""
        return self.of_poses(x0)

    def expand(self, x0: Float[Tensor, "H F J 3"], root: Float[Tensor, "H F 3"]) -> Expansion:
        """The energy to second order, flat in the root."""
        nats, slope, curvature, strength = expand([(1.0, self.of_poses)], x0)
        pad = torch.nn.functional.pad
        return Expansion(
            energy=nats,
            gradient=pad(slope.flatten(2), (0, 3)),
            curvature=pad(curvature, (0, 3, 0, 3)),
            strength=strength,
        )


Posterior = partial(FunctionSampler, noised_to_first, posterior)
"""The sampler `posterior`; of the schedule, the range of its levels is kept to."""
