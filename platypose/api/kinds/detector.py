"""Detectors: networks that find people in the frames of a video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import attrs

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@attrs.frozen(kw_only=True, eq=False)
class Frame:
    """One picture of a video, upright.

    Attributes:
        index: counts the ticks of the video's constant clock, from 0.
        time: seconds since the first frame.
        image: (height, width, 3) red, green and blue, 0 to 255.
    """

    index: int
    time: float
    image: NDArray[np.uint8]


@attrs.frozen(kw_only=True, eq=False)
class Person:
    """What a detector found of one person in one frame.

    Attributes:
        keypoints: (K, 2) pixels of the frame; (0, 0) is the centre of its upper left pixel.
        confidence: (K,) in [0, 1]; 0 is a missing keypoint.
        box: (4,) left, top, right and bottom, pixels.
        heatmaps: (K, h, w) scores, 0 to 255; None of all people or of none.
        cell_to_pixel: (2, 3) affine from heatmap cell (x, y, 1) to pixel of the frame.
    """

    keypoints: NDArray[np.floating[Any]]
    confidence: NDArray[np.floating[Any]]
    box: NDArray[np.floating[Any]]
    heatmaps: NDArray[np.uint8] | None = None
    cell_to_pixel: NDArray[np.floating[Any]] | None = None


@runtime_checkable
class Detector(Protocol):
    """Finds the people in a video, frame after frame.

    It keeps few frames at a time, so that a video of any length fits into memory.
    `platypose detect --detector NAME` selects it.
    """

    @property
    def keypoint_set(self) -> str:
        """The keypoint set of its keypoints, such as "coco-17"."""
        ...

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """The K keypoints that it finds, names of that set."""
        ...

    @property
    def heatmap_size(self) -> tuple[int, int] | None:
        """Height and width of its heatmaps, in cells; None where it gives none."""
        ...

    @property
    def credit(self) -> str:
        """Whose network it is, and under which terms."""
        ...

    def detect(self, frames: Iterable[Frame]) -> Iterator[Sequence[Person]]:
        """Find people.

        Arguments:
            frames: of one video, in their order; all of one size.

        Yields:
            the people of each frame, in the order of the frames; nobody is an empty list.
        """
        ...


@hookspec
def platypose_detectors() -> Iterable[Spec[Detector]]:  # type: ignore[empty-body]
    """Detectors that this plugin offers."""


KIND: Kind[Detector] = Kind(name="detector", protocol=Detector, hook=platypose_detectors)
