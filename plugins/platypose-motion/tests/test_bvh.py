from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from platypose_motion.bvh import (
    Bvh,
    Joint,
    drop_repeated_offsets,
    forward_kinematics,
    parse,
)
from scipy.spatial.transform import Rotation

from platypose.api import UserError

ARM = """HIERARCHY
ROOT Upper arm
{
\tOFFSET 0 0 0
\tCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
\tJOINT Forearm
\t{
\t\tOFFSET 2 0 0
\t\tCHANNELS 3 Zrotation Yrotation Xrotation
\t\tEnd Site
\t\t{
\t\t\tOFFSET 1 0 0
\t\t}
\t}
\tEnd Site
\t{
\t\tOFFSET 0 0 3
\t}
}
MOTION
Frames: 3
Frame Time: 0.04
0 0 0 0 0 0 0 0 0
1 2 3 90 0 0 0 0 0
0 0 0 0 0 90 90 0 0
"""


def test_parser_reads_joints_channels_and_frame_time() -> None:
    bvh = parse(ARM, "arm.bvh")
    assert [joint.name for joint in bvh.joints] == [
        "Upper arm",
        "Forearm",
        "Forearm End",
        "Upper arm End",
    ]
    assert [joint.parent for joint in bvh.joints] == [-1, 0, 1, 0]
    assert bvh.joints[0].channels[3:] == ("Zrotation", "Xrotation", "Yrotation")
    assert bvh.channels.shape == (3, 9)
    assert bvh.frame_time == 0.04


def test_positions_of_an_arm_are_those_worked_out_by_hand() -> None:
    positions = forward_kinematics(parse(ARM, "arm.bvh"))
    expected = [
        # At rest the arm lies along x.
        [[0, 0, 0], [2, 0, 0], [3, 0, 0], [0, 0, 3]],
        # Moved to (1, 2, 3) and turned by 90° about z it points along y.
        [[1, 2, 3], [1, 4, 3], [1, 5, 3], [1, 2, 6]],
        # Turned by 90° about y it points along -z, and the forearm, bent about z, along y.
        [[0, 0, 0], [0, 0, -2], [0, 1, -2], [3, 0, 0]],
    ]
    np.testing.assert_allclose(positions, expected, atol=1e-12)


_AXES = ("Xrotation", "Yrotation", "Zrotation")
_ANGLES = st.floats(-360, 360)


@settings(max_examples=50, deadline=None)
@given(
    orders=st.lists(st.permutations(_AXES), min_size=3, max_size=3),
    angles=st.lists(_ANGLES, min_size=9, max_size=9),
    parents=st.tuples(st.just(-1), st.just(0), st.integers(0, 1), st.integers(0, 2)),
)
def test_any_channel_order_agrees_with_scipy(
    orders: list[list[str]], angles: list[float], parents: tuple[int, ...]
) -> None:
    offsets = [(0.1, 0.2, 0.3), (1.0, -2.0, 0.5), (0.3, 0.1, -1.0), (0.0, 2.0, 1.0)]
    joints = [
        Joint(name=str(i), parent=parents[i], offset=offsets[i], channels=tuple(orders[i]))
        for i in range(3)
    ]
    joints.append(Joint(name="end", parent=parents[3], offset=offsets[3], channels=()))
    bvh = Bvh(joints=tuple(joints), channels=np.array([angles]), frame_time=0.01)

    rotations: list[Rotation] = []
    expected: list[np.ndarray] = []
    for i, joint in enumerate(joints):
        # An upper-case sequence is intrinsic: each turn is about the axes turned so far.
        sequence = "".join(channel[0] for channel in joint.channels)
        turn = angles[3 * i : 3 * i + 3]
        local = Rotation.from_euler(sequence, turn, degrees=True) if turn else Rotation.identity()
        if joint.parent < 0:
            rotations.append(local)
            expected.append(np.array(joint.offset))
        else:
            rotations.append(rotations[joint.parent] * local)
            moved = rotations[joint.parent].apply(joint.offset)
            expected.append(expected[joint.parent] + moved)
    np.testing.assert_allclose(forward_kinematics(bvh)[0], expected, atol=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "HIERACHY", r"arm\.bvh, line 1: a BVH file begins with HIERARCHY"),
        ("ROOT Upper arm", "JOINT Upper arm", r"arm\.bvh, line 2: ROOT and a name"),
        ("OFFSET 2 0 0", "OFFSET 2 x 0", r'arm\.bvh, line 8: OFFSET of "Forearm".*"2 x 0"'),
        ("OFFSET 2 0 0", "OFFSET 2 0", r"arm\.bvh, line 8: OFFSET"),
        ("OFFSET 2 0 0", "OFFSET 2 nan 0", r"arm\.bvh, line 8: OFFSET"),
        ("CHANNELS 3 Zr", "CHANNELS 2 Zr", r"arm\.bvh, line 9: CHANNELS"),
        ("Yrotation Xrotation", "Yrotation Wrotation", r"line 9: .* unknown or repeated"),
        ("Yrotation Xrotation", "Yrotation Yrotation", r"line 9: .* unknown or repeated"),
        ("JOINT Forearm", "JOINT Upper arm", r'two joints are named "Upper arm"'),
        ("OFFSET 1 0 0", "OFFSET 1 0 0\nEnd Site\n{", r"line 13: .*must follow the OFFSET"),
        ("Frames: 3", "Frames: three", r'line 21: "Frames:" and a whole number'),
        ("Frames: 3", "Frames: 0", r"line 21: the file has no frames"),
        ("Frames: 3", "Frames: 4", r"arm\.bvh announces 4 frames and holds 3"),
        ("Time: 0.04", "Time: 0", r"line 22: Frame Time must be positive"),
        ("1 2 3 90", "1 2 90", r"line 24: a frame has 8 values, and the channels are 9"),
        ("1 2 3 90", "1 2 3 abc", r"line 24: a frame holds something that is not a number"),
    ],
)
def test_broken_file_is_refused_with_its_name_and_line(old: str, new: str, message: str) -> None:
    assert old in ARM
    with pytest.raises(UserError, match=message):
        parse(ARM.replace(old, new, 1), "arm.bvh")


@pytest.mark.parametrize("end", range(0, ARM.index("0 0 0 0 0 90 90"), 7))
def test_file_cut_short_anywhere_is_refused(end: int) -> None:
    with pytest.raises(UserError, match=r"arm\.bvh"):
        parse(ARM[:end], "arm.bvh")


def test_windows_line_ends_and_blank_lines_change_nothing() -> None:
    spaced = parse(ARM.replace("\n", "\r\n\r\n"), "arm.bvh")
    np.testing.assert_array_equal(spaced.channels, parse(ARM, "arm.bvh").channels)


def test_positions_that_repeat_an_offset_count_once() -> None:
    plain = parse(ARM, "arm.bvh")
    head, _, rows = ARM.partition("Frame Time: 0.04\n")
    head = head.replace(
        "CHANNELS 3 Zrotation", "CHANNELS 6 Xposition Yposition Zposition Zrotation"
    )
    words = [row.split() for row in rows.splitlines()]
    rows = "".join(" ".join([*row[:6], "2", "0", "0", *row[6:]]) + "\n" for row in words)
    repeated = f"{head}Frame Time: 0.04\n{rows}"
    dropped = drop_repeated_offsets(parse(repeated, "arm.bvh"))
    np.testing.assert_allclose(forward_kinematics(dropped), forward_kinematics(plain), atol=1e-12)
    # Positions that add to an offset, and files without positions, stay as they are.
    assert drop_repeated_offsets(plain).joints == plain.joints
