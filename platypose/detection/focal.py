"""The focal length that a phone or a camera noted in its file."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from platypose.detection.boxes import HEADER, Boxes, has_boxes

KEYS = (
    "com.apple.quicktime.camera.focal_length.35mm_equivalent",
    "focallengthin35mmfilm",
    "focallengthin35mmformat",
)
"""What a key ends with, in lower case: Apple's, Exif's and ExifTool's."""

SHORTEST, LONGEST = 4.0, 3000.0
"""Millimetres, of lenses that there are: a fisheye's and a telescope's; Exif's 0 is 'not known'."""

_NUMBER = re.compile(r"\s*(\d{1,6}(?:\.\d{1,9})?)\s*(?:mm)?\s*", re.IGNORECASE)
_XMP = re.compile(rb"FocalLengthIn35mmFilm\s*(?:=\s*[\"']|>)\s*(\d{1,6}(?:\.\d{1,9})?)\s*[\"'<]")

_NESTED = {b"moov", b"trak", b"udta", b"meta"}
_VALUES = {23: ">f", 24: ">d"}
_SIGNED, _UNSIGNED = {21, 65, 66, 67, 74}, {22, 75, 76, 77, 78}


def noted_focal(path: Path, *tags: Mapping[str, str]) -> float | None:
    """The focal length in a file's metadata, as of a lens on 35 mm film.

    iPhones note it in the box of the video's track in a MOV file, where FFmpeg does not look; so
    these boxes are read here. XMP is what programs leave that edit videos.

    Arguments:
        path: the file.
        tags: metadata that a decoder found in it.

    Returns:
        millimetres; None where the file does not say it, or says nonsense.
    """
    noted = [*_noted_in_boxes(path), *(value for found in tags for value in _matching(found))]
    return next((mm for mm in map(_millimetres, noted) if mm is not None), None)


def _matching(tags: Mapping[str, str]) -> Iterator[str]:
    return (value for key, value in tags.items() if key.lower().endswith(KEYS))


def _millimetres(text: str) -> float | None:
    match = _NUMBER.fullmatch(text)
    value = float(match[1]) if match else 0.0
    return value if SHORTEST <= value <= LONGEST else None


def _noted_in_boxes(path: Path) -> list[str]:
    """What the boxes of a QuickTime or MP4 file say: that of a track before that of the movie."""
    try:
        with path.open("rb") as file:
            found = list(_walk(Boxes(file), 0, path.stat().st_size, 0)) if has_boxes(file) else []
    except OSError:
        return []
    return [value for _, value in sorted(found, key=lambda entry: -entry[0])]


def _walk(boxes: Boxes, begin: int, end: int, depth: int) -> Iterator[tuple[int, str]]:
    """Values with the depth of the box that has them, from boxes that lie in a part of the file."""
    keys: list[str] = []
    for kind, start, stop in boxes.between(begin, end):
        if kind in _NESTED and depth < 6:
            # MP4's has a version before its boxes, QuickTime's has none.
            if kind == b"meta" and boxes.content(start + 4, start + 8) != b"hdlr":
                start += 4
            yield from _walk(boxes, start, stop, depth + 1)
        elif kind == b"keys":
            keys = _keys(boxes.content(start, stop))
        elif kind == b"ilst":
            yield from ((depth, value) for value in _values(boxes.content(start, stop), keys))
        elif kind in (b"XMP_", b"uuid"):
            found = _XMP.findall(boxes.content(start, stop))
            yield from ((depth, value.decode()) for value in found)


def _keys(content: bytes) -> list[str]:
    names, place = [], 8
    while place + 8 <= len(content):
        (size, _) = HEADER.unpack_from(content, place)
        if size < 8:
            break
        names.append(content[place + 8 : place + size].decode("utf-8", "replace"))
        place += size
    return names


def _values(content: bytes, keys: list[str]) -> Iterator[str]:
    """The focal lengths among the entries, each an index into the keys and a `data` box."""
    place = 0
    while place + 24 <= len(content):
        size, kind = HEADER.unpack_from(content, place)
        index = int.from_bytes(kind, "big") - 1
        if size < 24:
            break
        if 0 <= index < len(keys) and keys[index].lower().endswith(KEYS):
            length, of = HEADER.unpack_from(content, place + 8)
            if of == b"data" and length >= 16:
                data = content[place + 8 : place + min(size, 8 + length)]
                yield _text(int.from_bytes(data[8:12], "big"), data[16:])
        place += size


def _text(kind: int, value: bytes) -> str:
    """A value of one of QuickTime's well-known types."""
    if kind in _VALUES and len(value) == struct.calcsize(_VALUES[kind]):
        return f"{struct.unpack(_VALUES[kind], value)[0]:.4f}"
    if kind in _SIGNED | _UNSIGNED and 0 < len(value) <= 8:
        return str(int.from_bytes(value, "big", signed=kind in _SIGNED))
    return value.decode("utf-16-be" if kind == 2 else "utf-8", "replace")
