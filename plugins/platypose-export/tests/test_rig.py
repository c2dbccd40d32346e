"""Rotations from positions: what joints fix and what is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from platypose_export.motion import turned
from platypose_export.rig import Animation, animate, best_turn, rig, swing
from scipy.spatial.transform import Rotation

from platypose.lifting.result import Result
from platypose.skeleton import H36M_17

Array = NDArray[np.float64]
Lifted = Callable[..., Result]
STANDING = np.array(H36M_17.standing)


def forward(moving: Animation) -> Array:
    """Joints (F, J, 3) by forward kinematics."""
    frames, nodes = moving.rotations.shape[:2]
    turns: list[Rotation] = []
    place = np.zeros((frames, nodes, 3))
    joints = np.zeros((frames, 17, 3))
    for node, parent in enumerate(moving.rig.parents):
        turn = Rotation.from_quat(moving.rotations[:, node])
        place[:, node] = moving.root
        if parent >= 0:
            place[:, node] = place[:, parent] + turns[parent].apply(moving.offsets[node])
            turn = turns[parent] * turn
        turns.append(turn)
        joints[:, moving.rig.joints[node]] = place[:, node]
    return joints


@pytest.mark.parametrize("up", ["y", "z"])
@pytest.mark.parametrize("wildness", [0.3, 3.0])
def test_rigid_bones_are_followed_exactly(lifted: Lifted, up: Any, wildness: float) -> None:
    joints = lifted(1, wildness=wildness).joints[0].astype(np.float64)
    found = forward(animate(joints, H36M_17, up))
    np.testing.assert_allclose(found, turned(joints, up), atol=1e-5)


def test_of_bones_whose_length_varies_the_directions_are_kept_and_the_median_is_taken(
    lifted: Lifted,
) -> None:
    joints = lifted(1, growth=0.1).joints[0].astype(np.float64)
    found = forward(animate(joints, H36M_17, "z"))
    for parent, child in H36M_17.bones:
        bone, fitted = (x[:, child] - x[:, parent] for x in (joints, found))
        length = np.linalg.norm(bone, axis=-1)
        np.testing.assert_allclose(np.linalg.norm(fitted, axis=-1), np.median(length), rtol=1e-5)
        angle = np.degrees(Rotation.align_vectors(fitted[3], bone[3])[0].magnitude())
        assert angle < 0.1


def test_the_rest_pose_has_no_rotation() -> None:
    moving = animate(np.tile(1.2 * STANDING, (2, 1, 1)), H36M_17, "y")
    turns = Rotation.from_quat(moving.rotations.reshape(-1, 4))
    np.testing.assert_allclose(turns.magnitude(), 0, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(angle=st.floats(-3.1, 3.1))
def test_a_person_who_turns_as_a_whole_turns_at_the_root_alone(angle: float) -> None:
    heading = Rotation.from_euler("z", angle)
    moving = animate(heading.apply(STANDING)[None], H36M_17, "z")
    root, *others = moving.rotations[0]
    np.testing.assert_allclose((heading.inv() * Rotation.from_quat(root)).magnitude(), 0, atol=1e-6)
    np.testing.assert_allclose(Rotation.from_quat(others).magnitude(), 0, atol=1e-6)


def test_a_bent_elbow_does_not_twist_the_arm() -> None:
    joints = STANDING.copy()
    elbow, wrist = (H36M_17.joints.index(f"left_{part}") for part in ("elbow", "wrist"))
    joints[wrist] = joints[elbow] + [0, -0.25, 0]
    moving = animate(joints[None], H36M_17, "z")
    turn = Rotation.from_quat(moving.rotations[0, moving.rig.names.index("left_elbow")])
    along = STANDING[wrist] - STANDING[elbow]
    assert abs(turn.as_rotvec() @ along) < 1e-6
    assert 80 < np.degrees(turn.magnitude()) < 100
    shoulder = moving.rotations[0, moving.rig.names.index("left_shoulder")]
    assert Rotation.from_quat(shoulder).magnitude() < 1e-6


vectors = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)


@settings(max_examples=100, deadline=None)
@given(start=vectors, end=vectors)
def test_a_swing_leads_there_by_the_shortest_way(start: Any, end: Any) -> None:
    a, b = (np.array([v]) / np.linalg.norm(v) for v in (start, end))
    turn = swing(a, b)
    np.testing.assert_allclose(turn.apply(a), b, atol=1e-6)
    angle = np.arctan2(np.linalg.norm(np.cross(a, b)), (a * b).sum())
    np.testing.assert_allclose(turn.magnitude(), angle, atol=1e-6)


@given(vector=vectors)
@settings(max_examples=30, deadline=None)
def test_opposite_and_missing_vectors_have_a_swing(vector: Any) -> None:
    a = np.array([vector]) / np.linalg.norm(vector)
    np.testing.assert_allclose(swing(a, -a).apply(a), -a, atol=1e-6)
    np.testing.assert_allclose(swing(a, 0 * a).magnitude(), 0)


def test_the_best_turn_is_that_of_scipy() -> None:
    random = np.random.default_rng(0)
    start, end = random.standard_normal((4, 3)), random.standard_normal((5, 4, 3))
    found = best_turn(start, end)
    for frame, wanted in enumerate(end):
        scipys = Rotation.align_vectors(wanted, start)[0]
        np.testing.assert_allclose(found[frame].as_matrix(), scipys.as_matrix(), atol=1e-9)


def test_joints_in_one_point_give_finite_rotations() -> None:
    moving = animate(np.zeros((3, 17, 3)), H36M_17, "y")
    assert np.isfinite(moving.rotations).all() and not moving.offsets.any()


def test_quaternions_do_not_change_sign(lifted: Lifted) -> None:
    rotations = animate(
        lifted(1, frames=60, wildness=3.0).joints[0].astype(np.float64), H36M_17, "y"
    ).rotations
    assert ((rotations[1:] * rotations[:-1]).sum(-1) >= 0).all()


def test_the_tree_has_the_joints_and_a_node_for_each_bone_of_a_fork() -> None:
    tree = rig(H36M_17)
    assert [name for name in tree.names if "_to_" not in name] == [
        H36M_17.joints[joint] for joint, name in zip(tree.joints, tree.names) if "_to_" not in name
    ]
    assert set(H36M_17.joints) <= set(tree.names)
    assert {name for name in tree.names if "_to_" in name} == {
        *("hip_to_left_hip", "hip_to_right_hip", "hip_to_spine"),
        *("thorax_to_neck", "thorax_to_left_shoulder", "thorax_to_right_shoulder"),
    }
