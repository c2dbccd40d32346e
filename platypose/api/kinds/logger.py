"""Loggers: where the curves and pictures of a training run go beside its own files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec


@runtime_checkable
class Logger(Protocol):
    """Follows one training run: `start`, then any number of `scalars` and `picture`, then `close`.

    With several processes, the first alone has loggers.
    """

    def start(self, folder: Path, settings: Mapping[str, Any], step: int) -> None:
        """Begin, or go on after an interruption.

        Arguments:
            folder: where the logger may keep files; it exists. All loggers of a run share it, and
                it is the same after an interruption.
            settings: the run's configuration, as plain values.
            step: steps done; what was logged of later ones is void.

        Raises:
            UserError: it cannot log, such as for want of a package.
        """
        ...

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers.

        Arguments:
            step: steps done.
            values: name to number.
        """
        ...

    def picture(self, step: int, name: str, path: Path) -> None:
        """Log a picture.

        Arguments:
            step: steps done.
            name: the same for pictures of the same thing at other steps.
            path: a PNG file, which stays.
        """
        ...

    def close(self) -> None:
        """End; what was logged is kept."""
        ...


@hookspec
def platypose_loggers() -> Iterable[Spec[Logger]]:  # type: ignore[empty-body]
    """Loggers of training runs that this plugin offers."""


KIND: Kind[Logger] = Kind(name="logger", protocol=Logger, hook=platypose_loggers)
