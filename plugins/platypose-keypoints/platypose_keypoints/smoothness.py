"""Joints that accelerate little."""

from __future__ import annotations

import attrs
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from platypose.api import BuildContext, UserError
from platypose_keypoints.config import SmoothnessConfig


@attrs.frozen(kw_only=True, eq=False)
class Smoothness:
    """Σ |acceleration|² / 2σ² over the joints.

    An acceleration is a second difference, and belongs to its three frames alike: each carries a
    third of the cost.

    Attributes:
        frame_rate: frames per second.
        sigma: m/s².
    """

    frame_rate: float
    sigma: float

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame; 0 for clips of fewer than three frames."""
        if joints.shape[1] < 3:
            return (0 * joints).sum((-1, -2))
        velocity = joints.diff(dim=1) * self.frame_rate
        acceleration = velocity.diff(dim=1) * self.frame_rate
        nats = (acceleration / self.sigma).square().sum((-1, -2)) / 2
        third = functional.pad(nats / 3, (2, 2))
        return third.unfold(1, 3, 1).sum(-1)


def build(config: SmoothnessConfig, context: BuildContext) -> Smoothness:
    """Make the energy for the frame rate of the evidence of `context`.

    Raises:
        UserError: there is no evidence.
    """
    if context.evidence is None:
        raise UserError("The energy smoothness needs evidence, whose frame rate it takes.")
    return Smoothness(frame_rate=float(context.evidence.frame_rate), sigma=config.sigma)
