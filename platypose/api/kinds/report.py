"""Reports: pictures and files made from measured figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec


@runtime_checkable
class Report(Protocol):
    """Turns the figures of `platypose evaluate` into files; `--report NAME` selects it."""

    def write(self, content: Mapping[str, Any], folder: Path) -> tuple[Path, ...]:
        """Write files.

        Arguments:
            content: the figures, as the command's JSON has them; its "kind" says of what.
            folder: where to write; it exists.

        Returns:
            the files written; none where it has nothing to say of that kind.
        """
        ...


@hookspec
def platypose_reports() -> Iterable[Spec[Report]]:  # type: ignore[empty-body]
    """Reports of measurements that this plugin writes."""


KIND: Kind[Report] = Kind(name="report", protocol=Report, hook=platypose_reports)
