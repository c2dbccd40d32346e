"""The heatmap energy: −log density of the projected keypoints."""

from __future__ import annotations

import attrs
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, Quadratic, UserError
from platypose.evidence import Evidence
from platypose.lifting.views import Views
from platypose_heatmap.config import HeatmapConfig
from platypose_heatmap.density import Density, density
from platypose_heatmap.modes import fit_modes


@attrs.frozen(kw_only=True, eq=False)
class HeatmapEnergy:
    """−log p(projected keypoints), summed over views and keypoints.

    Attributes:
        views: joints (H, F, J, 3), world metres, to keypoints (H, F, V, K, 2), px.
        density: of each keypoint in its image.
    """

    views: Views
    density: Density

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame."""
        return -self.density.log(self.views(joints)).sum((-1, -2))

    def quadratic(self, joints: Float[Tensor, "H F J 3"]) -> Quadratic:
        """The energy near some joints; for its curvature in an image see `Density.expand`."""
        return self.views.quadratic(joints, self.in_images)

    def in_images(
        self, pixels: Float[Tensor, "H F V K 2"]
    ) -> tuple[Float[Tensor, "H F"], Float[Tensor, "H F V K 2"], Float[Tensor, "H F V K 2 2"]]:
        """Nats, their gradient and their curvature by the keypoints' pixels."""
        log, slope, curvature = self.density.expand(pixels)
        return -log.sum((-1, -2)), -slope, curvature


def build(config: HeatmapConfig, context: BuildContext) -> HeatmapEnergy:
    """Fit the evidence's heatmaps and make the energy.

    Raises:
        UserError: the evidence has no heatmaps, or no camera.
    """
    evidence = context.evidence
    if evidence is None or evidence.heatmaps is None or evidence.cell_to_pixel is None:
        raise UserError(
            "The energy heatmap needs evidence with heatmaps, which this evidence lacks; give a "
            "file with heatmaps and cell_to_pixel, or use the energy reprojection on its keypoints."
        )
    if context.views is None:
        raise UserError("The energy heatmap needs a camera, and this evidence has none.")
    fitted = fit_density(evidence, config)
    return HeatmapEnergy(views=context.views, density=fitted.to(context.device, context.dtype))


def fit_density(evidence: Evidence, config: HeatmapConfig) -> Density:
    """The density of every keypoint of an evidence with heatmaps, float64 on the CPU.

    Scores are in [0, 1], or in 0 … 255 for integers.
    """
    assert evidence.heatmaps is not None and evidence.cell_to_pixel is not None
    frames, views, keypoints, height, width = evidence.heatmaps.shape
    top = 255.0 if np.issubdtype(evidence.heatmaps.dtype, np.integer) else 1.0
    scores = torch.from_numpy(evidence.heatmaps.astype(np.float64) / top)
    scores = scores.reshape(-1, height, width)
    modes = fit_modes(
        scores,
        modes=config.modes,
        least_height=config.least_height,
        iterations=config.iterations,
    )
    affine = torch.from_numpy(evidence.cell_to_pixel.astype(np.float64))
    areas = [float(camera.image_size[0] * camera.image_size[1]) for camera in evidence.cameras]
    return density(
        modes,
        scores.amax((-1, -2)).clamp(max=1.0).reshape(frames, views, keypoints),
        affine.expand(frames, views, keypoints, 2, 3),
        torch.tensor(areas, dtype=torch.float64),
        config,
    )
