"""The 2D keypoints of an evidence, as tensors."""

from __future__ import annotations

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, UserError
from platypose.lifting.views import Views


@attrs.frozen(kw_only=True, eq=False)
class ObservedKeypoints:
    """What an image-space energy compares with.

    Attributes:
        views: joints (H, F, J, 3), world metres, to keypoints (H, F, V, K, 2), px.
        points: (F, V, K, 2) px; 0 where missing, so that a missing keypoint's coordinates cannot
            matter.
        confidence: (F, V, K) in [0, 1]; 0 is missing, 1 where the evidence has no confidence.
    """

    views: Views
    points: Float[Tensor, "F V K 2"]
    confidence: Float[Tensor, "F V K"]


def observed_keypoints(energy: str, context: BuildContext) -> ObservedKeypoints:
    """The keypoints of `context.evidence`, in the context's dtype and device.

    Raises:
        UserError: there are no keypoints, or there is no camera; it names `energy`.
    """
    evidence = context.evidence
    if evidence is None or evidence.keypoints is None:
        raise UserError(
            f"The energy {energy} needs evidence with 2D keypoints, which this evidence lacks; "
            "give a file with keypoints, or use the energy heatmap on one with heatmaps."
        )
    if context.views is None:
        raise UserError(
            f"The energy {energy} needs a camera, which this evidence lacks; give a file with "
            "calibrated cameras."
        )
    points = torch.as_tensor(evidence.keypoints, dtype=context.dtype, device=context.device)
    if evidence.confidence is None:
        confidence = torch.ones_like(points[..., 0])
    else:
        confidence = torch.as_tensor(
            evidence.confidence, dtype=context.dtype, device=context.device
        )
    return ObservedKeypoints(
        views=context.views,
        points=torch.where(confidence[..., None] > 0, points, 0.0),
        confidence=confidence,
    )
