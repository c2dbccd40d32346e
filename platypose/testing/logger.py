"""The contract of loggers."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import ClassVar

from platypose.api import Kind, Logger
from platypose.api.kinds.logger import KIND
from platypose.testing.component import ComponentContract


class LoggerContract(ComponentContract[Logger]):
    """Subclass it and give `name`; override `logged` to read back what was kept."""

    kind: ClassVar[Kind[Logger]] = KIND

    def logged(self, folder: Path) -> dict[str, dict[int, float]]:
        """What the logger kept of a finished run: name to step to number.

        Arguments:
            folder: the one that `start` was given.
        """
        raise NotImplementedError("a logger's test says how to read back what was logged")

    def test_numbers_are_kept_under_their_names_and_steps(self, tmp_path: Path) -> None:
        """All of them, once the logger is closed."""
        logger = self.build()
        logger.start(tmp_path, {"seed": 3, "train": {"steps": 20}, "data": ["a", "b"]}, 0)
        logger.scalars(10, {"loss": 0.5, "rate": 2.0})
        logger.scalars(20, {"loss": 0.25, "rate": 1.0})
        logger.close()
        expected = {"loss": {10: 0.5, 20: 0.25}, "rate": {10: 2.0, 20: 1.0}}
        found = self.logged(tmp_path)
        assert {name: found.get(name) for name in expected} == expected

    def test_a_run_goes_on_after_an_interruption(self, tmp_path: Path) -> None:
        """With another logger, in another process; a repeated step has the last number."""
        first = self.build()
        first.start(tmp_path, {}, 0)
        first.scalars(10, {"loss": 0.5})
        first.scalars(20, {"loss": 0.75})
        first.close()
        second = self.build()
        second.start(tmp_path, {}, 10)
        second.scalars(20, {"loss": 0.25})
        second.scalars(30, {"loss": 0.125})
        second.close()
        assert self.logged(tmp_path)["loss"] == {10: 0.5, 20: 0.25, 30: 0.125}

    def test_pictures_are_taken(self, tmp_path: Path) -> None:
        """And stay where they are."""
        picture = tmp_path / "samples-10.png"
        picture.write_bytes(_black_png())
        logs = tmp_path / "logs"
        logs.mkdir()
        logger = self.build()
        logger.start(logs, {}, 0)
        logger.picture(10, "samples", picture)
        logger.close()
        assert picture.read_bytes() == _black_png(), "the picture was changed"

    def test_a_logger_that_was_not_started_can_be_closed(self) -> None:
        """As happens where another logger of the run cannot start."""
        self.build().close()


def _black_png() -> bytes:
    """A picture of 8 × 8 black pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    rows = b"".join(b"\0" + bytes(24) for _ in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
