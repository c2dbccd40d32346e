"""What this distribution offers to Platypose."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Denoiser, Sampler, Schedule, Spec, hookimpl
from platypose_diffusion.config import (
    AncestralConfig,
    CosineConfig,
    DAPSConfig,
    DiffPIRConfig,
    DPSConfig,
    GaussianMixtureConfig,
    GuidedDDIMConfig,
    KarrasConfig,
    LinearConfig,
    PosteriorConfig,
    TDSConfig,
)

PLATYPOSE_API = 1


@hookimpl
def platypose_denoisers() -> Iterable[Spec[Denoiser]]:
    """A denoiser in closed form, for exact posteriors."""
    return [
        Spec(
            "gaussian-mixture",
            GaussianMixtureConfig,
            "platypose_diffusion.mixture:GaussianMixture",
            "Exact denoiser of a mixture of Gaussians, whose posteriors are known.",
        )
    ]


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
    """The published guided DDIM, ancestral and posterior sampling, and others to compare with."""
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
        Spec(
            "dps",
            DPSConfig,
            "platypose_diffusion.dps:DPS",
            "Steps down the gradient of the energy through the denoiser (Chung et al., 2023).",
        ),
        Spec(
            "daps",
            DAPSConfig,
            "platypose_diffusion.daps:DAPS",
            "Monte Carlo on clean poses at every level, then fresh noise (Zhang et al., 2024).",
        ),
        Spec(
            "diffpir",
            DiffPIRConfig,
            "platypose_diffusion.diffpir:DiffPIR",
            "A proximal step on the energy at every level, then fresh noise (Zhu et al., 2023).",
        ),
        Spec(
            "tds",
            TDSConfig,
            "platypose_diffusion.tds:TDS",
            "Hypotheses as particles, twisted, weighted and resampled (Wu et al., 2023).",
        ),
    ]
