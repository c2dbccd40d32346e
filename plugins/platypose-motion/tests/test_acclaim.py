from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from platypose_motion.acclaim import (
    Acclaim,
    Bone,
    forward_kinematics,
    parse_motion,
    parse_skeleton,
)
from scipy.spatial.transform import Rotation

from platypose.api import UserError

ARM = """:version 1.10
:units
  length 0.45
  angle deg
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name upper
     direction 1 0 0
     length 2
     axis 0 0 0 XYZ
    dof rx ry rz
    limits (-160.0 20.0)
           (-70.0 70.0)
           (-60.0 70.0)
  end
  begin
     id 2
     name fore
     direction 0 1 0
     length 3
     axis 0 0 90 XYZ
    dof rx
    limits (0 170)
  end
:hierarchy
  begin
    root upper
    upper fore
  end
"""

FLEX = """#!OML:ASF
:FULLY-SPECIFIED
:DEGREES
1
root 0 0 0 0 0 0
upper 0 0 0
fore 0
2
root 1 2 3 0 0 90
upper 0 0 0
fore 0
3
root 0 0 0 0 0 0
upper 0 0 0
fore 90
"""


def _ends(motion: str = FLEX, skeleton: str = ARM) -> dict[str, np.ndarray]:
    arm = parse_skeleton(skeleton, "arm.asf")
    return forward_kinematics(arm, parse_motion(motion, "arm.amc", arm))


def test_ends_of_an_arm_are_those_worked_out_by_hand() -> None:
    ends = _ends()
    np.testing.assert_allclose(ends["root"], [[0, 0, 0], [1, 2, 3], [0, 0, 0]])
    np.testing.assert_allclose(ends["upper"], [[2, 0, 0], [1, 4, 3], [2, 0, 0]], atol=1e-12)
    # The elbow bends about its own x axis, which lies along the world's y: y stays.
    np.testing.assert_allclose(ends["fore"], [[2, 3, 0], [-2, 4, 3], [2, 3, 0]], atol=1e-12)


def test_a_length_unit_is_read_from_the_file() -> None:
    # 1 / 0.45 inch, as CMU explains.
    assert parse_skeleton(ARM, "arm.asf").metres == pytest.approx(0.056444, abs=1e-6)


_angle = st.floats(-180, 180)
_angles = st.tuples(_angle, _angle, _angle)


@settings(max_examples=50, deadline=None)
@given(
    axes=st.tuples(_angles, _angles, _angles),
    turns=st.tuples(_angles, _angles, _angles),
    orders=st.tuples(*[st.permutations("XYZ").map("".join)] * 3),
)
def test_any_axes_and_order_agree_with_scipy(
    axes: tuple[tuple[float, float, float], ...],
    turns: tuple[tuple[float, float, float], ...],
    orders: tuple[str, ...],
) -> None:
    def euler(angles: tuple[float, float, float], order: str) -> Rotation:
        # A lower-case sequence is extrinsic: each turn is about a fixed axis.
        values = [angles["XYZ".index(letter)] for letter in order]
        return Rotation.from_euler(order.lower(), values, degrees=True)

    offsets = ((0.0, 0.0, 0.0), (1.0, -2.0, 0.5), (0.3, 0.1, -1.0))
    names = ("root", "upper", "fore")
    skeleton = Acclaim(
        bones=tuple(
            Bone(
                name=names[i],
                parent=i - 1,
                offset=offsets[i],
                axis=tuple(np.radians(axes[i])),
                order=orders[i],
                channels=("rx", "ry", "rz"),
            )
            for i in range(3)
        ),
        metres=1.0,
        degrees=True,
    )
    channels = {name: np.array([turn]) for name, turn in zip(names, turns, strict=True)}

    own = [euler(axes[i], orders[i]) for i in range(3)]
    turn = own[0] * euler(turns[0], orders[0])
    end = np.zeros(3)
    expected = [end]
    for i in (1, 2):
        turn = turn * own[i] * euler(turns[i], orders[i]) * own[i].inv()
        end = end + turn.apply(offsets[i])
        expected.append(end)
    found = forward_kinematics(skeleton, channels)
    np.testing.assert_allclose([found[name][0] for name in names], expected, atol=1e-9)


def test_radians_give_the_same_as_degrees() -> None:
    bent = _ends(FLEX.replace("90", f"{np.pi / 2:.15f}"), _radians(ARM))
    for name, end in _ends().items():
        np.testing.assert_allclose(bent[name], end, atol=1e-12)


def _radians(skeleton: str) -> str:
    return skeleton.replace("angle deg", "angle rad").replace("0 0 90", f"0 0 {np.pi / 2:.15f}")


def test_bones_may_be_listed_before_their_parents() -> None:
    upper, fore = ARM.index("  begin\n     id 1"), ARM.index("  begin\n     id 2")
    tree = ARM.index(":hierarchy")
    swapped = ARM[:upper] + ARM[fore:tree] + ARM[upper:fore] + ARM[tree:]
    swapped = swapped.replace("    root upper\n    upper fore", "    upper fore\n    root upper")
    np.testing.assert_array_equal(_ends(skeleton=swapped)["fore"], _ends()["fore"])


def test_windows_line_ends_and_blank_lines_change_nothing() -> None:
    spaced = _ends(FLEX.replace("\n", "\r\n\r\n"), ARM.replace("\n", "\r\n"))
    np.testing.assert_array_equal(spaced["fore"], _ends()["fore"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (":bonedata", ":bones", r"arm\.asf has no section :bonedata"),
        ("length 0.45", "length none", r'arm\.asf: the unit of length .* "none"'),
        ("length 0.45", "length -1", r"arm\.asf has the unit of length -1, .* above 0"),
        ("direction 0 1 0", "direction 0 1", r'the direction of "fore" cannot be read from "0 1"'),
        ("length 3", "length nan", r'the length of "fore" cannot be read from "nan"'),
        ("axis 0 0 90 XYZ", "axis 0 0 90 XXZ", r'no order of axes.*"fore", but "XXZ"'),
        ("dof rx\n", "dof rw\n", r'unknown or repeated degrees of freedom of "fore": rw'),
        ("name fore", "name upper", r'two bones named "upper"'),
        ("     name fore\n", "", r"a bone without a name"),
        ("upper fore", "upper hand", r'names "hand" in its hierarchy'),
        ("    upper fore\n", "", r"does not connect fore to the root"),
        ("upper fore", "upper fore fore", r'gives "fore" two parents'),
    ],
)
def test_broken_skeleton_is_refused_with_its_name(old: str, new: str, message: str) -> None:
    assert old in ARM
    with pytest.raises(UserError, match=message):
        parse_skeleton(ARM.replace(old, new, 1), "arm.asf")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("upper 0 0 0", "upper 0 0", r'arm\.amc, line 6: "upper" has 2 values, .* needs 3'),
        ("upper 0 0 0", "upper 0 0 x", r'arm\.amc, line 6: "upper" has a value that is not a num'),
        ("fore 0\n2", "hand 0\n2", r'arm\.amc, line 7: "hand" is no bone that the skeleton moves'),
        ("fore 0\n3", "3", r'arm\.amc, line 11: the frame before ends without "fore"'),
        ("fore 0\n2", "fore 0\nfore 0\n2", r'line 8: "fore" stands where the number of the next'),
        ("0\n3\n", "0\n4\n", r"arm\.amc, line 12: frame 4 follows frame 2"),
        ("fore 90\n", "", r'arm\.amc ends where "fore" is expected'),
        ("upper 0 0 0\nfore 90\n", "upp", r'line 14: "upp" is no bone'),
        ("1\nroot", "root", r'arm\.amc, line 4: "root 0 0 0 0 0 0" stands before the first frame'),
    ],
)
def test_broken_motion_is_refused_with_its_line(old: str, new: str, message: str) -> None:
    assert old in FLEX
    with pytest.raises(UserError, match=message):
        _ends(FLEX.replace(old, new, 1))


def test_a_motion_without_frames_or_of_another_skeleton_is_refused() -> None:
    with pytest.raises(UserError, match=r"arm\.amc has no frames"):
        _ends(FLEX[: FLEX.index("1\n")])
    still = FLEX.replace("fore 0\n", "").replace("fore 90\n", "")
    with pytest.raises(UserError, match=r"arm\.amc does not move fore, as its skeleton does"):
        _ends(still)


@pytest.mark.parametrize("end", range(0, len(FLEX) - 4, 5))
def test_motion_cut_short_anywhere_is_refused_or_shorter(end: int) -> None:
    try:
        ends = _ends(FLEX[:end])
    except UserError as error:
        assert "arm.amc" in str(error)
    else:
        assert len(ends["root"]) < 3


def test_published_text_is_read(asf: str, amc: Callable[..., str]) -> None:
    skeleton = parse_skeleton(asf, "02.asf")
    assert skeleton.bones[0].name == "root"
    assert len(skeleton.bones) == 23
    assert len(parse_motion(amc(), "02_01.amc", skeleton)["root"]) == 240
