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
        ("coco-18", 18, 10, "right_ankle"),
        ("mpii-16", 16, 6, "pelvis"),
        ("halpe-26", 26, 19, "mid_hip"),
        ("h36m-32", 32, 27, "right_wrist"),
        ("3dhp-28", 28, 24, "right_knee"),
        ("3dhp-17", 17, 14, "pelvis"),
        ("smpl-24", 24, 21, "right_wrist"),
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


def test_the_17_of_the_32_joints_of_human36m_are_those_that_its_users_take() -> None:
    kept = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
    assert tuple(keypoint_set("h36m-32").keypoints[i] for i in kept) == H36M_17.joints


def test_doubles_among_the_32_joints_are_where_their_originals_are() -> None:
    expressible = keypoint_set("h36m-32").expressible(H36M_17)
    index = {name: i for i, name in enumerate(keypoint_set("h36m-32").keypoints)}
    doubles = {index[name]: w[0][0] for name, w in expressible.items() if name not in JOINT}
    assert doubles == {
        11: "hip",
        16: "thorax",
        20: "left_wrist",
        24: "thorax",
        28: "right_wrist",
    }


def test_smpl_s_head_continued_by_three_tenths_of_its_bone_is_the_pose_s_head() -> None:
    expressible = keypoint_set("smpl-24").expressible(H36M_17)
    neck, head = (
        sum(weight * STANDING[JOINT[joint]] for joint, weight in expressible[name])
        for name in ("neck", "head")
    )
    np.testing.assert_allclose(1.3 * head - 0.3 * neck, STANDING[JOINT["head"]])


def test_unknown_names_are_one_sentence() -> None:
    with pytest.raises(UserError, match=r"no keypoint set 'coco'; there are .*coco-17"):
        keypoint_set("coco")
    with pytest.raises(UserError, match="no skeleton 'smpl'; there is h36m-17"):
        skeleton("smpl")
