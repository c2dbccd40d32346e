"""The perspective camera."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext
from platypose_cameras.config import PinholeConfig
from platypose_cameras.front import Front
from platypose_cameras.lens import Lens
from platypose_cameras.profile import growing_profile
from platypose_cameras.sight import sight_lines


class Pinhole:
    """A pinhole with radial and tangential distortion (Conrady, 1919; Brown, 1971).

    It agrees with OpenCV up to the angle off axis where the distortion folds over or, failing
    that, 85 degrees, for points at least a centimetre away. Elsewhere pixels go on moving outwards
    with the angle, also behind the camera, so that the squared distance to any pixel nearer the
    centre falls as the point moves to the front.

    Arguments:
        config: focal lengths, centre, distortion; px.
        context: its device and dtype are those of the parameters.
    """

    perspective = True

    def __init__(self, config: PinholeConfig, context: BuildContext) -> None:
        self._exact = _lens(config)
        like = torch.empty(0, dtype=context.dtype, device=context.device)
        self._front = Front.of(self._exact.to(like))

    def __call__(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2"]:
        """Pixels of points in the camera's frame, metres."""
        return self._front.to(points).project(points)

    def jacobian(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2 3"]:
        """The derivative of pixels by points, px/m."""
        return self._front.to(points).jacobian(points)

    @torch.no_grad()
    def sight_lines(
        self, pixels: Float[Tensor, "*N 2"]
    ) -> tuple[Float[Tensor, "*N 2 3"], Float[Tensor, "*N 2"]]:
        """Lines (A, b) on which the points seen at `pixels` lie; not differentiable."""
        a, b = sight_lines(self._exact, pixels.to("cpu", torch.float64))
        return a.to(pixels), b.to(pixels)


def _lens(config: PinholeConfig) -> Lens:
    k1, k2, p1, p2, k3, k4, k5, k6 = (*config.distortion, *[0.0] * (8 - len(config.distortion)))
    return Lens(
        focal=torch.tensor(config.focal, dtype=torch.float64),
        centre=torch.tensor(config.centre, dtype=torch.float64),
        profile=growing_profile(
            perspective=True,
            numerator=(1.0, k1, k2, k3),
            denominator=(1.0, k4, k5, k6),
            tangential=(p1, p2),
        ),
        tangential=torch.tensor([p2, p1], dtype=torch.float64) if p1 or p2 else None,
    )
