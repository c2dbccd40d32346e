"""A made-up walker on the cgspeed skeleton, as text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

# Joint, parent and offset in CMU units, with the zero offsets of the conversion.
_SKELETON: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("Hips", "", (0, 0, 0)),
    ("LHipJoint", "Hips", (0, 0, 0)),
    ("LeftUpLeg", "LHipJoint", (1.6, -1.8, 0.6)),
    ("LeftLeg", "LeftUpLeg", (2.4, -6.6, 0)),
    ("LeftFoot", "LeftLeg", (2.5, -6.9, 0)),
    ("LeftToeBase", "LeftFoot", (0.2, -0.5, 2.0)),
    ("LeftToeBase End", "LeftToeBase", (0, 0, 1)),
    ("RHipJoint", "Hips", (0, 0, 0)),
    ("RightUpLeg", "RHipJoint", (-1.6, -1.8, 0.6)),
    ("RightLeg", "RightUpLeg", (-2.4, -6.6, 0)),
    ("RightFoot", "RightLeg", (-2.5, -6.9, 0)),
    ("RightToeBase", "RightFoot", (-0.2, -0.5, 2.0)),
    ("RightToeBase End", "RightToeBase", (0, 0, 1)),
    ("LowerBack", "Hips", (0, 0, 0)),
    ("Spine", "LowerBack", (0, 2.0, -0.2)),
    ("Spine1", "Spine", (0, 2.0, -0.1)),
    ("Neck", "Spine1", (0, 0, 0)),
    ("Neck1", "Neck", (0, 1.6, 0.2)),
    ("Head", "Neck1", (0, 1.6, -0.1)),
    ("Head End", "Head", (0, 1.6, 0)),
    ("LeftShoulder", "Spine1", (0, 0, 0)),
    ("LeftArm", "LeftShoulder", (3.5, 0.9, 0)),
    ("LeftForeArm", "LeftArm", (5, 0, 0)),
    ("LeftHand", "LeftForeArm", (3.4, 0, 0)),
    ("LeftFingerBase", "LeftHand", (0, 0, 0)),
    ("LeftHandIndex1", "LeftFingerBase", (0.7, 0, 0)),
    ("LeftHandIndex1 End", "LeftHandIndex1", (0.5, 0, 0)),
    ("LThumb", "LeftHand", (0, 0, 0)),
    ("LThumb End", "LThumb", (0.6, 0, 0.6)),
    ("RightShoulder", "Spine1", (0, 0, 0)),
    ("RightArm", "RightShoulder", (-3.5, 0.9, 0)),
    ("RightForeArm", "RightArm", (-5, 0, 0)),
    ("RightHand", "RightForeArm", (-3.4, 0, 0)),
    ("RightFingerBase", "RightHand", (0, 0, 0)),
    ("RightHandIndex1", "RightFingerBase", (-0.7, 0, 0)),
    ("RightHandIndex1 End", "RightHandIndex1", (-0.5, 0, 0)),
    ("RThumb", "RightHand", (0, 0, 0)),
    ("RThumb End", "RThumb", (-0.6, 0, 0.6)),
)

Edit = Callable[[npt.NDArray[np.float64]], None]


def _joint(name: str) -> list[str]:
    offset = next(offset for joint, _, offset in _SKELETON if joint == name)
    children = [joint for joint, parent, _ in _SKELETON if parent == name]
    if name.endswith(" End"):
        return ["End Site", "{", f"OFFSET {offset[0]} {offset[1]} {offset[2]}", "}"]
    rotations = "Zrotation Yrotation Xrotation"
    root = name == "Hips"
    lines = [
        f"{'ROOT' if root else 'JOINT'} {name}",
        "{",
        f"OFFSET {offset[0]} {offset[1]} {offset[2]}",
        f"CHANNELS 6 Xposition Yposition Zposition {rotations}"
        if root
        else f"CHANNELS 3 {rotations}",
    ]
    for child in children:
        lines += _joint(child)
    return [*lines, "}"]


def _column(joint: str) -> int:
    """The column of a joint's Z rotation; Y and X follow."""
    moving = [name for name, _, _ in _SKELETON if not name.endswith(" End")]
    return 3 + 3 * moving.index(joint)


def _channels(frames: int = 241, edit: Edit | None = None) -> npt.NDArray[np.float64]:
    """A T-pose frame, then a person who walks 1.2 m/s towards z with bent left elbow."""
    seconds = np.arange(frames - 1) / 120
    values = np.zeros((frames, _column("RThumb") + 3))
    values[:, 1] = 16.0
    walk = values[1:]
    walk[:, 2] = 1.2 * seconds / 0.05644
    walk[:, _column("LeftUpLeg") : _column("LeftUpLeg") + 3] = [-20, 0, 0]
    walk[:, _column("RightUpLeg") : _column("RightUpLeg") + 3] = [20, 0, 0]
    walk[:, _column("LeftUpLeg") + 2] = 25 * np.sin(2 * np.pi * seconds)
    walk[:, _column("RightUpLeg") + 2] = -25 * np.sin(2 * np.pi * seconds)
    walk[:, _column("LeftForeArm") + 1] = -60
    if edit:
        edit(walk)
    return values


def _trial(frames: int = 241, edit: Edit | None = None, frame_time: float = 1 / 120) -> str:
    rows = [" ".join(f"{value:.5f}" for value in row) for row in _channels(frames, edit)]
    return "\n".join(
        [
            "HIERARCHY",
            *_joint("Hips"),
            "MOTION",
            f"Frames: {frames}",
            f"Frame Time: {frame_time:.7f}",
            *rows,
            "",
        ]
    )


# Acclaim bone, parent, end in the conversion, and the joint whose rotation is the bone's.
_BONES: tuple[tuple[str, str, str, str], ...] = (
    ("lhipjoint", "root", "LeftUpLeg", ""),
    ("lfemur", "lhipjoint", "LeftLeg", "LeftUpLeg"),
    ("ltibia", "lfemur", "LeftFoot", "LeftLeg"),
    ("lfoot", "ltibia", "LeftToeBase", "LeftFoot"),
    ("rhipjoint", "root", "RightUpLeg", ""),
    ("rfemur", "rhipjoint", "RightLeg", "RightUpLeg"),
    ("rtibia", "rfemur", "RightFoot", "RightLeg"),
    ("rfoot", "rtibia", "RightToeBase", "RightFoot"),
    ("lowerback", "root", "Spine", "LowerBack"),
    ("upperback", "lowerback", "Spine1", "Spine"),
    ("thorax", "upperback", "Neck", "Spine1"),
    ("lowerneck", "thorax", "Neck1", "Neck"),
    ("upperneck", "lowerneck", "Head", "Neck1"),
    ("head", "upperneck", "Head End", "Head"),
    ("lclavicle", "thorax", "LeftArm", "LeftShoulder"),
    ("lhumerus", "lclavicle", "LeftForeArm", "LeftArm"),
    ("lradius", "lhumerus", "LeftHand", "LeftForeArm"),
    ("lwrist", "lradius", "LeftFingerBase", "LeftHand"),
    ("rclavicle", "thorax", "RightArm", "RightShoulder"),
    ("rhumerus", "rclavicle", "RightForeArm", "RightArm"),
    ("rradius", "rhumerus", "RightHand", "RightForeArm"),
    ("rwrist", "rradius", "RightFingerBase", "RightHand"),
)


def _skeleton() -> str:
    """The walker's skeleton as CMU writes it, with the bones that the conversion loses."""
    offsets = {joint: np.array(offset) for joint, _, offset in _SKELETON}
    offsets["Neck"] = 2 * offsets["Spine1"] - offsets["Spine"]
    for hand in ("Left", "Right"):
        offsets[f"{hand}FingerBase"] = offsets[f"{hand}Hand"] / 2
    lines = [
        "# AST/ASF file generated using VICON BodyLanguage",
        ":version 1.10",
        ":name VICON",
        *(":units", "  mass 1.0", "  length 0.45", "  angle deg"),
        *(":documentation", "   .ast/.asf automatically generated from VICON data"),
        *(":root", "   order TX TY TZ RX RY RZ", "   axis XYZ", "   position 0 0 0  "),
        *("   orientation 0 0 0 ", ":bonedata"),
    ]
    for number, (bone, _, end, turned) in enumerate(_BONES, start=1):
        length = np.linalg.norm(offsets[end])
        x, y, z = offsets[end] / length
        lines += ["  begin", f"     id {number} ", f"     name {bone}"]
        lines += [f"     direction {x:.12f} {y:.12f} {z:.12f} ", f"     length {length:.12f} "]
        lines += ["     axis 0 0 0  XYZ"]
        if turned:
            lines += ["    dof rx ry rz", "    limits (-160.0 20.0)", "           (-70.0 70.0)"]
            lines += ["           (-60.0 70.0)"]
        lines += ["  end"]
    children: dict[str, list[str]] = {}
    for bone, parent, _, _ in _BONES:
        children.setdefault(parent, []).append(bone)
    tree = [f"    {parent} {' '.join(names)}" for parent, names in children.items()]
    return "\n".join([*lines, ":hierarchy", "  begin", *tree, "  end", ""])


def _motion(frames: int = 241, edit: Edit | None = None) -> str:
    """The walk, without the T-pose, as CMU writes it."""
    lines = ["#!OML:ASF H:\\Terrain\\f\ufffdr\\Walker.ASF", ":FULLY-SPECIFIED", ":DEGREES"]
    for number, row in enumerate(_channels(frames, edit)[1:], start=1):
        x, y, z, rz, ry, rx = row[:6]
        lines += [str(number), f"root {x:.5f} {y:.5f} {z:.5f} {rx:.5f} {ry:.5f} {rz:.5f}"]
        for bone, _, _, turned in _BONES:
            if turned:
                rz, ry, rx = row[_column(turned) : _column(turned) + 3]
                lines.append(f"{bone} {rx:.5f} {ry:.5f} {rz:.5f}")
    return "\r\n".join([*lines, ""])


@pytest.fixture(scope="session")
def trial() -> Callable[..., str]:
    """`trial(frames=241, edit=None, frame_time=1/120)`: the text of a .bvh file.

    `edit` changes the channels (frames - 1, channels) after the T-pose in place.
    """
    return _trial


@pytest.fixture(scope="session")
def column() -> Callable[[str], int]:
    """`column(joint)`: the index of the joint's Z rotation among the channels."""
    return _column


@pytest.fixture(scope="session")
def asf() -> str:
    """The walker's skeleton as the text of an .asf file."""
    return _skeleton()


@pytest.fixture(scope="session")
def amc() -> Callable[..., str]:
    """`amc(frames=241, edit=None)`: the same walk as the text of an .amc file."""
    return _motion


# Joint, parent and offset in centimetres of the daz-friendly figure, without fingers and eyes.
_DAZ: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("hip", "", (0, 0, 0)),
    ("abdomen", "hip", (0, 20.6881, -0.73152)),
    ("chest", "abdomen", (0, 11.7043, -0.48768)),
    ("neck", "chest", (0, 22.1894, -2.19456)),
    ("head", "neck", (-0.24384, 7.07133, 1.2192)),
    ("head End", "head", (4.14528, 8.04674, 8.04672)),
    ("rCollar", "chest", (-2.68224, 19.2634, -4.8768)),
    ("rShldr", "rCollar", (-8.77824, -1.95073, 1.46304)),
    ("rForeArm", "rShldr", (-28.1742, -1.7115, 0.48768)),
    ("rHand", "rForeArm", (-22.5879, 0.773209, 7.07136)),
    ("rHand End", "rHand", (-7.75947, 0.938293, 5.60832)),
    ("lCollar", "chest", (2.68224, 19.2634, -4.8768)),
    ("lShldr", "lCollar", (8.77824, -1.95073, 1.46304)),
    ("lForeArm", "lShldr", (28.1742, -1.7115, 0.48768)),
    ("lHand", "lForeArm", (22.5879, 0.773209, 7.07136)),
    ("lHand End", "lHand", (7.75947, 0.938293, 5.60832)),
    ("rButtock", "hip", (-8.77824, 4.35084, 1.2192)),
    ("rThigh", "rButtock", (0, -1.70687, -2.19456)),
    ("rShin", "rThigh", (0, -36.8199, 0.73152)),
    ("rFoot", "rShin", (0.73152, -45.1104, -5.12064)),
    ("rFoot End", "rFoot", (-1.1221, -3.69964, 12.103)),
    ("lButtock", "hip", (8.77824, 4.35084, 1.2192)),
    ("lThigh", "lButtock", (0, -1.70687, -2.19456)),
    ("lShin", "lThigh", (0, -36.8199, 0.73152)),
    ("lFoot", "lShin", (-0.73152, -45.1104, -5.12064)),
    ("lFoot End", "lFoot", (1.1221, -3.69964, 12.103)),
)


def bvh_text(
    skeleton: tuple[tuple[str, str, tuple[float, float, float]], ...],
    values: npt.NDArray[np.float64],
    frame_time: float,
    channels: Callable[[str], str],
) -> str:
    """A .bvh file of joints (name, parent, offset), parents first, and of the channels of each."""

    def joint(name: str, offset: tuple[float, float, float]) -> list[str]:
        lines = ["{", f"OFFSET {offset[0]} {offset[1]} {offset[2]}"]
        if name.endswith(" End"):
            return ["End Site", *lines, "}"]
        given = channels(name)
        lines.append(f"CHANNELS {len(given.split())} {given}")
        for child, parent, its_offset in skeleton:
            if parent == name:
                lines += joint(child, its_offset)
        return [f"{'ROOT' if name == skeleton[0][0] else 'JOINT'} {name}", *lines, "}"]

    rows = [" ".join(f"{value:.6f}" for value in row) for row in values]
    head = ["MOTION", f"Frames:\t{len(rows)}", f"Frame Time:\t{frame_time}"]
    return "\n".join(["HIERARCHY", *joint(skeleton[0][0], skeleton[0][2]), *head, *rows, ""])


@pytest.fixture(scope="session")
def daz() -> Callable[..., str]:
    """`daz(frames=40, head_turn=0)`: the daz-friendly figure standing still, as a .bvh file."""

    def channels(name: str) -> str:
        if name == "hip":
            return "Xposition Yposition Zposition Zrotation Yrotation Xrotation"
        return "Zrotation Xrotation Yrotation"

    def write(frames: int = 40, head_turn: float = 0.0) -> str:
        moving = [name for name, _, _ in _DAZ if not name.endswith(" End")]
        values = np.zeros((frames, 3 + 3 * len(moving)))
        values[:, 1] = 90.0
        values[:, 3 + 3 * moving.index("head")] = head_turn
        return bvh_text(_DAZ, values, 0.00833333, channels)

    return write


_REACTIDLE: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("pelvis", "", (0, 0.72, 0)),
    ("spine", "pelvis", (0, 0, 0)),
    ("spine.001", "spine", (0, 0.232063, 0.012162)),
    ("neck", "spine.001", (0, 0.230649, -0.02832)),
    ("face", "neck", (0, 0.176459, -0.00308)),
    ("face End", "face", (0, -0.007071, 0.03087)),
    ("shoulder.L", "spine.001", (0, 0.230649, -0.02832)),
    ("upper_arm.L", "shoulder.L", (0.16325, 0, 0)),
    ("forearm.L", "upper_arm.L", (0.252367, 0.000882, -0.000106)),
    ("forearm.L End", "forearm.L", (0.221264, -0.001215, 0.003765)),
    ("shoulder.R", "spine.001", (0, 0.230649, -0.02832)),
    ("upper_arm.R", "shoulder.R", (-0.16325, 0, 0)),
    ("forearm.R", "upper_arm.R", (-0.252367, 0.000882, -0.000106)),
    ("forearm.R End", "forearm.R", (-0.221264, -0.001215, 0.003765)),
    ("pelvis.L", "pelvis", (0, 0, 0)),
    ("pelvis.L End", "pelvis.L", (0.096594, 0, 0)),
    ("pelvis.R", "pelvis", (0, 0, 0)),
    ("pelvis.R End", "pelvis.R", (-0.096594, 0, 0)),
    ("thigh.L", "pelvis", (0.096594, 0, 0)),
    ("shin.L", "thigh.L", (0.017325, -0.330572, 0)),
    ("foot.L", "shin.L", (0.016916, -0.322768, 0)),
    ("foot.L End", "foot.L", (0.014533, -0.062224, 0.148181)),
    ("thigh.R", "pelvis", (-0.096594, 0, 0)),
    ("shin.R", "thigh.R", (-0.017325, -0.330572, 0)),
    ("foot.R", "shin.R", (-0.016916, -0.322768, 0)),
    ("foot.R End", "foot.R", (-0.014533, -0.062224, 0.148181)),
)


@pytest.fixture(scope="session")
def reactidle() -> Callable[..., str]:
    """`reactidle(size=1, frames=48)`: who sways by 3 cm and stands else still, as a .bvh file.

    As published, the root's position channels add to its offset, and the other joints', which all
    have them but spine.001, repeat theirs.
    """

    def channels(name: str) -> str:
        positions = "" if name == "spine.001" else "Xposition Yposition Zposition "
        across = name.startswith(("shoulder", "pelvis."))
        return (
            positions + ("Yrotation Xrotation" if across else "Xrotation Yrotation") + " Zrotation"
        )

    def write(size: float = 1.0, frames: int = 48) -> str:
        sized = tuple(
            (name, parent, (size * x, size * y, size * z)) for name, parent, (x, y, z) in _REACTIDLE
        )
        columns: list[float] = []
        for name, parent, offset in sized:
            if not name.endswith(" End"):
                columns += (
                    offset if parent and name != "spine.001" else (0, 0, 0)[: 3 * (not parent)]
                )
                columns += [0.0, 0.0, 0.0]
        values = np.tile(np.array(columns), (frames, 1))
        values[:, 0] = 0.03 * size * np.sin(2 * np.pi * np.arange(frames) / 48)
        return bvh_text(sized, values, 0.041667, channels)

    return write
