"""Exact weights of what a Laplace approximation draws."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Problem
from platypose_diffusion.gauss_newton import Draw, Laplace, parts
from platypose_diffusion.precision import Normal


def best_weighted(
    found: Laplace,
    evidence: Problem,
    candidates: int,
    normal: Normal,
    generator: torch.Generator,
) -> tuple[Draw, float]:
    """One of several draws of each hypothesis, by their weights.

    Sampling importance resampling (Rubin, 1988): with ever more candidates the one that is kept is
    a draw from prior times evidence, whatever the approximation misses of that. Independent frames
    are weighed each by itself, clips as a whole.

    Arguments:
        found: the approximation, of poses that share nothing.
        evidence: the energy.
        candidates: draws of each hypothesis.
        normal: standard normal numbers.
        generator: of the choice.

    Returns:
        the draw, and how many hypotheses of equal weight its candidates were worth: the number of
        hypotheses times the effective share of the candidates, the mean over all.
    """
    draws = [found.draw(normal) for _ in range(candidates)]
    energies = [evidence.energy(*parts(draw.theta)).mT for draw in draws]
    log = torch.stack([found.log_weight(d, e) for d, e in zip(draws, energies)])
    if found.prior.transform is not None:
        log = log.sum(1, keepdim=True)
    weight: Float[Tensor, "C G H"] = log.softmax(0)
    share = 1 / (weight.square().sum(0) * candidates)
    limits = weight.cumsum(0)
    # The same for all frames, to keep hypotheses continuous.
    level = torch.rand(weight.shape[2], generator=generator, device=weight.device)
    chosen = (limits < level.to(limits) * limits[-1:]).sum(0)
    each = chosen.expand(len(draws[0].zeta), -1)[None, ..., None]

    def kept(values: list[Tensor]) -> Tensor:
        index = each.expand(1, -1, -1, values[0].shape[-1])
        return torch.stack(values).gather(0, index)[0]

    draw = Draw(
        zeta=kept([d.zeta for d in draws]),
        eta=draws[0].eta,
        theta=kept([d.theta for d in draws]),
    )
    return draw, float(share.mean()) * weight.shape[2]
