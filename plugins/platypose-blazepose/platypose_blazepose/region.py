"""The square of the picture in which the network looks for the keypoints of one person.

MediaPipe's rule: two points say where a person is, the middle of the hips and a point on the circle
that encloses the whole body. The square has the circle's centre, is 1.25 times as wide as the
circle, and is turned so that the second point lies above the first.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

MARGIN = 1.25
SMALLEST = 8.0
"""Width in pixels; less shows nobody."""


@attrs.frozen(kw_only=True)
class Region:
    """A turned square.

    Attributes:
        centre: x and y, pixels.
        width: pixels.
        angle: of its upright, radians, clockwise in the picture.
    """

    centre: tuple[float, float]
    width: float
    angle: float

    @classmethod
    def around(cls, hips: NDArray[Any], reach: NDArray[Any]) -> Region:
        """The square of a person.

        Arguments:
            hips: (2,) the middle of the hips, pixels.
            reach: (2,) a point above it on the circle round the body, pixels.
        """
        across, up = (np.asarray(reach, np.float64) - hips) * (1, -1)
        return cls(
            centre=(float(hips[0]), float(hips[1])),
            width=float(2 * MARGIN * np.hypot(across, up)),
            angle=float(np.arctan2(across, up)),
        )

    def to_image(self, size: int) -> NDArray[np.float64]:
        """Affine map (2, 3) from a pixel of the cut-out of size x size to one of the picture."""
        scale = self.width / size
        cosine, sine = scale * np.cos(self.angle), scale * np.sin(self.angle)
        turn = np.array([[cosine, -sine], [sine, cosine]])
        shift = np.array(self.centre) - turn @ [size / 2, size / 2]
        return np.column_stack([turn, shift])

    def touches(self, image_size: tuple[int, int]) -> bool:
        """Whether it shows anything of a picture of that width and height."""
        half = self.width * 0.5
        inside = all(-half < c < s + half for c, s in zip(self.centre, image_size))
        return bool(np.isfinite(self.width)) and inside and self.width >= SMALLEST

    def overlap(self, other: Region) -> float:
        """Intersection over union of both squares, as if neither were turned."""
        shared = 1.0
        for mine, theirs in zip(self.centre, other.centre):
            low = max(mine - self.width / 2, theirs - other.width / 2)
            high = min(mine + self.width / 2, theirs + other.width / 2)
            shared *= max(high - low, 0.0)
        union = self.width**2 + other.width**2 - shared
        return shared / union if union > 0 else 0.0
