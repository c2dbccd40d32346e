"""Biovision hierarchies: the parser and the forward kinematics."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NoReturn

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import UserError

Array = npt.NDArray[np.float64]

_ROTATIONS = {"Xrotation": 0, "Yrotation": 1, "Zrotation": 2}
_POSITIONS = {"Xposition": 0, "Yposition": 1, "Zposition": 2}


@attrs.frozen(kw_only=True)
class Joint:
    """A joint, or an End Site, of a hierarchy.

    Arguments:
        name: its name; an End Site is named after its parent, "Head" giving "Head End".
        parent: index of the parent, -1 for the root.
        offset: (x, y, z) from the parent in the parent's frame, in the file's units.
        channels: names of its channels, in the order of the file.
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...]


@attrs.frozen(kw_only=True, eq=False)
class Bvh:
    """A parsed file.

    Arguments:
        joints: parents before children; joint order is the order of the channels.
        channels: (frames, channels) values of every frame, degrees and the file's units.
        frame_time: seconds a frame.
    """

    joints: tuple[Joint, ...]
    channels: Array
    frame_time: float

    def index(self, name: str) -> int:
        """The index of the joint of that name; KeyError where there is none."""
        for index, joint in enumerate(self.joints):
            if joint.name == name:
                return index
        raise KeyError(name)


def parse(text: str, file: str) -> Bvh:
    """Parse the text of a .bvh file.

    Arguments:
        text: the content.
        file: its name, for error messages.

    Raises:
        UserError: where the text is no BVH, naming the file and the line.

    Source: M. Meredith and S. Maddock, Motion Capture File Formats Explained, 2001.
    """
    reader = _Reader(text, file)
    joints = _hierarchy(reader)
    count, frame_time = _motion_header(reader)
    width = sum(len(joint.channels) for joint in joints)
    return Bvh(joints=tuple(joints), channels=_values(reader, count, width), frame_time=frame_time)


def drop_repeated_offsets(bvh: Bvh) -> Bvh:
    """The file with zero offsets where the position channels repeat them.

    Position channels add to the offset, but some programs write the whole position of a joint in
    its parent's frame into them, beside the same offset. Such channels lie nearer to the offset
    than to zero.
    """
    first = 0
    joints: list[Joint] = []
    for joint in bvh.joints:
        given = np.zeros(3)
        for column, channel in enumerate(joint.channels, start=first):
            if channel in _POSITIONS:
                given[_POSITIONS[channel]] = bvh.channels[:, column].mean()
        first += len(joint.channels)
        repeated = np.linalg.norm(given - joint.offset) < np.linalg.norm(given)
        joints.append(attrs.evolve(joint, offset=(0.0, 0.0, 0.0)) if repeated else joint)
    return attrs.evolve(bvh, joints=tuple(joints))


def forward_kinematics(bvh: Bvh) -> Array:
    """Joint positions (frames, joints, 3) in the file's units and axes.

    A joint's rotation is the product of its rotation channels from left to right in the order of
    the file, applied to column vectors; its position channels add to its offset.
    """
    frames = len(bvh.channels)
    rotations: list[Array] = []
    positions = np.empty((frames, len(bvh.joints), 3))
    first = 0
    for index, joint in enumerate(bvh.joints):
        local = np.tile(np.asarray(joint.offset), (frames, 1))
        rotation = np.broadcast_to(np.eye(3), (frames, 3, 3))
        for column, channel in enumerate(joint.channels, start=first):
            values = bvh.channels[:, column]
            if channel in _POSITIONS:
                local[:, _POSITIONS[channel]] += values
            else:
                rotation = rotation @ _rotation(_ROTATIONS[channel], np.radians(values))
        first += len(joint.channels)
        if joint.parent < 0:
            positions[:, index] = local
        else:
            parent = rotations[joint.parent]
            positions[:, index] = positions[:, joint.parent] + (parent @ local[..., None])[..., 0]
            rotation = parent @ rotation
        rotations.append(rotation)
    return positions


def _rotation(axis: int, angle: Array) -> Array:
    """Right-handed rotations (frames, 3, 3) about a coordinate axis; angle in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    second, third = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.zeros((len(angle), 3, 3))
    matrix[:, axis, axis] = 1.0
    matrix[:, second, second] = cos
    matrix[:, third, third] = cos
    matrix[:, second, third] = -sin
    matrix[:, third, second] = sin
    return matrix


class _Reader:
    """The non-empty lines of a file, word by word, with their numbers."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = text.splitlines()
        self.next = 0

    def words(self, expected: str) -> list[str]:
        while self.next < len(self.lines):
            words = self.lines[self.next].split()
            self.next += 1
            if words:
                return words
        self.next = len(self.lines)
        raise UserError(f"{self.file} ends where {expected} is expected.")

    def fail(self, reason: str) -> NoReturn:
        raise UserError(f"{self.file}, line {self.next}: {reason}.")

    def numbers(self, words: Sequence[str], count: int, what: str) -> tuple[float, ...]:
        try:
            values = tuple(float(word) for word in words)
        except ValueError:
            values = ()
        if len(values) != count or not np.isfinite(values).all():
            self.fail(f'{what} cannot be read from "{" ".join(words)}"')
        return values


def _hierarchy(reader: _Reader) -> list[Joint]:
    if reader.words("HIERARCHY") != ["HIERARCHY"]:
        reader.fail("a BVH file begins with HIERARCHY")
    words = reader.words("ROOT")
    if words[0] != "ROOT" or len(words) < 2:
        reader.fail("ROOT and a name must follow HIERARCHY")
    joints = [_joint(reader, " ".join(words[1:]), -1)]
    ends: set[int] = set()
    ancestors = [0]
    while ancestors:
        words = reader.words('JOINT, End Site or "}"')
        if words == ["}"]:
            ancestors.pop()
            continue
        parent = ancestors[-1]
        if parent in ends:
            reader.fail('"}" must follow the OFFSET of an End Site')
        if words[0] == "JOINT" and len(words) > 1:
            joint = _joint(reader, " ".join(words[1:]), parent)
        elif words == ["End", "Site"]:
            ends.add(len(joints))
            name = f"{joints[parent].name} End"
            joint = Joint(name=name, parent=parent, offset=_offset(reader, name), channels=())
        else:
            reader.fail(f'JOINT, End Site or "}}" is expected, not "{" ".join(words)}"')
        if any(joint.name == other.name for other in joints):
            reader.fail(f'two joints are named "{joint.name}"')
        ancestors.append(len(joints))
        joints.append(joint)
    return joints


def _joint(reader: _Reader, name: str, parent: int) -> Joint:
    offset = _offset(reader, name)
    words = reader.words(f'CHANNELS of "{name}"')
    if words[0] != "CHANNELS" or len(words) < 2 or words[1] != str(len(words) - 2):
        reader.fail(f'CHANNELS, their number and their names are expected for "{name}"')
    channels = tuple(words[2:])
    unknown = [c for c in channels if c not in _ROTATIONS and c not in _POSITIONS]
    if unknown or len(set(channels)) != len(channels):
        reader.fail(f'CHANNELS of "{name}" are unknown or repeated')
    return Joint(name=name, parent=parent, offset=offset, channels=channels)


def _offset(reader: _Reader, name: str) -> tuple[float, float, float]:
    if reader.words('"{"') != ["{"]:
        reader.fail(f'"{{" must follow the name "{name}"')
    words = reader.words(f'OFFSET of "{name}"')
    if words[0] != "OFFSET":
        reader.fail(f'OFFSET of "{name}" is expected')
    x, y, z = reader.numbers(words[1:], 3, f'OFFSET of "{name}"')
    return x, y, z


def _motion_header(reader: _Reader) -> tuple[int, float]:
    if reader.words("MOTION") != ["MOTION"]:
        reader.fail("MOTION must follow the hierarchy")
    words = reader.words("Frames:")
    if words[0] != "Frames:" or len(words) != 2 or not words[1].isdecimal():
        reader.fail('"Frames:" and a whole number are expected')
    count = int(words[1])
    if count == 0:
        reader.fail("the file has no frames")
    words = reader.words("Frame Time:")
    if words[:2] != ["Frame", "Time:"]:
        reader.fail('"Frame Time:" is expected')
    (frame_time,) = reader.numbers(words[2:], 1, "Frame Time")
    if frame_time <= 0:
        reader.fail("Frame Time must be positive")
    return count, frame_time


def _values(reader: _Reader, count: int, width: int) -> Array:
    """The motion block, (count, width); NaN passes, for the caller to judge."""
    rows = reader.lines[reader.next :]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            values = np.fromstring("\n".join(rows), sep=" ")
        if values.size == count * width:
            return values.reshape(count, width)
    except (ValueError, DeprecationWarning):
        pass
    # Something is wrong: go through the lines to name the one.
    seen = 0
    while reader.next < len(reader.lines):
        words = reader.lines[reader.next].split()
        reader.next += 1
        if not words:
            continue
        try:
            found = len([float(word) for word in words])
        except ValueError:
            reader.fail("a frame holds something that is not a number")
        if found != width:
            reader.fail(f"a frame has {found} values, and the channels are {width}")
        seen += 1
    raise UserError(f"{reader.file} announces {count} frames and holds {seen}.")
