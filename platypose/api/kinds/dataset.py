"""Data sets: how an archive of motion capture becomes one motion set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    from platypose.motion import MotionSet, Rejection


@runtime_checkable
class Dataset(Protocol):
    """Prepares the files of one published data set for training."""

    def prepare(
        self,
        sources: Sequence[Path],
        *,
        progress: Callable[[int, int, str], None],
    ) -> tuple[MotionSet, tuple[Rejection, ...]]:
        """Read, check, convert and split.

        Arguments:
            sources: archives or folders as published.
            progress: called as (done, total, name of the trial).

        Returns:
            The motion set, and each trial that was left out with the reason.

        Raises:
            UserError: a source is missing, unreadable or holds no usable motion.
        """
        ...


@hookspec
def platypose_datasets() -> Iterable[Spec[Dataset]]:  # type: ignore[empty-body]
    """Motion data sets that this plugin can prepare."""


KIND: Kind[Dataset] = Kind(name="dataset", protocol=Dataset, hook=platypose_datasets)
