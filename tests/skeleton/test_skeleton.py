from __future__ import annotations

import numpy as np
import pytest

from platypose.api import UserError
from platypose.skeleton import H36M_17, KEYPOINT_SETS, KeypointSet, keypoint_set, skeleton

STANDING = np.array(H36M_17.standing)
JOINT = {name: index for index, name in enumerate(H36M_17.joints)}


def test_parents_come_before_their_children() -> None:
    assert H36M_17.parents[0] == -1
    assert all(0 <= parent < child for parent, child in H36M_17.bones)
    assert len(H36M_17.bones) == len(H36M_17.joints) - 1 == 16


def test_the_mirror_swaps_left_and_right_and_is_its_own_inverse() -> None:
    mirror = np.array(H36M_17.mirror)
    np.testing.assert_array_equal(mirror[mirror], np.arange(17))
    assert H36M_17.joints[mirror[JOINT["left_wrist"]]] == "right_wrist"
    assert mirror[JOINT["spine"]] == JOINT["spine"]


def test_the_mirror_keeps_the_tree() -> None:
    mirror = H36M_17.mirror
    for parent, child in H36M_17.bones:
        assert (mirror[parent], mirror[child]) in H36M_17.bones


def test_the_standing_adult_is_symmetric_upright_and_faces_minus_y() -> None:
    np.testing.assert_allclose(STANDING[list(H36M_17.mirror)] * [-1, 1, 1], STANDING)
    assert STANDING[JOINT["head"], 2] > 0.6 and STANDING[JOINT["left_foot"], 2] < -0.8
    # z up and facing −y, the left hand is on the side of +x.
    assert STANDING[JOINT["left_wrist"], 0] > 0


@pytest.mark.parametrize(
    ("joint", "shortest", "longest"),
    [
        ("left_hip", 119, 147),
        ("left_knee", 428, 452),
        ("left_foot", 438, 454),
        ("spine", 224, 261),
        ("thorax", 251, 257),
        ("neck", 107, 121),
        ("head", 115, 115),
        ("left_shoulder", 140, 169),
        ("left_elbow", 265, 290),
        ("left_wrist", 244, 252),
    ],
)
def test_the_standing_adult_has_bones_of_the_length_that_people_have(
    joint: str, shortest: float, longest: float
) -> None:
    child = JOINT[joint]
    length = 1000 * np.linalg.norm(STANDING[child] - STANDING[H36M_17.parents[child]])
    assert shortest - 2 <= length <= longest + 2


@pytest.mark.parametrize("known", KEYPOINT_SETS.values(), ids=KEYPOINT_SETS.keys())
def test_every_map_is_an_average_of_joints_on_the_keypoint_s_side(known: KeypointSet) -> None:
    assert len(set(known.keypoints)) == len(known.keypoints)
    expressible = known.expressible(H36M_17)
    assert len(expressible) >= 12
    for name, weights in expressible.items():
        assert name in known.keypoints
        assert sum(weight for _, weight in weights) == pytest.approx(1)
        assert all(joint in JOINT for joint, _ in weights)
        for side in ("left_", "right_"):
            if name.startswith(side):
                assert all(joint.startswith(side) for joint, _ in weights)


@pytest.mark.parametrize(
    ("name", "size", "index", "keypoint"),
    [
        ("coco-17", 17, 9, "left_wrist"),
        ("body-25", 25, 8, "mid_hip"),
        ("body-25b", 25, 17, "upper_neck"),
        ("mediapipe-33", 33, 27, "left_ankle"),
        ("h36m-17", 17, 16, "right_wrist"),
    ],
)
def test_keypoints_stand_in_the_order_of_the_detector(
    name: str, size: int, index: int, keypoint: str
) -> None:
    known = keypoint_set(name)
    assert len(known.keypoints) == size and known.keypoints[index] == keypoint


def test_unknown_names_are_one_sentence() -> None:
    with pytest.raises(UserError, match=r"no keypoint set 'coco'; there are .*coco-17"):
        keypoint_set("coco")
    with pytest.raises(UserError, match="no skeleton 'smpl'; there is h36m-17"):
        skeleton("smpl")
