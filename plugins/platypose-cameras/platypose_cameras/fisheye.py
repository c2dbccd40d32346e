"""The fisheye camera."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext
from platypose_cameras.config import FisheyeConfig
from platypose_cameras.lens import Lens
from platypose_cameras.profile import growing_profile
from platypose_cameras.sight import sight_lines


class Fisheye:
    """A lens whose image radius is an odd polynomial of the angle (Kannala & Brandt, 2006).

    It agrees with OpenCV in front of the camera and serves points beside and behind it as well.
    Beyond the angle where the polynomial stops growing, pixels go on moving outwards.

    Arguments:
        config: focal lengths, centre, distortion; px.
        context: its device and dtype are those of the parameters.
    """

    perspective = True

    def __init__(self, config: FisheyeConfig, context: BuildContext) -> None:
        self._exact = Lens(
            focal=torch.tensor(config.focal, dtype=torch.float64),
            centre=torch.tensor(config.centre, dtype=torch.float64),
            profile=growing_profile(perspective=False, numerator=(1.0, *config.distortion)),
        )
        self._lens = self._exact.to(torch.empty(0, dtype=context.dtype, device=context.device))

    def __call__(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2"]:
        """Pixels of points in the camera's frame, metres."""
        return self._lens.project(points)

    def jacobian(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2 3"]:
        """The derivative of pixels by points, px/m."""
        return self._lens.jacobian(points)

    @torch.no_grad()
    def sight_lines(
        self, pixels: Float[Tensor, "*N 2"]
    ) -> tuple[Float[Tensor, "*N 2 3"], Float[Tensor, "*N 2"]]:
        """Lines (A, b) on which the points seen at `pixels` lie; not differentiable."""
        a, b = sight_lines(self._exact, pixels.to("cpu", torch.float64))
        return a.to(pixels), b.to(pixels)
