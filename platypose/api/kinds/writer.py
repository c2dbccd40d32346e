"""Writers: pictures and files made from a lifting result."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    from platypose.evidence import Evidence
    from platypose.lifting.result import Result


@runtime_checkable
class Writer(Protocol):
    """Turns a result into files; `platypose lift --write NAME` selects it."""

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write files.

        Arguments:
            result: the hypotheses, or free samples of a prior.
            evidence: what they were lifted from; None for free samples.
            folder: where to write; it exists.

        Returns:
            the files written.
        """
        ...


@hookspec
def platypose_writers() -> Iterable[Spec[Writer]]:  # type: ignore[empty-body]
    """Output formats and pictures that this plugin writes."""


KIND: Kind[Writer] = Kind(name="writer", protocol=Writer, hook=platypose_writers)
