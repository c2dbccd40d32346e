"""What this distribution offers to Platypose."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Sampler, Schedule, Spec, hookimpl
from platypose_diffusion.config import (
    AncestralConfig,
    CosineConfig,
    GuidedDDIMConfig,
    KarrasConfig,
    LinearConfig,
    PosteriorConfig,
)

PLATYPOSE_API = 1


@hookimpl
def platypose_schedules() -> Iterable[Spec[Schedule]]:
    """The cosine, linear and Karras schedules."""
    return [
        Spec(
            "cosine",
            CosineConfig,
            "platypose_diffusion.schedules:cosine",
            "Cosine noise levels (Nichol & Dhariwal, 2021), 50 of them as published for poses.",
        ),
        Spec(
            "linear",
            LinearConfig,
            "platypose_diffusion.schedules:linear",
            "Noise levels of linearly growing β (Ho et al., 2020).",
        ),
        Spec(
            "karras",
            KarrasConfig,
            "platypose_diffusion.schedules:karras",
            "Noise levels σ evenly spaced in σ^(1/ρ) (Karras et al., 2022).",
        ),
    ]


@hookimpl
def platypose_samplers() -> Iterable[Spec[Sampler]]:
    """The published guided DDIM, ancestral sampling, and second-order posterior sampling."""
    return [
        Spec(
            "guided-ddim",
            GuidedDDIMConfig,
            "platypose_diffusion.guided_ddim:GuidedDDIM",
            "Deterministic sampling; gradient descent on the energy at every level (Platypose).",
        ),
        Spec(
            "ancestral",
            AncestralConfig,
            "platypose_diffusion.ancestral:Ancestral",
            "Sampling with fresh noise at every level (DDPM), guided by the same descent.",
        ),
        Spec(
            "posterior",
            PosteriorConfig,
            "platypose_diffusion.posterior:Posterior",
            "Draws from prior times likelihood at every level, by Gauss–Newton and Laplace.",
        ),
    ]
