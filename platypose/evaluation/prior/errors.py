"""How well a prior denoises: by noise level, stance, tilt and size of the body."""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.checkpoint.prior import Prior
from platypose.motion import STANCES, stance

SIGMAS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Noise levels, in units of the prior's scale."""
TILTS = (10.0, 20.0)
"""Of a camera that is not level, degrees."""
SIZES = (0.8, 1.2)
"""Factors on the body."""

_BATCH_FRAMES = 4096
_FEWEST = 30
"""Frames below which a stance is not reported."""


@attrs.frozen(kw_only=True, eq=False)
class Errors:
    """Squared errors of some clips.

    Attributes:
        square: mean over a pose's coordinates, in squared mm, by noise level, clip and frame.
        stance: of each frame, as an index of `STANCES`.
        weight: how many recorded frames one of these frames stands for.
    """

    square: Float[Tensor, "S B F"]
    stance: Float[Tensor, "B F"]
    weight: float


def errors_of(prior: Prior, clips: Float[Tensor, "B F J 3"], weight: float, *, seed: int) -> Errors:
    """Denoise clips at every level of `SIGMAS`, each level with the same noise.

    Arguments:
        prior: whose denoiser it is.
        clips: root-relative, metres, z up.
        weight: how many recorded frames one of these frames stands for.
        seed: of the noise.
    """
    scale = prior.header.scale
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(clips.shape, generator=generator)
    names = stance(clips.numpy())
    squares = torch.empty(len(SIGMAS), *clips.shape[:2])
    size = max(_BATCH_FRAMES // clips.shape[1], 1)
    with torch.inference_mode():
        for start in range(0, len(clips), size):
            part = slice(start, start + size)
            x0 = (clips[part] / scale).to(prior.device, prior.dtype)
            n = noise[part].to(prior.device, prior.dtype)
            for level, sigma in enumerate(SIGMAS):
                estimate = prior.denoiser(x0 + sigma * n, x0.new_full((len(x0),), sigma))
                square = (estimate - x0)[:, :, 1:].float().square().mean((2, 3))
                squares[level, part] = (1000 * scale) ** 2 * square.cpu()
    indices = np.select([names == name for name in STANCES], list(range(len(STANCES))))
    return Errors(square=squares, stance=torch.from_numpy(indices).float(), weight=weight)


def rms(*parts: Errors) -> list[float]:
    """Root mean square error of a coordinate over all recorded frames, mm, by noise level."""
    total = sum(part.weight * part.square.double().sum((1, 2)) for part in parts)
    count = sum(part.weight * part.stance.numel() for part in parts)
    return [float(value) for value in (torch.as_tensor(total) / count).sqrt()]


def by_stance(*parts: Errors) -> dict[str, dict[str, object]]:
    """For each stance its share of the frames and its `rms`; stances seldom seen are left out."""
    count = sum(part.weight * part.stance.numel() for part in parts)
    result: dict[str, dict[str, object]] = {}
    for index, name in enumerate(STANCES):
        chosen = [(part, part.stance == index) for part in parts]
        frames = sum(part.weight * int(mask.sum()) for part, mask in chosen)
        if sum(int(mask.sum()) for _, mask in chosen) < _FEWEST:
            continue
        total = sum(part.weight * part.square[:, mask].double().sum(1) for part, mask in chosen)
        error = [float(value) for value in (torch.as_tensor(total) / frames).sqrt()]
        result[name] = {"share": frames / count, "rms_mm": error}
    return result


def tilted(
    clips: Float[Tensor, "B F J 3"], degrees: float, generator: torch.Generator
) -> Float[Tensor, "B F J 3"]:
    """Turn each clip by that angle about a horizontal axis of its own, anywhere."""
    heading = 2 * math.pi * torch.rand(len(clips), generator=generator)
    axis = torch.stack([heading.cos(), heading.sin(), torch.zeros_like(heading)], -1)
    axis = axis[:, None, None]
    angle = math.radians(degrees)
    # Rodrigues' formula.
    along = (clips * axis).sum(-1, keepdim=True) * axis
    across = torch.linalg.cross(axis.expand_as(clips), clips)
    turned: Tensor = along + math.cos(angle) * (clips - along) + math.sin(angle) * across
    return turned


def ratios(errors: Mapping[str, list[float]], to: list[float]) -> dict[str, list[float]]:
    """Each list divided by another, noise level by noise level."""
    return {name: [e / t for e, t in zip(error, to)] for name, error in errors.items()}
