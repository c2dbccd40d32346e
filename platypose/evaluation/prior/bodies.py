"""Whether poses are bodies: bones that keep their length, sides that match, feet that stand."""

from __future__ import annotations

import attrs
from jaxtyping import Float
from torch import Tensor

from platypose.evaluation.prior.features import MM, bone_lengths
from platypose.skeleton import Skeleton

LOW = 0.05
"""How far above the pose's lowest joint a foot that stands may be, metres."""
RISEN = 0.3
"""How far above it the hip must be, metres: of who lies or sits on the floor, feet are free."""


def bone_variation(clips: Float[Tensor, "B F J 3"], skeleton: Skeleton) -> Float[Tensor, " B"]:
    """Standard deviation of each bone's length over a clip's frames, mean over the bones, mm."""
    return MM * bone_lengths(clips, skeleton).std(1, correction=0).mean(-1)


def bone_asymmetry(clips: Float[Tensor, "B F J 3"], skeleton: Skeleton) -> Float[Tensor, " B"]:
    """Difference in length of a bone and its mirror image, mean over bones and frames, mm."""
    children = [child for _, child in skeleton.bones]
    pairs = [
        (children.index(child), children.index(skeleton.mirror[child]))
        for child in children
        if skeleton.mirror[child] > child
    ]
    one, other = zip(*pairs)
    lengths = bone_lengths(clips, skeleton)
    return MM * (lengths[:, :, list(one)] - lengths[:, :, list(other)]).abs().mean((1, 2))


@attrs.frozen(kw_only=True)
class Skating:
    """How much feet slide, at least.

    Attributes:
        mean: speed by which a foot in double support slides, mm/s; 0 where there is none.
        median: the same.
        share: of the steps from frame to frame that are double support.
    """

    mean: float
    median: float
    share: float


def foot_skating(clips: Float[Tensor, "B F J 3"], skeleton: Skeleton, frame_rate: float) -> Skating:
    """Sliding that no root trajectory can explain.

    The poses are relative to the root, so whether one foot slides depends on a trajectory that the
    prior does not know. Two feet that both stand, though, keep their distance from one another:
    each implies a velocity of the root, and where the two differ by Δ in the plane, at least one
    foot slides, and both by |Δ|/2 for the trajectory that is kindest to them. |Δ|/2 is taken over
    the steps in which both feet are low, in both frames: no more than `LOW` above the lowest joint,
    and the hip at least `RISEN` above it. Walkers lift a heel that still counts as low, so the
    figure is not 0 for real motion either; compare the two.

    Arguments:
        clips: root-relative, metres, z up.
        skeleton: of the clips.
        frame_rate: frames a second.
    """
    left, right = (skeleton.joints.index(f"{side}_foot") for side in ("left", "right"))
    ground = clips[..., 2].amin(-1)
    low = (clips[:, :, [left, right], 2] - ground[..., None] <= LOW).all(-1)
    standing = low & (clips[:, :, 0, 2] - ground >= RISEN)
    both = standing[:, 1:] & standing[:, :-1]
    apart = clips[:, :, left, :2] - clips[:, :, right, :2]
    speed = MM * frame_rate * (apart[:, 1:] - apart[:, :-1]).norm(dim=-1)[both] / 2
    if not len(speed):
        return Skating(mean=0.0, median=0.0, share=0.0)
    return Skating(
        mean=float(speed.mean()), median=float(speed.median()), share=float(both.float().mean())
    )
