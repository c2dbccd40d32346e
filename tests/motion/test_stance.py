"""Stances of poses that are put together by angles, and angles of the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platypose.motion import STANCES, stance
from platypose.motion.angles import joint_angles, trunk_tilt
from platypose.skeleton import H36M_17

Array = npt.NDArray[np.float64]

J = {name: index for index, name in enumerate(H36M_17.joints)}


def put(
    trunk: float = 0.0,
    thigh: tuple[float, float] = (0.0, 0.0),
    shin: tuple[float, float] = (0.0, 0.0),
    arm: float = 0.0,
) -> Array:
    """A pose that faces -y; angles in degrees from the vertical, forward of a joint positive.

    The trunk's is from up, those of thighs and shins (left, right) and arms from down.
    """

    def down(angle: float) -> Array:
        return np.array([0.0, -np.sin(np.radians(angle)), -np.cos(np.radians(angle))])

    pose = np.array(H36M_17.standing)
    for side, first, second in zip(("left", "right"), thigh, shin):
        pose[J[f"{side}_knee"]] = pose[J[f"{side}_hip"]] + 0.44 * down(first)
        pose[J[f"{side}_foot"]] = pose[J[f"{side}_knee"]] + 0.445 * down(second)
    turn = np.radians(trunk)
    rotation = np.array(
        [[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]]
    )
    upper = [J[name] for name in ("spine", "thorax", "neck", "head")]
    for side in ("left", "right"):
        upper += [J[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist")]
    pose[upper] = pose[upper] @ rotation.T
    for side in ("left", "right"):
        shoulder = pose[J[f"{side}_shoulder"]]
        pose[J[f"{side}_elbow"]] = shoulder + 0.28 * down(arm)
        pose[J[f"{side}_wrist"]] = shoulder + 0.525 * down(arm)
    return pose


def both(angle: float) -> tuple[float, float]:
    return angle, angle


POSES = {
    "standing": ("upright", put()),
    "walking": ("upright", put(trunk=5, thigh=(25, -20), shin=(20, -50))),
    "bowing a little": ("upright", put(trunk=40)),
    "on one leg": ("upright", put(thigh=(90, 0), shin=(0, 0))),
    "touching the toes": ("bent", put(trunk=140, arm=20)),
    "lifting a box": ("bent", put(trunk=80, thigh=both(15), shin=both(-10))),
    "on a chair": ("seated", put(thigh=both(90))),
    "on a chair, leaning forward": ("seated", put(trunk=25, thigh=both(85), shin=both(-5))),
    "on the floor, legs stretched": ("seated", put(trunk=-10, thigh=both(90), shin=both(90))),
    "cross-legged": ("seated", put(thigh=both(80), shin=both(-85))),
    "squatting": ("crouched", put(trunk=35, thigh=both(95), shin=both(-40), arm=80)),
    "kneeling upright": ("crouched", put(shin=both(-90))),
    "lunging": ("crouched", put(thigh=(85, -35), shin=(0, -50))),
    "on all fours": ("crouched", put(trunk=85, shin=both(-90))),
    "on the back": ("lying", put(trunk=-90, thigh=both(90), shin=both(90), arm=90)),
    "on the back, legs up": ("lying", put(trunk=-88, thigh=both(170), shin=both(170), arm=90)),
    "on the face": ("lying", put(trunk=90, thigh=both(-90), shin=both(-90), arm=-88)),
    "on the back, knees bent": ("lying", put(trunk=-90, thigh=both(130), shin=both(40), arm=90)),
    "on the hands": ("inverted", put(trunk=180, thigh=both(180), shin=both(180))),
    "in a cartwheel": ("inverted", put(trunk=175, thigh=(240, 120), shin=(240, 120))),
}


@pytest.mark.parametrize("name", POSES)
def test_stance(name: str) -> None:
    expected, pose = POSES[name]
    assert stance(pose) == expected


def test_every_stance_has_a_pose() -> None:
    assert {expected for expected, _ in POSES.values()} == set(STANCES)


def test_many_poses_at_once() -> None:
    poses = np.stack([pose for _, pose in POSES.values()]).reshape(2, 10, 17, 3)
    expected = np.reshape([name for name, _ in POSES.values()], (2, 10))
    np.testing.assert_array_equal(stance(poses), expected)
    np.testing.assert_array_equal(stance(poses.astype(np.float32)), expected)


@given(
    name=st.sampled_from(sorted(POSES)),
    turn=st.floats(-np.pi, np.pi),
    size=st.floats(0.5, 2),
    shift=st.tuples(*[st.floats(-5, 5)] * 3),
    mirrored=st.booleans(),
)
def test_stance_is_of_the_pose_alone(
    name: str, turn: float, size: float, shift: tuple[float, float, float], mirrored: bool
) -> None:
    expected, pose = POSES[name]
    if mirrored:
        pose = pose[list(H36M_17.mirror)] * [-1, 1, 1]
    cos, sin = np.cos(turn), np.sin(turn)
    yaw = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    assert stance(size * pose @ yaw.T + np.array(shift)) == expected


def test_a_pose_without_extent_has_a_stance_too() -> None:
    assert stance(np.zeros((17, 3))) in STANCES


def test_joint_angles_are_those_that_were_put() -> None:
    angles = joint_angles(put(trunk=20, thigh=(70, 0), shin=(10, -30), arm=110)[None])
    np.testing.assert_allclose(angles["knee"], [60, 30], atol=1e-6)
    # A thigh that hangs down is in line with an upright trunk.
    np.testing.assert_allclose(angles["hip"], [90, 20], atol=1e-6)
    np.testing.assert_allclose(angles["shoulder"], [130, 130], atol=1e-6)
    np.testing.assert_allclose(angles["elbow"], [0, 0], atol=1e-6)
    np.testing.assert_allclose([angles["back"], angles["neck"]], 0, atol=1e-6)


@pytest.mark.parametrize("tilt", [0, 35, 90, 150, 180])
def test_trunk_tilt_is_from_the_vertical(tilt: float) -> None:
    np.testing.assert_allclose(trunk_tilt(put(trunk=tilt)[None]), [tilt], atol=1e-6)
