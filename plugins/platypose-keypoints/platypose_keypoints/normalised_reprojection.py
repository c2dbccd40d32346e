"""The published energy: mean squared error in half image widths."""

from __future__ import annotations

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext
from platypose_keypoints.config import NormalisedReprojectionConfig
from platypose_keypoints.observed_keypoints import ObservedKeypoints, observed_keypoints


@attrs.frozen(kw_only=True, eq=False)
class NormalisedReprojection:
    """The squared error of projected keypoints in units of half the image width.

    The mean over the seen keypoints of a frame and view and over x and y, summed over the views
    (Platypose, arXiv 2403.06164). It is no likelihood: its scale is a learning rate.

    Attributes:
        observed: the keypoints.
        weights: (F, V, K) on the squared error, 1/px²: unit conversion, mean and confidence in
            one; 0 for a missing keypoint.
    """

    observed: ObservedKeypoints
    weights: Float[Tensor, "F V K"]

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        """The energy per hypothesis and frame."""
        error = self.observed.views(joints) - self.observed.points
        return (self.weights * error.square().sum(-1)).sum((-1, -2))


def build(config: NormalisedReprojectionConfig, context: BuildContext) -> NormalisedReprojection:
    """Make the energy for the evidence of `context`.

    Raises:
        UserError: keypoints or camera are missing.
    """
    observed = observed_keypoints("normalised-reprojection", context)
    assert context.evidence is not None
    widths = [float(camera.image_size[0]) for camera in context.evidence.cameras]
    half_width = torch.tensor(widths).to(observed.points)[:, None] / 2
    seen = (observed.confidence > 0).to(observed.points)
    weight = observed.confidence if config.weighting == "confidence" else seen
    coordinates = 2 * seen.sum(-1, keepdim=True).clamp(min=1)
    return NormalisedReprojection(
        observed=observed, weights=weight / half_width.square() / coordinates
    )
