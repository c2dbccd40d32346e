"""Calibrations: other people's files of cameras."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    from platypose.evidence import Camera


@runtime_checkable
class Calibration(Protocol):
    """Reads the camera files of one format.

    The format of a file is found by asking every component; `platypose lift --camera-format NAME`
    selects one, and gives it options.
    """

    def recognises(self, path: Path) -> bool:
        """Whether a file or folder seems to be of this format, by a glance at its content.

        It executes nothing, and is false for whatever it cannot make sense of.
        """
        ...

    def read(self, path: Path) -> tuple[Camera, ...]:
        """Read a file or folder.

        Returns:
            the cameras in the order of the file, in a world in metres whose z axis points up.

        Raises:
            UserError: the file is not of this format, or is damaged.
        """
        ...


@hookspec
def platypose_calibrations() -> Iterable[Spec[Calibration]]:  # type: ignore[empty-body]
    """Formats of camera files that this plugin reads."""


KIND: Kind[Calibration] = Kind(
    name="calibration", protocol=Calibration, hook=platypose_calibrations, noun="camera format"
)
