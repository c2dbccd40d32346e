"""How far a denoiser is from the truth: the covariance of its residual, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Denoiser
from platypose.checkpoint.residual import ResidualCovariance, cosine_transform
from platypose.skeleton import Skeleton
from platypose.training.augment import Augmenter
from platypose.training.clips import Clips

Draw = Callable[[int, int], Float[Tensor, "B F J 3"]]
"""(batch, frames) → clips relative to their roots, metres, z up."""

LEVELS = tuple(0.02 * 1000 ** (level / 13) for level in range(14))
"""Noise levels to measure at, in units of the prior's scale: 0.02 to 20."""

FRAMES_PER_LEVEL = 32768
"""Frames that are denoised for each level and length of clips."""

_FEWEST_CLIPS = 1024
_ENOUGH = 10
"""Clips for each coordinate from which on nothing is shrunk."""
_BATCH_FRAMES = 8192


def residuals_in_training(
    denoiser: Denoiser,
    clips: Clips,
    augment: Augmenter,
    scale: float,
    *,
    skeleton: Skeleton,
    longest: int,
    frames_per_level: int = FRAMES_PER_LEVEL,
) -> ResidualCovariance:
    """`measure_residuals` on clips varied as a training run varies them.

    Arguments:
        denoiser: in evaluation mode.
        clips: of the split that it was trained on.
        augment: the variations; its generator draws clips and noise too.
        scale: metres in one unit of the denoiser's poses.
        skeleton: of the clips.
        longest: frames of the longest clip.
        frames_per_level: how many frames are denoised for each level and length.
    """
    generator = augment.generator

    def draw(batch: int, frames: int) -> Tensor:
        return augment(clips.draw(batch, frames, generator))

    return measure_residuals(
        denoiser,
        draw,
        scale,
        skeleton=skeleton,
        longest=longest,
        generator=generator,
        frames_per_level=frames_per_level,
        symmetric=augment.config.yaw and augment.config.mirror,
    )


def measure_residuals(
    denoiser: Denoiser,
    draw: Draw,
    scale: float,
    *,
    skeleton: Skeleton,
    longest: int,
    generator: torch.Generator,
    sigmas: Sequence[float] = LEVELS,
    frames_per_level: int = FRAMES_PER_LEVEL,
    symmetric: bool = True,
) -> ResidualCovariance:
    """Measure E[(x0 − D(x_σ, σ))(x0 − D(x_σ, σ))ᵀ].

    Clips of 1, 4, 16, … frames and of `longest` are drawn anew at every level. Of a long clip,
    about five cosine coefficients an octave are kept; between them the covariance is smooth.

    Where few clips were drawn, the matrix is shrunk towards its diagonal (oracle approximating
    shrinkage, of the correlations). Source: Chen, Wiesel, Eldar and Hero, Shrinkage Algorithms
    for MMSE Covariance Estimation, IEEE Transactions on Signal Processing, 2010, equation 23.

    Arguments:
        denoiser: in evaluation mode.
        draw: clips as in training, augmentation included.
        scale: metres in one unit of the denoiser's poses.
        skeleton: of the clips.
        longest: frames of the longest clip.
        generator: of the noise, on the denoiser's device.
        sigmas: noise levels, ascending, in units of the prior's scale.
        frames_per_level: how many frames are denoised for each level and length; of long clips
            more, so that there are a thousand clips.
        symmetric: whether people face anywhere and are as often mirrored, so that the covariance
            is the same after any yaw and after a mirror; it is then averaged over both.
    """
    lengths = _lengths(longest)
    rows = [(length, k) for length in lengths for k in _coefficients(length)]

    def measured(sigma: float, length: int) -> Tensor:
        residuals = _residuals(denoiser, draw, scale, sigma, length, frames_per_level, generator)
        return _covariance(residuals, skeleton, symmetric)

    covariance = [torch.cat([measured(sigma, length) for length in lengths]) for sigma in sigmas]
    return ResidualCovariance.from_covariance(
        sigma=torch.tensor(sigmas, dtype=torch.float64),
        frames=torch.tensor([length for length, _ in rows]),
        coefficient=torch.tensor([k for _, k in rows]),
        covariance=torch.stack(covariance),
    )


def _lengths(longest: int) -> list[int]:
    """1, 4, 16 … and the longest."""
    lengths = []
    length = 1
    while length < longest:
        lengths.append(length)
        length *= 4
    return [*lengths, longest]


def _coefficients(frames: int) -> list[int]:
    """0 to 4, then ever farther apart, to the last."""
    chosen = [0]
    while chosen[-1] < frames - 1:
        chosen.append(max(chosen[-1] + 1, round(1.35 * chosen[-1])))
    return [*chosen[:-1], frames - 1] if frames > 1 else chosen


@torch.no_grad()
def _residuals(
    denoiser: Denoiser,
    draw: Draw,
    scale: float,
    sigma: float,
    frames: int,
    frames_per_level: int,
    generator: torch.Generator,
) -> Iterator[Float[Tensor, "B R D"]]:
    """Cosine coefficients of the residual, batch by batch."""
    rows = torch.tensor(_coefficients(frames))
    transform = cosine_transform(frames, dtype=torch.float64)[rows]
    clips = max(-(-frames_per_level // frames), min(frames_per_level, _FEWEST_CLIPS))
    largest = max(_BATCH_FRAMES // frames, 1)
    for start in range(0, clips, largest):
        batch = min(largest, clips - start)
        x0 = draw(batch, frames) / scale
        noise = torch.randn(x0.shape, generator=generator, device=x0.device, dtype=x0.dtype)
        estimate = denoiser(x0 + sigma * noise, x0.new_full((batch,), sigma))
        # In double precision on the CPU, because some devices have none.
        residual = (x0 - estimate)[:, :, 1:].flatten(2).to("cpu", torch.float64)
        yield torch.einsum("rf,bfd->brd", transform, residual)


def _covariance(
    residuals: Iterator[Float[Tensor, "B R D"]], skeleton: Skeleton, symmetric: bool
) -> Float[Tensor, "R D D"]:
    """The second moment, averaged over the symmetries and shrunk."""
    count, total = 0, torch.zeros(())
    for batch in residuals:
        count += len(batch)
        total = total + torch.einsum("brd,bre->rde", batch, batch)
    moment = total / count
    return _shrunk(averaged_over_symmetries(moment, skeleton) if symmetric else moment, count)


def averaged_over_symmetries(
    covariance: Float[Tensor, "R D D"], skeleton: Skeleton
) -> Float[Tensor, "R D D"]:
    """The mean of a covariance of poses over every yaw, and over the mirror.

    Of a block of two joints' x, y and z, what survives every yaw is a multiple of the identity
    and one of the quarter turn among x and y, and the variance of z.
    """
    joints = len(skeleton.joints) - 1
    block = covariance.reshape(-1, joints, 3, joints, 3)
    order = torch.tensor(_mirrored_joints(skeleton))
    sign = torch.tensor([-1.0, 1.0, 1.0], dtype=covariance.dtype)
    other = block[:, order][:, :, :, order] * sign[:, None, None] * sign
    block = (block + other) / 2
    even = (block[:, :, 0, :, 0] + block[:, :, 1, :, 1]) / 2
    odd = (block[:, :, 0, :, 1] - block[:, :, 1, :, 0]) / 2
    mean = torch.zeros_like(block)
    mean[:, :, 0, :, 0], mean[:, :, 1, :, 1], mean[:, :, 2, :, 2] = even, even, block[:, :, 2, :, 2]
    mean[:, :, 0, :, 1], mean[:, :, 1, :, 0] = odd, -odd
    return mean.reshape(covariance.shape)


def _mirrored_joints(skeleton: Skeleton) -> list[int]:
    return [joint - 1 for joint in skeleton.mirror[1:]]


def _shrunk(covariance: Float[Tensor, "R D D"], count: int) -> Float[Tensor, "R D D"]:
    """Towards the diagonal, by oracle approximating shrinkage of the correlations.

    The weight minimises the squared error of the matrix, which ignores its small eigenvalues. In
    poses these say that bones are stiff, so nothing is shrunk that can do without.
    """
    size = covariance.shape[-1]
    if count >= _ENOUGH * size:
        return covariance
    deviation = covariance.diagonal(dim1=-2, dim2=-1).sqrt()
    correlation = covariance / (deviation[..., None] * deviation[..., None, :])
    square = correlation.square().sum((-2, -1))
    weight = ((1 - 2 / size) * square + size**2) / (
        (count + 1 - 2 / size) * (square - size).clamp(min=1e-9)
    )
    weight = weight.clamp(max=1.0)[:, None, None]
    return (1 - weight) * covariance + weight * torch.diag_embed(
        covariance.diagonal(dim1=-2, dim2=-1)
    )
