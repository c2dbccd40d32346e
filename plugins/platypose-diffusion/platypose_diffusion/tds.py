"""The twisted diffusion sampler: hypotheses are particles, drawn and weighted by the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from platypose.api import Level, Problem
from platypose_diffusion.config import TDSConfig
from platypose_diffusion.levels import (
    noised_to_first,
    normal_like,
    residual_variance,
    reverse_step,
)
from platypose_diffusion.sampling import Denoise, Energy, FunctionSampler
from platypose_diffusion.through import guide_through


def tds(
    denoise: Denoise,
    x: Float[Tensor, "H F J 3"],
    sigmas: Sequence[float],
    *,
    energy: Energy | None,
    problem: Problem | None,
    config: TDSConfig,
    generator: torch.Generator,
) -> Iterator[Level]:
    """Draw each level as `dps` does, and weigh the hypotheses by what such draws get wrong.

    At each level a hypothesis stands for p(x_σ) times the twist exp(−E(D(x_σ, σ)) / (1 + κ r²)),
    the energy's share that is left when a Gaussian x0 of variance r² is averaged over; κ r² is the
    median of all hypotheses. At the last level the twist is exp(−E) itself, so that with ever
    more hypotheses the weighted ones tend to the posterior, whatever the twists before. There all
    are resampled, which leaves some of them several times. Single frames are weighed each by
    themselves, clips as a whole.

    Source: Wu et al., arXiv 2306.17775, algorithm 1.

    Arguments as for `Draw`; the problem tells how uncertain clean poses are.
    """
    clip = problem is None or problem.motion

    def whole(each: Float[Tensor, "H F"]) -> Float[Tensor, "H G"]:
        return each.sum(1, keepdim=True) if clip else each

    weight = twist = whole(torch.zeros_like(x[..., 0, 0]))
    e, effective = None, None
    for index, sigma in enumerate(sigmas):
        done, last = index + 1, index + 1 == len(sigmas)
        if energy is None:
            with torch.no_grad():
                x0 = moved = denoise(x, sigma)
        else:
            guide = guide_through(denoise, energy, x, sigma)
            x0, moved, e = guide.x0, guide.moved(), guide.energy
            stiffness = 0 * e if last else guide.stiffness.median(0).values
            twist = whole(-e / (1 + stiffness))
            weight = weight + twist
            number = effective_number(weight)
            effective = float(number.mean())
            again = (number < config.resample_below * len(x)) | last
            parents = torch.where(again, systematic(weight, generator), own_parents(weight))
            weight, twist = torch.where(again, 0.0, weight), twist.gather(0, parents)
            parents = parents.expand(e.shape)
            x, x0, moved, e = (taken(each, parents) for each in (x, x0, moved, e))
        yield Level(
            x0=x0,
            sigma=sigma,
            index=done,
            total=len(sigmas),
            energy=e,
            calls=done,
            effective_samples=effective,
        )
        if not last:
            variance = residual_variance(x, problem, sigma)
            mean, spread = reverse_step(x, x0, sigma, sigmas[done], variance)
            proposed, _ = reverse_step(x, moved, sigma, sigmas[done], variance)
            z = normal_like(x, problem, generator)
            x = proposed + spread.sqrt() * z
            ratio = (z.square() - (x - mean).square() / spread).sum((-1, -2)) / 2
            weight = weight - twist + whole(ratio)


def effective_number(weight: Float[Tensor, "H G"]) -> Float[Tensor, " G"]:
    """1 / Σ w² of normalised weights, from 1 to H.

    Arguments:
        weight: logarithms, up to a constant.
    """
    number: Tensor = 1 / weight.softmax(0).square().sum(0)
    return number


def systematic(weight: Float[Tensor, "H G"], generator: torch.Generator) -> Int[Tensor, "H G"]:
    """Which hypotheses to go on with, each ⌊H w⌋ or ⌈H w⌉ times; ascending.

    One random number serves all frames, so that alike weights choose alike. Source: Carpenter et
    al., doi 10.1049/ip-rsn:19990255.

    Arguments:
        weight: logarithms, up to a constant.
        generator: of the random number.
    """
    size = len(weight)
    luck = torch.rand((), generator=generator, device=weight.device, dtype=weight.dtype)
    marks = (torch.arange(size).to(weight) + luck) / size
    edges = weight.softmax(0).cumsum(0).mT.contiguous()
    return torch.searchsorted(edges, marks.expand_as(edges).contiguous()).mT.clamp(max=size - 1)


def own_parents(weight: Float[Tensor, "H G"]) -> Int[Tensor, "H G"]:
    """Every hypothesis goes on as it is."""
    return torch.arange(len(weight), device=weight.device)[:, None].expand(weight.shape)


def taken(each: Float[Tensor, "H F *N"], parents: Int[Tensor, "H F"]) -> Float[Tensor, "H F *N"]:
    """What the parents have, frame by frame."""
    frames = torch.arange(each.shape[1], device=each.device)
    return each[parents, frames]


TDS = partial(FunctionSampler, noised_to_first, tds)
"""Of the schedule, the range of its levels is kept to.

Hypotheses are weighed against one another, so their number matters.
"""
