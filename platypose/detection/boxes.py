"""The boxes that QuickTime and MP4 files are made of."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

HEADER = struct.Struct(">I4s")
"""Size with this header, and kind."""

MOST_BOXES, MOST_BYTES = 10_000, 1 << 22
"""Of a file, and of one box's content; a file that needs more is damaged, or made to be slow."""

_FIRST = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


class Boxes:
    """Boxes of an open file, read where they lie.

    Arguments:
        file: open for reading, binary.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.left = file, MOST_BOXES

    def between(self, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Kind, start of the content and end of each box between two places, none beyond damage."""
        while begin + 8 <= end and self.left > 0:
            self.left -= 1
            head = self.content(begin, begin + 16)
            if len(head) < 8:
                return
            size, kind = HEADER.unpack(head[:8])
            header = 8
            if size == 1 and len(head) == 16:
                size, header = int.from_bytes(head[8:], "big"), 16
            stop = end if size == 0 else begin + size
            if stop < begin + header or stop > end:
                return
            yield kind, begin + header, stop
            begin = stop

    def content(self, start: int, stop: int) -> bytes:
        """The bytes between two places, the first of them if they are too many."""
        self.file.seek(start)
        return self.file.read(min(max(stop - start, 0), MOST_BYTES))


def has_boxes(file: BinaryIO) -> bool:
    """Whether a file begins as QuickTime's and MP4's do."""
    file.seek(0)
    return file.read(8)[4:] in _FIRST
