"""Bones that keep their length."""

from __future__ import annotations

import difflib

import attrs
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from platypose.api import BuildContext, Quadratic, UserError
from platypose.lifting.curvature import value_and_slope
from platypose_keypoints.config import BoneLengthConfig

_ROUNDING = 1e-6
"""Metres added in quadrature to a length, so that its gradient is finite even at 0."""


@attrs.frozen(kw_only=True, eq=False)
class BoneLength:
    """Σ (length − expected)² / 2σ² over the bones.

    The expected length is given, or it is the bone's own mean in that hypothesis over the frames
    and over left and right: the likelihood of rigid, symmetric bones with the most likely lengths
    put in.

    Attributes:
        parents: (B) joint at the near end of each bone.
        children: (B) joint at its far end.
        partners: (B) the bone on the other side, or the bone itself.
        given: (B) whether the bone's length is given.
        lengths: (B) those lengths, m; 0 for the others.
        sigma: m.
    """

    parents: Int[Tensor, " B"]
    children: Int[Tensor, " B"]
    partners: Int[Tensor, " B"]
    given: Bool[Tensor, " B"]
    lengths: Float[Tensor, " B"]
    sigma: float

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame."""
        length = _length(self._bones(joints))
        mean = length.mean(-2, keepdim=True)
        expected = torch.where(self.given, self.lengths, (mean + mean[..., self.partners]) / 2)
        return ((length - expected) / self.sigma).square().sum(-1) / 2

    def quadratic(self, joints: Float[Tensor, "H F J 3"]) -> Quadratic:
        """The energy to second order, by Gauss and Newton, as if all lengths were given.

        A bone's own mean gives way when all its frames move together, so that the curvature is at
        most this.
        """
        nats, slope = value_and_slope(self, joints)
        bones = self._bones(joints)
        along = bones / (_length(bones)[..., None] * self.sigma)
        one = torch.eye(joints.shape[2]).to(joints)
        return Quadratic(
            energy=nats,
            gradient=slope,
            combination=one[self.children] - one[self.parents],
            curvature=along[..., :, None] * along[..., None, :],
        )

    def _bones(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F B 3"]:
        return joints[..., self.children, :] - joints[..., self.parents, :]


def build(config: BoneLengthConfig, context: BuildContext) -> BoneLength:
    """Make the energy for the skeleton of `context`; it needs no evidence.

    Raises:
        UserError: `lengths` names no bone.
    """
    skeleton = context.skeleton
    bones = skeleton.bones
    names = [skeleton.joints[child] for _, child in bones]
    lengths = config.lengths or {}
    for name in lengths:
        if name not in names:
            raise UserError(_unknown_bone(name, names))
    of_child = {child: bone for bone, (_, child) in enumerate(bones)}
    device = context.device
    return BoneLength(
        parents=torch.tensor([parent for parent, _ in bones], device=device),
        children=torch.tensor([child for _, child in bones], device=device),
        partners=torch.tensor(
            [of_child.get(skeleton.mirror[child], of_child[child]) for _, child in bones],
            device=device,
        ),
        given=torch.tensor([name in lengths for name in names], device=device),
        lengths=torch.tensor(
            [lengths.get(name, 0.0) for name in names], dtype=context.dtype, device=device
        ),
        sigma=config.sigma,
    )


def _length(bones: Float[Tensor, "H F B 3"]) -> Float[Tensor, "H F B"]:
    return (bones.square().sum(-1) + _ROUNDING**2).sqrt()


def _unknown_bone(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    offer = f"did you mean {' or '.join(close)}" if close else f"there are {', '.join(names)}"
    return f"The energy bone-length has lengths.{name}, but no bone ends in that joint; {offer}."
