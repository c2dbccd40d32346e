"""Projections along parallel lines."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext
from platypose_cameras.config import OrthographicConfig, WeakPerspectiveConfig


class WeakPerspective:
    """Drops the depth, scales and shifts: u = s x + c_x, v = s y + c_y.

    Arguments:
        config: scale, px/m, and centre, px.
        context: its device and dtype are those of the parameters.
    """

    perspective = False

    def __init__(self, config: WeakPerspectiveConfig, context: BuildContext) -> None:
        rows = [[config.scale, 0.0, 0.0], [0.0, config.scale, 0.0]]
        self._rows = torch.tensor(rows, dtype=context.dtype, device=context.device)
        self._centre = torch.tensor(config.centre, dtype=context.dtype, device=context.device)

    def __call__(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2"]:
        """Pixels of points in the camera's frame, metres."""
        return points @ self._rows.to(points).mT + self._centre.to(points)

    def jacobian(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2 3"]:
        """The derivative of pixels by points, px/m: the same everywhere."""
        return self._rows.to(points).expand(*points.shape[:-1], 2, 3)

    def sight_lines(
        self, pixels: Float[Tensor, "*N 2"]
    ) -> tuple[Float[Tensor, "*N 2 3"], Float[Tensor, "*N 2"]]:
        """Lines (A, b) on which the points seen at `pixels` lie; A p − b is the error in px."""
        rows = self._rows.to(pixels).expand(*pixels.shape[:-1], 2, 3)
        return rows, pixels - self._centre.to(pixels)


def orthographic(config: OrthographicConfig, context: BuildContext) -> WeakPerspective:
    """x and y in metres as they are: scale 1 and centre (0, 0)."""
    return WeakPerspective(WeakPerspectiveConfig(scale=1.0, centre=(0.0, 0.0)), context)
