"""Whether a prior repeats what it was trained on."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from platypose.evaluation.prior.features import MM, facing, of_one_size
from platypose.skeleton import Skeleton

_PAIRS = 2**24
"""Distances held at once; bounds memory."""


def clip_features(clips: Float[Tensor, "B F J 3"], skeleton: Skeleton) -> Float[Tensor, "B D"]:
    """Each clip as one vector, in the heading of its first frame, of a body of one size.

    Divided so that a distance is the root mean square of a joint's over frames and joints, mm.
    """
    turned = facing(of_one_size(clips, skeleton), skeleton, once=True)[:, :, 1:]
    joints: int = turned.shape[1] * turned.shape[2]
    return MM * turned.flatten(1) / math.sqrt(joints)


def nearest(
    queries: Float[Tensor, "N D"],
    references: Float[Tensor, "M D"],
    *,
    of: Int[Tensor, " N"] | None = None,
    among: Int[Tensor, " M"] | None = None,
) -> Float[Tensor, " N"]:
    """The distance from each query to the nearest reference.

    Arguments:
        queries: vectors.
        references: vectors.
        of: the recording of each query; its own recording is then left out.
        among: the recording of each reference.
    """
    parts = []
    size = max(_PAIRS // len(references), 1)
    for start in range(0, len(queries), size):
        part = queries[start : start + size]
        distance = torch.cdist(part, references)
        if of is not None and among is not None:
            distance[of[start : start + size, None] == among] = torch.inf
        closest = distance.argmin(1)
        # cdist by matrix products is fast and rounds; the distance that is given does not.
        exact = (part - references[closest]).norm(dim=1)
        parts.append(exact.masked_fill(distance.amin(1).isinf(), torch.inf))
    return torch.cat(parts)


def nearer(a: Float[Tensor, " N"], b: Float[Tensor, " M"]) -> float:
    """The probability that a number of `a` is below one of `b`, ties counting half."""
    ordered = b.sort().values
    below = torch.searchsorted(ordered, a, right=False)
    upto = torch.searchsorted(ordered, a, right=True)
    return float(1 - (below + upto).double().mean() / (2 * len(b)))
