"""Poses and velocities as numbers whose distances mean something, and the Fréchet distance."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.skeleton import Skeleton

MM = 1000.0
"""Millimetres in a metre."""


def facing(
    clips: Float[Tensor, "B F J 3"], skeleton: Skeleton, *, once: bool = False
) -> Float[Tensor, "B F J 3"]:
    """Turn every pose about the vertical so that the person's left is x.

    Left is where hips and shoulders say it is.

    Arguments:
        clips: root-relative, z up.
        skeleton: of the clips.
        once: turn a whole clip by the heading of its first frame.
    """
    left, right = (
        clips[:, :, [skeleton.joints.index(f"{side}_{part}") for part in ("hip", "shoulder")], :2]
        for side in ("left", "right")
    )
    axis = (left - right).sum(2)
    if once:
        axis = axis[:, :1]
    length = axis.norm(dim=-1, keepdim=True)
    # Someone who lies on the side has no left on the ground; any direction serves.
    axis = torch.where(length > 1e-6, axis / length.clamp(min=1e-6), axis.new_tensor([1.0, 0.0]))
    cos, sin = axis[..., None, 0], axis[..., None, 1]
    x, y, z = clips.unbind(-1)
    return torch.stack([cos * x + sin * y, cos * y - sin * x, z], -1)


def bone_lengths(clips: Float[Tensor, "B F J 3"], skeleton: Skeleton) -> Float[Tensor, "B F N"]:
    """The length of every bone, in the order of `Skeleton.bones`."""
    parents, children = zip(*skeleton.bones)
    lengths: Tensor = (clips[:, :, list(children)] - clips[:, :, list(parents)]).norm(dim=-1)
    return lengths


def of_one_size(clips: Float[Tensor, "B F J 3"], skeleton: Skeleton) -> Float[Tensor, "B F J 3"]:
    """Scale each clip so that its bones have the total length of the skeleton's standing adult."""
    standing = torch.tensor(skeleton.standing, dtype=clips.dtype, device=clips.device)
    adult = bone_lengths(standing[None, None], skeleton).sum()
    total = bone_lengths(clips, skeleton).sum(-1).mean(1).clamp(min=1e-6)
    return clips * (adult / total)[:, None, None, None]


def pose_features(clips: Float[Tensor, "B F J 3"], skeleton: Skeleton) -> Float[Tensor, "N D"]:
    """Every frame as a vector: joints that face one way, of bodies of one size, mm.

    The root, always 0, is left out.
    """
    turned = facing(of_one_size(clips, skeleton), skeleton)
    return MM * turned[:, :, 1:].flatten(2).flatten(0, 1)


def velocity_features(
    clips: Float[Tensor, "B F J 3"], skeleton: Skeleton, frame_rate: float
) -> Float[Tensor, "N D"]:
    """Every step from frame to frame as a vector: the joints' velocities, mm/s.

    In the heading of the earlier frame, of bodies of one size.
    """
    clips = of_one_size(clips, skeleton)
    steps = torch.stack([clips[:, :-1], clips[:, 1:]], 2).flatten(0, 1)
    turned = facing(steps, skeleton, once=True)
    return MM * frame_rate * (turned[:, 1] - turned[:, 0])[:, 1:].flatten(1)


def frechet_distance(a: Float[Tensor, "N D"], b: Float[Tensor, "M D"]) -> float:
    """The Fréchet distance of the Gaussians with the moments of two sets of vectors.

    d² = |μ_a − μ_b|² + tr(C_a + C_b − 2 (C_a^½ C_b C_a^½)^½); d is in the vectors' unit and, for
    Gaussians, the least root mean square distance by which one can be moved into the other.
    Source: Dowson and Landau, The Fréchet distance between multivariate normal distributions,
    Journal of Multivariate Analysis 12, 1982.
    """
    (mean_a, cov_a), (mean_b, cov_b) = _moments(a), _moments(b)
    values, vectors = torch.linalg.eigh(cov_a)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.mT
    middle = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    square = (mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * middle
    return float(square.clamp(min=0).sqrt())


def _moments(x: Float[Tensor, "N D"]) -> tuple[Float[Tensor, " D"], Float[Tensor, "D D"]]:
    x = x.cpu().double()
    mean = x.mean(0)
    return mean, (x - mean).mT @ (x - mean) / max(len(x) - 1, 1)
