"""The bounds within which positions can be a person's."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from platypose.motion import plausibility
from platypose.motion.plausibility import (
    bone_fault,
    in_the_air,
    jumps,
    leg_length_fault,
    runs,
    sides_fault,
    uprightness,
    vertical_fault,
)


@pytest.mark.parametrize(("size", "good"), [(0.7, False), (0.8, True), (1.25, True), (1.35, False)])
def test_legs_of_children_and_giants(people: ModuleType, size: float, good: bool) -> None:
    pose, _ = people.walk(1.0)
    assert (leg_length_fault(size * pose) is None) is good


def test_bones_may_vary_by_some_percent(people: ModuleType) -> None:
    pose, _ = people.walk(2.0)
    shin = pose[:, people.J["left_foot"]] - pose[:, people.J["left_knee"]]
    noise = np.random.default_rng(0).standard_normal((len(pose), 1))
    for spread, good in ((0.03, True), (0.07, False)):
        changed = pose.copy()
        changed[:, people.J["left_foot"]] += spread * noise * shin
        assert (bone_fault(changed) is None) is good


@pytest.mark.parametrize("frame_rate", [24.0, 30.0, 60.0, 120.0, 240.0])
def test_a_throw_is_no_jump_at_any_frame_rate_and_a_lost_joint_is(frame_rate: float) -> None:
    # A wrist that is swung to and fro by 0.6 m, three times a second: up to 11 m/s, 213 m/s².
    time = np.arange(round(2 * frame_rate)) / frame_rate
    pose = np.zeros((len(time), 17, 3))
    pose[:, 16, 0] = 0.6 * np.sin(2 * np.pi * 3 * time)
    assert not jumps(pose, frame_rate).any()
    lost = len(time) // 2
    pose[lost, 3, 1] += 0.45
    assert set(np.flatnonzero(jumps(pose, frame_rate))) >= {lost - 1, lost, lost + 1}


def test_sides_are_judged_in_any_position_of_the_body(people: ModuleType) -> None:
    pose, toes = people.walk(2.0)
    random = np.random.default_rng(0)
    for _ in range(5):
        rotation, _ = np.linalg.qr(random.standard_normal((3, 3)))
        rotation *= np.sign(np.linalg.det(rotation))
        turned = pose @ rotation.T, toes @ rotation.T
        assert sides_fault(*turned) is None
        assert sides_fault(turned[0], None) is None
        assert "toes point backwards" in str(sides_fault(-turned[0], -turned[1]))
        assert "knees bend backwards" in str(sides_fault(-turned[0], None))


def test_straight_legs_without_toes_tell_nothing(people: ModuleType) -> None:
    standing = np.tile(np.array(people.H36M_17.standing), (50, 1, 1))
    assert sides_fault(standing, None) is None and sides_fault(-standing, None) is None


def test_the_median_recording_decides_about_the_axis() -> None:
    assert vertical_fault([0.99, 0.98, 0.0, -0.9, 0.97]) is None
    assert "90° of the vertical, not 60°" in str(vertical_fault([0.0, 0.99, 0.0]))


def test_who_stands_up_at_last_is_upright_enough(people: ModuleType) -> None:
    pose, _ = people.walk(1.0)
    lying = pose[..., [0, 2, 1]] * [1, 1, -1]
    assert uprightness(np.concatenate([lying] * 4 + [pose])) > 0.99
    assert uprightness(lying) < 0.1


@pytest.mark.parametrize(("seconds", "height", "cut"), [(3, 0.5, 90), (1, 0.5, 0), (3, 0.2, 0)])
def test_in_the_air_is_high_and_long(seconds: int, height: float, cut: int) -> None:
    pose = np.zeros((300, 17, 3))
    pose[100 : 100 + 30 * seconds, :, 2] = height
    assert in_the_air(pose, None, 30.0).sum() == cut


def test_hands_on_the_floor_are_enough() -> None:
    pose = np.ones((300, 17, 3))
    pose[:, [3, 6], 2] = 0.0
    pose[100:200, [3, 6], 2] = 2.0
    pose[100:200, [13, 16], 2] = 0.0
    assert not in_the_air(pose, None, 30.0).any()


def test_toes_count_as_feet() -> None:
    pose = np.zeros((300, 17, 3))
    pose[100:200, :, 2] = 0.35
    toes = np.zeros((300, 2, 3))
    assert in_the_air(pose, None, 30.0).any() and not in_the_air(pose, toes, 30.0).any()


def test_runs_of_true() -> None:
    mask = np.array([True, True, False, True, False, False, True])
    assert runs(mask) == [slice(0, 2), slice(3, 4), slice(6, 7)]
    assert runs(~np.ones(3, bool)) == []
    assert plausibility.runs(np.zeros(0, bool)) == []
