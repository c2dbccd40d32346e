from __future__ import annotations

import math
from pathlib import Path

import attrs
import numpy as np
import pytest
import torch
from torch import Tensor

from platypose.api import UserError
from platypose.motion import MotionSet
from platypose.skeleton import H36M_17
from platypose.training import Augmentation
from platypose.training.augment import (
    FARTHEST_TILT,
    HIP,
    MOST_BENT,
    STRAIGHTEST,
    Augmenter,
    yaw_matrices,
)
from platypose.training.clips import Clips

NOTHING = Augmentation(yaw=False, mirror=False, body_scale=0.0, limb_length=0.0)
JOINT = {name: index for index, name in enumerate(H36M_17.joints)}
PARENTS = [max(parent, 0) for parent in H36M_17.parents]
MIRROR = list(H36M_17.mirror)
CPU = torch.device("cpu")


def _augmenter(**changes: object) -> Augmenter:
    config = attrs.evolve(NOTHING, **changes)
    return Augmenter(config, H36M_17, torch.Generator().manual_seed(0))


def _clips(batch: int = 16, frames: int = 4) -> Tensor:
    standing = torch.tensor(H36M_17.standing)
    noise = torch.randn((batch, frames, 17, 3), generator=torch.Generator().manual_seed(1))
    clips = standing + 0.15 * noise
    return clips - clips[:, :, :1]


def _bones(clips: Tensor) -> Tensor:
    return clips - clips[:, :, PARENTS]


def _lengths(clips: Tensor) -> Tensor:
    return _bones(clips).norm(dim=-1)[:, :, 1:]


def test_nothing_is_changed_unless_asked_for() -> None:
    torch.testing.assert_close(_augmenter()(_clips()), _clips(), rtol=0, atol=0)


def test_a_yaw_turns_each_clip_about_the_vertical() -> None:
    before = _clips()
    after = _augmenter(yaw=True)(before)
    torch.testing.assert_close(after[..., 2], before[..., 2])
    torch.testing.assert_close(after[..., :2].norm(dim=-1), before[..., :2].norm(dim=-1))
    old, new = (torch.atan2(clips[..., 1:, 1], clips[..., 1:, 0]) for clips in (before, after))
    turn = torch.polar(torch.ones_like(old), new - old)
    torch.testing.assert_close(turn, turn[:, :1, :1].expand_as(turn), atol=1e-3, rtol=0)
    assert turn[:, 0, 0].angle().std() > 0.5


def test_yaw_matrices_turn_x_towards_y() -> None:
    turned = yaw_matrices(torch.tensor([torch.pi / 2])) @ torch.tensor([1.0, 0.0, 0.0])
    torch.testing.assert_close(turned, torch.tensor([0.0, 1.0, 0.0]), atol=1e-6, rtol=0)


def test_the_mirror_swaps_sides_in_half_of_the_clips() -> None:
    before = _clips(200)
    after = _augmenter(mirror=True)(before)
    mirrored = before[:, :, MIRROR] * torch.tensor([-1.0, 1.0, 1.0])
    is_same = (after == before).all(-1).all(-1).all(-1)
    is_mirrored = (after == mirrored).all(-1).all(-1).all(-1)
    assert (is_same ^ is_mirrored).all()
    assert 70 < int(is_mirrored.sum()) < 130


def test_the_mirror_twice_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    augmenter = _augmenter(mirror=True)
    monkeypatch.setattr(augmenter, "_uniform", lambda *shape: torch.zeros(shape))
    once = augmenter(_clips())
    assert not torch.allclose(once, _clips())
    torch.testing.assert_close(
        once[:, :, JOINT["left_wrist"], 1:], _clips()[:, :, JOINT["right_wrist"], 1:]
    )
    torch.testing.assert_close(augmenter(once), _clips(), rtol=0, atol=0)


def test_limb_lengths_change_alike_on_both_sides_and_keep_every_direction() -> None:
    before = _clips()
    after = _augmenter(limb_length=0.1)(before)
    ratio = _lengths(after) / _lengths(before)
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio), rtol=1e-3, atol=0)
    sides = [MIRROR[joint] - 1 for joint in range(1, 17)]
    torch.testing.assert_close(ratio, ratio[:, :, sides], rtol=1e-3, atol=0)
    assert ratio[:, 0].std(0).min() > 0.02 and ratio[0, 0].std() > 0.01
    cosine = torch.cosine_similarity(_bones(after), _bones(before), dim=-1)[:, :, 1:]
    torch.testing.assert_close(cosine, torch.ones_like(cosine))


def test_a_body_scale_is_one_factor_a_clip() -> None:
    before = _clips()
    ratio = _lengths(_augmenter(body_scale=0.1)(before)) / _lengths(before)
    torch.testing.assert_close(ratio, ratio[:, :1, :1].expand_as(ratio), rtol=1e-3, atol=0)
    assert 0.03 < ratio[:, 0, 0].log().std() < 0.3


def test_recombination_keeps_the_receiver_s_bone_lengths_and_trunk() -> None:
    before = _clips(64)
    after = _augmenter(recombine=1.0)(before)
    torch.testing.assert_close(_lengths(after), _lengths(before), rtol=1e-4, atol=1e-5)
    trunk = [JOINT[name] for name in ("left_hip", "right_hip", "spine", "thorax", "left_shoulder")]
    torch.testing.assert_close(after[:, :, trunk], before[:, :, trunk])
    moved = (after - before).norm(dim=-1) > 1e-4
    for joint in ("left_wrist", "right_wrist", "left_foot", "right_foot", "head"):
        share = moved[:, 0, JOINT[joint]].float().mean()
        assert 0.25 < share < 0.75, joint
    assert not torch.equal(moved[:, 0, JOINT["left_wrist"]], moved[:, 0, JOINT["right_wrist"]])


def test_a_recombined_limb_points_as_the_donor_s_in_the_receiver_s_heading() -> None:
    one = _clips(1)
    turned = one @ yaw_matrices(torch.tensor([[[1.0]]])).mT
    pair = torch.cat([one, turned])
    torch.testing.assert_close(_augmenter(recombine=1.0)(pair), pair, atol=1e-5, rtol=0)


def test_a_tilt_is_a_rotation_of_the_whole_clip_about_a_horizontal_axis() -> None:
    before = _clips(200).double()
    augmenter = _augmenter(tilt_degrees=10.0)
    after = augmenter(_clips(200)).double()
    solution = torch.linalg.lstsq(before.flatten(1, 2), after.flatten(1, 2)).solution.mT
    identity = torch.eye(3).double().expand(200, 3, 3)
    torch.testing.assert_close(solution @ solution.mT, identity, atol=1e-4, rtol=0)
    assert (torch.linalg.det(solution) > 0).all()
    # The axis of R is the vector of R − Rᵀ.
    torch.testing.assert_close(solution[:, 1, 0], solution[:, 0, 1], atol=1e-4, rtol=0)
    angle = torch.rad2deg(torch.arccos(solution[:, 2, 2].clamp(max=1)))
    assert 8 < angle.square().mean().sqrt() < 12


def test_some_clips_are_tilted_by_any_angle_up_to_the_farthest() -> None:
    up = torch.zeros(2000, 1, 17, 3)
    up[:, :, 1:, 2] = 1.0
    after = _augmenter(tilt_anywhere=0.5)(up)
    angle = torch.rad2deg(torch.arccos(after[:, 0, 1, 2].clamp(-1, 1)))
    far = angle[angle > 0.1]
    assert 0.45 < len(far) / 2000 < 0.55
    assert far.max() < FARTHEST_TILT and 50 < far.median() < 60


def _bend(clips: Tensor, upper: str, lower: str) -> Tensor:
    bones = _bones(clips)
    cosine = torch.cosine_similarity(bones[:, :, JOINT[upper]], bones[:, :, JOINT[lower]], dim=-1)
    return torch.rad2deg(torch.arccos(cosine.clamp(-1, 1)))


def _people(count: int = 400) -> Tensor:
    """People whose limbs are all bent by 40 degrees within their limits."""
    clips = torch.tensor(H36M_17.standing).repeat(count, 3, 1, 1)
    bones = _bones(clips)
    turn = math.radians(40)
    for side in ("left", "right"):
        for lower, forward in (("wrist", 1.0), ("foot", -1.0)):
            bone = bones[:, :, JOINT[f"{side}_{lower}"]]
            length = bone.norm(dim=-1, keepdim=True)
            direction = torch.tensor([0.0, -forward * math.sin(turn), -math.cos(turn)])
            bones[:, :, JOINT[f"{side}_{lower}"]] = length * direction
        for upper in ("elbow", "knee"):
            bone = bones[:, :, JOINT[f"{side}_{upper}"]]
            bones[:, :, JOINT[f"{side}_{upper}"]] = bone.norm(dim=-1, keepdim=True) * torch.tensor(
                [0.0, 0.0, -1.0]
            )
    path = _augmenter().path
    return torch.einsum("ij,bfjk->bfik", path, bones)


def test_joints_turn_by_the_angle_asked_for_and_bones_keep_their_lengths() -> None:
    before = _people()
    after = _augmenter(joint_degrees=5.0)(before)
    torch.testing.assert_close(_lengths(after), _lengths(before), rtol=1e-4, atol=1e-5)
    trunk = [JOINT[name] for name in ("left_hip", "spine", "thorax", "head", "right_shoulder")]
    torch.testing.assert_close(after[:, :, trunk], before[:, :, trunk], atol=1e-5, rtol=0)
    for upper, lower in (("left_elbow", "left_wrist"), ("right_knee", "right_foot")):
        change = _bend(after, upper, lower) - _bend(before, upper, lower)
        assert 4 < change[:, 0].std() < 6
        torch.testing.assert_close(change, change[:, :1].expand_as(change), atol=0.05, rtol=0)


def test_no_joint_turns_beyond_its_limit() -> None:
    before = _people()
    after = _augmenter(joint_degrees=60.0)(before)
    for side in ("left", "right"):
        for upper, lower in (("elbow", "wrist"), ("knee", "foot")):
            bend = _bend(after, f"{side}_{upper}", f"{side}_{lower}")
            assert bend.min() > STRAIGHTEST - 0.1 and bend.max() < MOST_BENT + 0.1
        thigh = torch.nn.functional.normalize(_bones(after)[:, :, JOINT[f"{side}_knee"]], dim=-1)
        assert thigh[..., 1].max() < HIP.backward + 1e-3  # they face −y
        inward = thigh[..., 0] * (-1 if side == "left" else 1)  # left is +x
        assert inward.max() < HIP.inward + 1e-3
        assert thigh[..., 1].min() < -0.5  # forward there is room


def test_a_joint_beyond_its_limit_may_come_back_but_goes_no_farther() -> None:
    before = _people()
    knee, foot = JOINT["left_knee"], JOINT["left_foot"]
    before[:, :, foot] = before[:, :, knee] + (before[:, :, knee] - before[:, :, JOINT["left_hip"]])
    assert _bend(before, "left_knee", "left_foot").max() < 0.1
    after = _augmenter(joint_degrees=10.0)(before)
    assert after.isfinite().all()
    assert (_bend(after, "left_knee", "left_foot") >= -0.1).all()


def test_a_faster_clip_covers_more_of_its_recording(tiny_motion: Path) -> None:
    """On a motion of constant velocity, interpolation is exact and the speed is the factor."""
    motion = MotionSet.read(tiny_motion)
    line = np.zeros_like(motion.positions)
    for clip in motion.clips:
        span = slice(clip.start, clip.start + clip.frames)
        line[span, 1:, 0] = 0.01 * np.arange(clip.frames)[:, None]
    clips = Clips([attrs.evolve(motion, positions=line)], "train", CPU)
    generator = torch.Generator().manual_seed(0)
    drawn = clips.draw(2000, 8, generator, rates=0.25)[:, :, 1, 0]
    speed = (drawn[:, -1] - drawn[:, 0]) / 0.07
    assert 0.8 - 1e-3 <= speed.min() < 0.85 and 1.2 < speed.max() <= 1.255
    inner = drawn[:, 1:-1]
    steps = inner[:, 1:] - inner[:, :-1]
    torch.testing.assert_close(steps, steps[:, :1].expand_as(steps), atol=2e-4, rtol=0)
    longest = max(clip.frames for clip in motion.clips if clip.split == "train")
    assert clips.draw(50, longest, generator, rates=0.25).isfinite().all()


def test_of_two_sets_the_four_times_larger_is_drawn_twice_as_often(tiny_motion: Path) -> None:
    motion = MotionSet.read(tiny_motion)
    positions = np.zeros((5000, 17, 3), np.float32)
    sets = []
    for frames, mark in ((4000, 1.0), (1000, 2.0)):
        marked = positions[:frames].copy()
        marked[:, 1:] = mark
        clip = attrs.evolve(motion.clips[0], split="train", start=0, frames=frames)
        sets.append(attrs.evolve(motion, positions=marked, clips=(clip,)))
    drawn = Clips(sets, "train", CPU).draw(6000, 1, torch.Generator().manual_seed(0))
    assert 0.64 < float((drawn[:, 0, 1, 0] == 1.0).float().mean()) < 0.69


@pytest.mark.parametrize("frames", [1, 7, 24])
def test_drawn_clips_never_cross_from_one_recording_to_another(
    frames: int, tiny_motion: Path
) -> None:
    motion = MotionSet.read(tiny_motion)
    # The clip's number and the frame's within it, in place of positions.
    marked = np.zeros_like(motion.positions)
    for index, clip in enumerate(motion.clips):
        motion_of = slice(clip.start, clip.start + clip.frames)
        marked[motion_of, 1:, 0] = index
        marked[motion_of, 1:, 1] = np.arange(clip.frames)[:, None]
    clips = Clips([attrs.evolve(motion, positions=marked)], "train", CPU)
    drawn = clips.draw(500, frames, torch.Generator().manual_seed(0))[:, :, 1]
    assert (drawn[:, :, 0] == drawn[:, :1, 0]).all()
    assert (drawn[:, 1:, 1] - drawn[:, :-1, 1] == 1).all()
    assert set(drawn[:, 0, 0].tolist()) == {0.0, 1.0}
    longest = max(clip.frames for clip in motion.clips)
    assert drawn[:, -1, 1].max() == longest - 1 and drawn[:, 0, 1].min() == 0


def test_drawn_clips_are_relative_to_their_root(tiny_motion: Path) -> None:
    motion = MotionSet.read(tiny_motion)
    clips = Clips([motion, motion], "train", CPU)
    drawn = clips.draw(4, 5, torch.Generator().manual_seed(0))
    assert drawn.shape == (4, 5, 17, 3) and (drawn[:, :, 0] == 0).all()
    split = motion.split("train").positions
    relative = (split - split[:, :1])[:, 1:]
    assert clips.scale() == pytest.approx(float(np.sqrt(np.square(relative).mean())), rel=1e-5)


def test_sets_that_differ_and_clips_that_are_too_long_are_one_sentence(tiny_motion: Path) -> None:
    motion = MotionSet.read(tiny_motion)
    with pytest.raises(UserError, match="differ in skeleton or frame rate"):
        Clips([motion, attrs.evolve(motion, frame_rate=60.0)], "train", CPU)
    with pytest.raises(UserError, match="No recording of the split 'test' has 31 frames"):
        Clips([motion], "test", CPU).draw(1, 31, torch.Generator())


def test_a_motion_set_has_the_joints_of_its_skeleton(tiny_motion: Path) -> None:
    motion = MotionSet.read(tiny_motion)
    with pytest.raises(UserError, match="positions has 16 joints but the skeleton 'h36m-17' has"):
        attrs.evolve(motion, positions=motion.positions[:, :16])
