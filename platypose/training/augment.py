"""Variations of clips, on the device, as plain functions of bone vectors and positions."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.skeleton import Skeleton
from platypose.training.config import Augmentation

_HEAD, _TORSO, _ARM, _LEG = range(4)
_GROUP = {
    **dict.fromkeys(("neck", "head"), _HEAD),
    **dict.fromkeys(("hip", "spine", "thorax"), _TORSO),
    **dict.fromkeys(("shoulder", "elbow", "wrist"), _ARM),
    **dict.fromkeys(("knee", "foot"), _LEG),
}


class Augmenter:
    """Applies an `Augmentation` to batches of root-relative clips.

    Arguments:
        config: what to do and how much.
        skeleton: of the clips.
        generator: all randomness; its device is that of the clips.
    """

    def __init__(
        self, config: Augmentation, skeleton: Skeleton, generator: torch.Generator
    ) -> None:
        device = generator.device
        self.config = config
        self.generator = generator
        self.mirror = torch.tensor(skeleton.mirror, device=device)
        self.parents = torch.tensor([max(p, 0) for p in skeleton.parents], device=device)
        self.path = _path_matrix(skeleton).to(device)
        joints = [name.partition("_")[2] or name for name in skeleton.joints]
        self.length_group = torch.tensor([_GROUP[name] for name in joints], device=device)
        self.limbs = _limb_masks(skeleton).to(device)
        self.hips = (skeleton.joints.index("right_hip"), skeleton.joints.index("left_hip"))

    def __call__(self, clips: Float[Tensor, "B F J 3"]) -> Float[Tensor, "B F J 3"]:
        """Vary a batch; root-relative metres, z up, in and out."""
        config = self.config
        if config.mirror:
            clips = self._mirrored(clips)
        if config.recombine or config.limb_length or config.body_scale:
            bones = clips - clips[:, :, self.parents]
            if config.recombine:
                bones = self._recombined(bones)
            bones = bones * self._lengths(len(clips))
            clips = torch.einsum("ij,bfjk->bfik", self.path, bones)
        if config.tilt_degrees:
            clips = clips @ self._tilts(len(clips)).mT
        if config.yaw:
            clips = clips @ yaw_matrices(2 * math.pi * self._uniform(len(clips), 1, 1)).mT
        return clips

    def _mirrored(self, clips: Tensor) -> Tensor:
        other = clips[:, :, self.mirror] * clips.new_tensor([-1.0, 1.0, 1.0])
        return torch.where(self._uniform(len(clips), 1, 1, 1) < 0.5, other, clips)

    def _lengths(self, batch: int) -> Tensor:
        groups = self._normal(batch, 4) * self.config.limb_length
        body = self._normal(batch, 1) * self.config.body_scale
        return (groups + body).exp()[:, self.length_group][:, None, :, None]

    def _recombined(self, bones: Float[Tensor, "B F J 3"]) -> Float[Tensor, "B F J 3"]:
        """Give limb groups the directions of another clip's, turned to the receiver's heading.

        The receiver's bone lengths stay.
        """
        donor = bones.roll(1, 0)
        donor = donor @ yaw_matrices(self._heading(bones) - self._heading(donor)).mT
        length = bones.norm(dim=-1, keepdim=True)
        donor = donor * length / donor.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        chosen = self._uniform(len(bones), len(self.limbs)) < 0.5
        chosen &= self._uniform(len(bones), 1) < self.config.recombine
        swapped = (chosen.to(bones) @ self.limbs.to(bones)).bool()
        return torch.where(swapped[:, None, :, None], donor, bones)

    def _heading(self, bones: Tensor) -> Tensor:
        right, left = self.hips
        axis = bones[:, :, left] - bones[:, :, right]
        return torch.atan2(axis[..., 1], axis[..., 0])[..., None]

    def _tilts(self, batch: int) -> Tensor:
        angle = self._normal(batch, 1) * math.radians(self.config.tilt_degrees)
        direction = 2 * math.pi * self._uniform(batch, 1)
        axis = torch.cat([direction.cos(), direction.sin(), torch.zeros_like(direction)], -1)
        rotation: Tensor = torch.linalg.matrix_exp(_cross(axis * angle))
        return rotation[:, None]

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.generator.device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.generator.device)


def yaw_matrices(angle: Float[Tensor, "*N 1"]) -> Float[Tensor, "*N 3 3"]:
    """Rotations about z by `angle`, radians."""
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    rows = [cos, -sin, zero, sin, cos, zero, zero, zero, torch.ones_like(angle)]
    return torch.cat(rows, -1).reshape(*angle.shape[:-1], 3, 3)


def _cross(v: Tensor) -> Tensor:
    x, y, z = v.unbind(-1)
    zero = torch.zeros_like(x)
    rows = [zero, -z, y, z, zero, -x, -y, x, zero]
    return torch.stack(rows, -1).reshape(*x.shape, 3, 3)


def _path_matrix(skeleton: Skeleton) -> Tensor:
    """(J, J): 1 where the column's bone lies on the way from the root to the row's joint."""
    path = torch.eye(len(skeleton.joints))
    for joint, parent in enumerate(skeleton.parents):
        if parent >= 0:
            path[joint] += path[parent]
    path[:, 0] = 0
    return path


def _limb_masks(skeleton: Skeleton) -> Tensor:
    """(5, J) the bones of each arm, each leg, and the spine with the head."""
    names = skeleton.joints
    ends = ("elbow", "wrist"), ("knee", "foot")
    limbs = [{f"{side}_{end}" for end in limb} for limb in ends for side in ("left", "right")]
    limbs.append({"neck", "head"})
    return torch.tensor([[float(name in limb) for name in names] for limb in limbs])
