"""Readers: other people's files of 2D evidence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    from platypose.evidence import Detections, Evidence


@runtime_checkable
class Reader(Protocol):
    """Reads one foreign format.

    The format of a file is found by asking every reader; `platypose lift --format NAME` selects
    one.
    """

    def recognises(self, path: Path) -> bool:
        """Whether a file or folder seems to be of this format, by a glance at its content.

        It reads little, executes nothing, and is false for whatever it cannot make sense of.
        """
        ...

    def read(self, path: Path) -> Detections | Evidence:
        """Read a file or folder.

        Returns:
            what a detector saw in one video, or evidence where the file has cameras too.

        Raises:
            UserError: the file is not of this format, or is damaged.
        """
        ...


@hookspec
def platypose_readers() -> Iterable[Spec[Reader]]:  # type: ignore[empty-body]
    """Evidence formats that this plugin reads."""


KIND: Kind[Reader] = Kind(name="reader", protocol=Reader, hook=platypose_readers)
