"""Variations of clips, on the device, as plain functions of bone vectors and positions."""

from __future__ import annotations

import math

import attrs
import torch
from jaxtyping import Float
from torch import Tensor, nn

from platypose.skeleton import Skeleton
from platypose.training.config import Augmentation

_HEAD, _TORSO, _ARM, _LEG = range(4)
_GROUP = {
    **dict.fromkeys(("neck", "head"), _HEAD),
    **dict.fromkeys(("hip", "spine", "thorax"), _TORSO),
    **dict.fromkeys(("shoulder", "elbow", "wrist"), _ARM),
    **dict.fromkeys(("knee", "foot"), _LEG),
}


FARTHEST_TILT = 110.0
"""Degrees, of `Augmentation.tilt_anywhere`: lying, and somewhat beyond."""


@attrs.frozen(kw_only=True)
class Limit:
    """How far an upper arm or a thigh may point, as cosines with the axes of the pelvis.

    Attributes:
        backward: with the direction backward.
        inward: with the direction to the body's other side.
    """

    backward: float
    inward: float


# Ranges of healthy adults, rounded outward: hip extension 30°, adduction 35°, knee flexion 155°;
# shoulder extension 65°, horizontal adduction 60°, elbow flexion 155°. Source: American Academy of
# Orthopaedic Surgeons, Joint Motion: Method of Measuring and Recording, 1965, with a margin.
HIP = Limit(backward=math.sin(math.radians(30)), inward=math.sin(math.radians(35)))
SHOULDER = Limit(backward=math.sin(math.radians(65)), inward=math.sin(math.radians(60)))
STRAIGHTEST = 2.0
"""Degrees of flexion below which a hinge is not turned: beyond straight it would break."""
MOST_BENT = 155.0
"""Degrees of flexion of elbow and knee."""


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
        self.turns = _turning_joints(skeleton)
        self.hips = (skeleton.joints.index("right_hip"), skeleton.joints.index("left_hip"))

    def __call__(self, clips: Float[Tensor, "B F J 3"]) -> Float[Tensor, "B F J 3"]:
        """Vary a batch; root-relative metres, z up, in and out."""
        config = self.config
        if config.mirror:
            clips = self._mirrored(clips)
        if config.recombine or config.joint_degrees or config.limb_length or config.body_scale:
            bones = clips - clips[:, :, self.parents]
            if config.recombine:
                bones = self._recombined(bones)
            if config.joint_degrees:
                bones = self._turned(bones)
            bones = bones * self._lengths(len(clips))
            clips = torch.einsum("ij,bfjk->bfik", self.path, bones)
        if config.tilt_degrees or config.tilt_anywhere:
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
        if self.config.tilt_anywhere:
            far = self._uniform(batch, 1) * math.radians(FARTHEST_TILT)
            chosen = self._uniform(batch, 1) < self.config.tilt_anywhere
            angle = torch.where(chosen, far, angle)
        direction = 2 * math.pi * self._uniform(batch, 1)
        axis = torch.cat([direction.cos(), direction.sin(), torch.zeros_like(direction)], -1)
        return _rotations(axis * angle)[:, None]

    def _turned(self, bones: Float[Tensor, "B F J 3"]) -> Float[Tensor, "B F J 3"]:
        """Turn limbs in shoulders and hips, then forearms and shins in elbows and knees.

        A clip keeps its turn in all frames, in the frame of its heading. A turn that would take a
        joint, in any frame, beyond what people can do is not done.
        """
        angle = math.radians(self.config.joint_degrees)
        heading = self._heading(bones)
        bones = bones @ yaw_matrices(-heading).mT
        for first, second in self.turns.limbs:
            rotation = _rotations(angle * self._normal(len(bones), 3))[:, None]
            turned = bones.clone()
            turned[:, :, [first, second]] = bones[:, :, [first, second]] @ rotation.mT
            bones = self._allowed(turned, bones, first, second)
            # The bend of a hinge stays in the plane of its two bones.
            axis = torch.linalg.cross(bones[:, :, first], bones[:, :, second], dim=-1)
            length = axis.norm(dim=-1, keepdim=True)
            bend = angle * self._normal(len(bones), 1, 1)
            turned = bones.clone()
            turn = _rotations(axis / length.clamp(min=1e-6) * bend)
            turned[:, :, second] = (turn @ bones[:, :, second, :, None]).squeeze(-1)
            bones = self._allowed(turned, bones, first, second)
        return bones @ yaw_matrices(heading).mT

    def _allowed(self, turned: Tensor, before: Tensor, first: int, second: int) -> Tensor:
        """`turned` where a limb stays within its limits or was beyond them before."""
        worse = self._beyond(turned, first, second) > self._beyond(before, first, second)
        return torch.where(worse[:, None, None, None], before, turned)

    def _beyond(self, bones: Tensor, first: int, second: int) -> Tensor:
        """By how much a limb exceeds its limits in the worst frame, in units of a cosine, (B,)."""
        upper = nn.functional.normalize(bones[:, :, first], dim=-1)
        lower = nn.functional.normalize(bones[:, :, second], dim=-1)
        bend = (upper * lower).sum(-1)
        up = nn.functional.normalize(bones[:, :, self.turns.spine], dim=-1)
        right, left = self.hips
        across = nn.functional.normalize(bones[:, :, left] - bones[:, :, right], dim=-1)
        forward = torch.linalg.cross(across, up, dim=-1)
        backward = -(upper * forward).sum(-1)
        sideways = (upper * across).sum(-1) * (1 if first in self.turns.left else -1)
        limit = HIP if first in self.turns.legs else SHOULDER
        excess = torch.stack(
            (
                bend - math.cos(math.radians(STRAIGHTEST)),
                math.cos(math.radians(MOST_BENT)) - bend,
                backward - limit.backward,
                -sideways - limit.inward,
            )
        )
        return excess.clamp(min=0).amax((0, 2))

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.generator.device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.generator.device)


def _rotations(vector: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 3 3"]:
    """Rotations by rotation vectors, radians (Rodrigues' formula)."""
    angle = vector.norm(dim=-1)[..., None, None]
    cross = _cross(vector)
    safe = angle.clamp(min=1e-6)
    first, second = angle.sin() / safe, (1 - angle.cos()) / safe.square()
    eye = torch.eye(3, device=vector.device, dtype=vector.dtype)
    rotations: Tensor = eye + first * cross + second * (cross @ cross)
    return rotations


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


@attrs.frozen(kw_only=True)
class _TurningJoints:
    """Indices of bones, each by the joint at its end.

    Attributes:
        limbs: upper and lower bone of each limb.
        legs: the thighs.
        left: the upper bones of the left limbs.
        spine: the bone from the root up.
    """

    limbs: tuple[tuple[int, int], ...]
    legs: frozenset[int]
    left: frozenset[int]
    spine: int


def _turning_joints(skeleton: Skeleton) -> _TurningJoints:
    index = {name: joint for joint, name in enumerate(skeleton.joints)}
    pairs = (("elbow", "wrist"), ("knee", "foot"))
    return _TurningJoints(
        limbs=tuple(
            (index[f"{side}_{upper}"], index[f"{side}_{lower}"])
            for side in ("left", "right")
            for upper, lower in pairs
        ),
        legs=frozenset(index[f"{side}_knee"] for side in ("left", "right")),
        left=frozenset(index[f"left_{upper}"] for upper, _ in pairs),
        spine=index["spine"],
    )


def _limb_masks(skeleton: Skeleton) -> Tensor:
    """(5, J) the bones of each arm, each leg, and the spine with the head."""
    names = skeleton.joints
    ends = ("elbow", "wrist"), ("knee", "foot")
    limbs = [{f"{side}_{end}" for end in limb} for limb in ends for side in ("left", "right")]
    limbs.append({"neck", "head"})
    return torch.tensor([[float(name in limb) for name in names] for limb in limbs])
