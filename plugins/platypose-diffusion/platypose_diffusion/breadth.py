"""How broad the prior is about a clip, as its evidence has it.

The covariance of the denoiser's residual is a mean over all clips that the prior has seen. Lively
people have more motion than that and others less. So the motion of a clip, in bands of an octave,
takes its breadth from the evidence (MacKay, Neural Computation 4(3), 1992): at the right breadth,
the squares of ζ amount to the number of coordinates that the evidence tells. A frame by itself
tells too few for that, and there a prior is made broader only where it clearly does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from platypose_diffusion.level_prior import LevelPrior

SLACK = 10.0
"""Coordinates that speak for the breadth as it is."""
QUICKEST = 1.4
"""The most that a breadth changes at once, as a factor."""
NARROWEST, BROADEST = 0.3, 2.0
"""Of the prior's own."""
MISFIT = 1.5
"""Times the squares of ζ that are to be expected, from which on a frame's prior is broader."""


def bands(frames: int) -> Iterator[slice]:
    """The cosine coefficients of motion by octaves: 1, 2 to 3, 4 to 7 and so on."""
    low = 1
    while low < frames:
        yield slice(low, 2 * low)
        low *= 2


def refitted(
    prior: LevelPrior, zeta: Float[Tensor, "F H N"], told: Float[Tensor, "F H"]
) -> tuple[LevelPrior, Float[Tensor, "F H N"]]:
    """The prior, broader or narrower, and the same poses in its coordinates.

    Arguments:
        prior: as it is.
        zeta: near the mode.
        told: coordinates of poses that the evidence tells.
    """
    size = zeta[..., : prior.of_pose].square().sum(-1)
    breadth = prior.breadth.clone()
    if prior.transform is None:
        misfit = (size / (told + SLACK)).median(1).values
        breadth = breadth * (misfit / MISFIT).sqrt().clamp(1, QUICKEST)
    else:
        for band in bands(len(zeta)):
            misfit = ((size[band].sum(0) + SLACK) / (told[band].sum(0) + SLACK)).median()
            breadth[band] *= misfit.sqrt().clamp(1 / QUICKEST, QUICKEST)
    breadth = breadth.clamp(NARROWEST, BROADEST)
    ratio = (breadth / prior.breadth)[:, None, None]
    scale = torch.ones_like(zeta[:1, :1]).repeat(len(zeta), 1, 1)
    scale[..., : prior.of_pose] *= ratio
    return prior.scaled(scale, breadth), zeta / scale
