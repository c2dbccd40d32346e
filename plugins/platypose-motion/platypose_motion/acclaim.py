"""Acclaim skeletons and motions (.asf, .amc): the parsers and the forward kinematics.

Source: J. Lander, Working with Motion Capture File Formats, Game Developer, January 1998; the
published files of the CMU and the HDM05 databases.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Iterator
from typing import NoReturn

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import UserError

Array = npt.NDArray[np.float64]

_INCH = 0.0254
_AXES = {"X": 0, "Y": 1, "Z": 2}
_ROTATIONS = {"rx": 0, "ry": 1, "rz": 2}
_POSITIONS = {"tx": 0, "ty": 1, "tz": 2}
_FRAME = re.compile(r"^[ \t]*\d+[ \t]*\r?$", re.MULTILINE)
_NAME = re.compile(r"^[ \t]*([A-Za-z]\S*)", re.MULTILINE)
ROOT = "root"


@attrs.frozen(kw_only=True)
class Bone:
    """A bone, or the root, which has no length.

    Attributes:
        name: its name.
        parent: index of the parent, -1 for the root.
        offset: from the parent's end to its own in the skeleton's rest pose, in the file's units.
        axis: Euler angles of its own axes at rest, radians.
        order: the order in which `axis` and its channels turn, such as "XYZ".
        channels: its degrees of freedom in the order of the motion, such as ("rx", "rz").
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    axis: tuple[float, float, float]
    order: str
    channels: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Acclaim:
    """A parsed skeleton.

    Attributes:
        bones: the root first, parents before children.
        metres: of one length unit of the file.
        degrees: whether angles are in degrees, not in radians.
    """

    bones: tuple[Bone, ...]
    metres: float
    degrees: bool


def parse_skeleton(text: str, file: str) -> Acclaim:
    """Parse the text of an .asf file.

    Arguments:
        text: the content.
        file: its name, for error messages.

    Raises:
        UserError: where the text is no Acclaim skeleton.
    """
    sections = _sections(text)
    for needed in ("units", "root", "bonedata", "hierarchy"):
        if needed not in sections:
            raise UserError(f"{file} has no section :{needed}, so it is no Acclaim skeleton.")
    units = {words[0]: words[1] for words in sections["units"] if len(words) == 2}
    degrees = units.get("angle", "deg") == "deg"
    length = _numbers(file, "the unit of length", units.get("length", "").split(), 1)[0]
    if length <= 0:
        raise UserError(f"{file} has the unit of length {length:g}, which must be above 0.")
    to_radians = np.pi / 180 if degrees else 1.0

    specified = {ROOT: _root(file, sections["root"], to_radians)}
    for bone in _bones(file, sections["bonedata"], to_radians):
        if bone.name in specified:
            raise UserError(f'{file} has two bones named "{bone.name}".')
        specified[bone.name] = bone
    parents = _parents(file, sections["hierarchy"], set(specified))
    # Parents come before their children, however the hierarchy is written.
    ordered = [ROOT]
    for name in ordered:
        ordered += [child for child, parent in parents.items() if parent == name]
    lost = sorted(set(specified) - set(ordered))
    if lost:
        raise UserError(f"{file} does not connect {', '.join(lost)} to the root.")
    index = {name: number for number, name in enumerate(ordered)}
    bones = (
        attrs.evolve(specified[name], parent=index[parents[name]] if name != ROOT else -1)
        for name in ordered
    )
    return Acclaim(bones=tuple(bones), metres=_INCH / length, degrees=degrees)


def parse_motion(text: str, file: str, skeleton: Acclaim) -> dict[str, Array]:
    """Parse the text of an .amc file.

    Arguments:
        text: the content.
        file: its name, for error messages.
        skeleton: whose degrees of freedom the file gives.

    Returns:
        For each bone that the motion moves its channels (frames, channels) in the file's units.

    Raises:
        UserError: where the text is no motion of that skeleton, naming the line.
    """
    numbers = list(itertools.islice(_FRAME.finditer(text), 2))
    if not numbers:
        raise UserError(f"{file} has no frames.")
    start = numbers[0].start()
    for number, line in enumerate(text[:start].splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith(("#", ":")):
            raise UserError(f'{file}, line {number}: "{line}" stands before the first frame.')
    body = text[start:]
    names = _NAME.findall(body)
    first = text[start : numbers[-1].start()] if len(numbers) > 1 else body
    moved = list(dict.fromkeys(_NAME.findall(first)))
    width = {bone.name: len(bone.channels) for bone in skeleton.bones}
    values = _fast(body, names, moved, 1 + sum(width.get(name, 0) for name in moved))
    if values is None or any(not width.get(name) for name in moved):
        _locate(text, text[:start].count("\n"), file, moved, width)
    missing = sorted(name for name, count in width.items() if count and name not in moved)
    if missing:
        raise UserError(f"{file} does not move {', '.join(missing)}, as its skeleton does.")
    channels: dict[str, Array] = {}
    column = 1
    for name in moved:
        channels[name] = values[:, column : column + width[name]]
        column += width[name]
    return channels


def forward_kinematics(skeleton: Acclaim, channels: dict[str, Array]) -> dict[str, Array]:
    """The end of every bone, (frames, 3), in the file's units and axes.

    With the bone's axes C and the rotation M of its channels, both products of rotations about
    fixed axes in the order given, a bone turns by C M C⁻¹ relative to its parent.
    """
    frames = len(channels[ROOT])
    scale = np.pi / 180 if skeleton.degrees else 1.0
    ends: list[Array] = []
    turns: list[Array] = []
    for bone in skeleton.bones:
        own = _euler(np.asarray([bone.axis]), bone.order)[0]
        angles = np.zeros((frames, 3))
        end = np.tile(np.asarray(bone.offset), (frames, 1))
        for column, channel in enumerate(bone.channels):
            value = channels[bone.name][:, column]
            if channel in _ROTATIONS:
                angles[:, _ROTATIONS[channel]] = value * scale
            elif channel in _POSITIONS:
                end[:, _POSITIONS[channel]] += value
        still = not angles.any()
        turn = np.broadcast_to(np.eye(3), (frames, 3, 3))
        if not still:
            turn = own @ _euler(angles, bone.order) @ own.T
        if bone.parent < 0:
            # The root's own axes turn its children as well.
            ends.append(end)
            turns.append(turn @ own)
            continue
        parent = turns[bone.parent]
        whole = parent if still else parent @ turn
        ends.append(ends[bone.parent] + (whole @ end[..., None])[..., 0])
        turns.append(whole)
    return {bone.name: end for bone, end in zip(skeleton.bones, ends, strict=True)}


def _euler(angles: Array, order: str) -> Array:
    """Rotations (frames, 3, 3) about fixed axes, the first letter of `order` first."""
    total = np.broadcast_to(np.eye(3), (len(angles), 3, 3))
    for letter in order:
        axis = _AXES[letter]
        if angles[:, axis].any():
            total = _rotation(axis, angles[:, axis]) @ total
    return total


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


def _sections(text: str) -> dict[str, list[list[str]]]:
    """The lines of each section as words; what follows the section's name is its first line."""
    sections: dict[str, list[list[str]]] = {}
    lines: list[list[str]] = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if words[0].startswith(":"):
            lines = sections.setdefault(words[0][1:].lower(), [])
            words = words[1:]
        if words:
            lines.append(words)
    return sections


def _root(file: str, lines: list[list[str]], to_radians: float) -> Bone:
    given = {words[0].lower(): words[1:] for words in lines}
    order = (given.get("axis") or ["XYZ"])[0]
    turn = _numbers(file, "the orientation of the root", given.get("orientation", ["0"] * 3), 3)
    place = _numbers(file, "the position of the root", given.get("position", ["0"] * 3), 3)
    return Bone(
        name=ROOT,
        parent=-1,
        offset=_triple(place),
        axis=_triple(np.asarray(turn) * to_radians),
        order=_order(file, ROOT, order),
        channels=_channels(file, ROOT, given.get("order", [])),
    )


def _bones(file: str, lines: list[list[str]], to_radians: float) -> Iterator[Bone]:
    given: dict[str, list[str]] = {}
    for words in lines:
        if words[0] == "begin":
            given = {}
        elif words[0] != "end":
            given.setdefault(words[0].lower(), words[1:])
        elif given:
            name = " ".join(given.get("name", []))
            if not name:
                raise UserError(f"{file} has a bone without a name.")
            direction = _numbers(file, f'the direction of "{name}"', given.get("direction", []), 3)
            (length,) = _numbers(file, f'the length of "{name}"', given.get("length", []), 1)
            *angles, order = given.get("axis") or [""]
            turn = _numbers(file, f'the axis of "{name}"', angles, 3)
            yield Bone(
                name=name,
                parent=-1,
                offset=_triple(np.asarray(direction) * length),
                axis=_triple(np.asarray(turn) * to_radians),
                order=_order(file, name, order),
                channels=_channels(file, name, given.get("dof", [])),
            )


def _parents(file: str, lines: list[list[str]], bones: set[str]) -> dict[str, str]:
    parents: dict[str, str] = {}
    for words in lines:
        if words in (["begin"], ["end"]):
            continue
        unknown = [name for name in words if name not in bones]
        if unknown:
            raise UserError(f'{file} names "{unknown[0]}" in its hierarchy, which is no bone.')
        for child in words[1:]:
            if child in parents or child == ROOT:
                raise UserError(f'{file} gives "{child}" two parents.')
            parents[child] = words[0]
    return parents


def _channels(file: str, bone: str, words: list[str]) -> tuple[str, ...]:
    channels = tuple(word.lower() for word in words)
    unknown = [c for c in channels if c not in _ROTATIONS and c not in _POSITIONS]
    if unknown or len(set(channels)) != len(channels):
        raise UserError(
            f'{file} has unknown or repeated degrees of freedom of "{bone}": {" ".join(words)}.'
        )
    return channels


def _order(file: str, bone: str, order: str) -> str:
    if sorted(order.upper()) != ["X", "Y", "Z"]:
        raise UserError(f'{file} has no order of axes, such as XYZ, for "{bone}", but "{order}".')
    return order.upper()


def _numbers(file: str, what: str, words: list[str], count: int) -> tuple[float, ...]:
    try:
        values = tuple(float(word) for word in words)
    except ValueError:
        values = ()
    if len(values) != count or not np.isfinite(values).all():
        raise UserError(f'{file}: {what} cannot be read from "{" ".join(words)}".')
    return values


def _triple(values: Array | tuple[float, ...]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _fast(body: str, names: list[str], moved: list[str], width: int) -> Array | None:
    """All frames (frames, width), the frame number first; None where the file is not regular."""
    numbers = _NAME.sub("", body)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            values = np.fromstring(numbers, sep=" ")
    except (ValueError, DeprecationWarning):
        return None
    if values.size % width:
        return None
    values = values.reshape(-1, width)
    frames = len(values)
    counted = np.array_equal(values[:, 0], values[0, 0] + np.arange(frames))
    return values if counted and names == moved * frames else None


def _locate(text: str, skip: int, file: str, moved: list[str], width: dict[str, int]) -> NoReturn:
    """Name the line at which a motion departs from its skeleton."""

    def fail(number: int, reason: str) -> NoReturn:
        raise UserError(f"{file}, line {number}: {reason}.")

    expected: list[str] = []
    frame = None
    lines = text.splitlines()
    for number, line in enumerate(lines[skip:], start=skip + 1):
        words = line.split()
        if not words:
            continue
        if len(words) == 1 and words[0].isdecimal():
            if expected:
                fail(number, f'the frame before ends without "{expected[0]}"')
            if frame is not None and int(words[0]) != frame + 1:
                fail(number, f"frame {words[0]} follows frame {frame}")
            frame, expected = int(words[0]), list(moved)
            continue
        name, count = words[0], len(words) - 1
        if not width.get(name):
            fail(number, f'"{name}" is no bone that the skeleton moves')
        if not expected or name != expected[0]:
            needed = f'"{expected[0]}"' if expected else "the number of the next frame"
            fail(number, f'"{name}" stands where {needed} is expected')
        if count != width[name]:
            fail(number, f'"{name}" has {count} values, and its skeleton needs {width[name]}')
        try:
            [float(word) for word in words[1:]]
        except ValueError:
            fail(number, f'"{name}" has a value that is not a number')
        expected.pop(0)
    wanting = f'"{expected[0]}"' if expected else "a frame"
    raise UserError(f"{file} ends where {wanting} is expected.")
