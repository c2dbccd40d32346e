"""Readers: other people's files of 2D evidence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    from platypose.evidence import Evidence


@runtime_checkable
class Reader(Protocol):
    """Reads one foreign format; `platypose lift --format NAME` selects it."""

    def read(self, path: Path) -> Evidence:
        """Read a file or folder.

        Raises:
            UserError: the file is not of this format, or is damaged.
        """
        ...


@hookspec
def platypose_readers() -> Iterable[Spec[Reader]]:  # type: ignore[empty-body]
    """Evidence formats that this plugin reads."""


KIND: Kind[Reader] = Kind(name="reader", protocol=Reader, hook=platypose_readers)
