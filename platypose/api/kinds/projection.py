"""Projections: camera models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@runtime_checkable
class Projection(Protocol):
    """From points in the camera's frame (OpenCV: x right, y down, z forward; metres) to pixels.

    Points behind the camera give finite pixels with finite gradients that lead to its front.
    """

    def __call__(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2"]:
        """Project points, metres, to pixels."""
        ...

    def jacobian(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2 3"]:
        """The derivative of pixels by points, px/m, in closed form."""
        ...

    def sight_lines(
        self, pixels: Float[Tensor, "*N 2"]
    ) -> tuple[Float[Tensor, "*N 2 3"], Float[Tensor, "*N 2"]]:
        """The lines on which the points seen at `pixels` lie, as (A, b): A p = b.

        A p − b is, for a point near the line, the error in pixels times its depth (perspective)
        or the error in pixels (parallel projections), to first order.
        """
        ...

    @property
    def perspective(self) -> bool:
        """Whether A p − b grows with depth, as `sight_lines` says."""
        ...


@hookspec
def platypose_projections() -> Iterable[Spec[Projection]]:  # type: ignore[empty-body]
    """Camera models that this plugin offers."""


KIND: Kind[Projection] = Kind(name="projection", protocol=Projection, hook=platypose_projections)
