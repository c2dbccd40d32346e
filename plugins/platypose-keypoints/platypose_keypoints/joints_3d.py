"""The likelihood of observed 3D joints."""

from __future__ import annotations

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, Quadratic, UserError
from platypose_keypoints.config import Joints3DConfig


@attrs.frozen(kw_only=True, eq=False)
class Joints3D:
    """Σ |joint − observed|² / 2σ² over the observed joints.

    Attributes:
        observed: (F, J, 3) world metres; 0 where not observed.
        precision: (F, J) 1/σ² in 1/m²; 0 where not observed.
    """

    observed: Float[Tensor, "F J 3"]
    precision: Float[Tensor, "F J"]

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame."""
        square = (joints - self.observed).square().sum(-1)
        return (self.precision * square).sum(-1) / 2

    @torch.no_grad()
    def quadratic(self, joints: Float[Tensor, "H F J 3"]) -> Quadratic:
        """The energy to second order, which is all of it."""
        curvature = self.precision[..., None, None] * torch.eye(3).to(joints)
        return Quadratic(
            energy=self(joints),
            gradient=self.precision[..., None] * (joints - self.observed),
            combination=torch.eye(joints.shape[2]).to(joints),
            curvature=curvature.expand(len(joints), -1, -1, -1, -1),
        )


def build(config: Joints3DConfig, context: BuildContext) -> Joints3D:
    """Make the energy for the evidence of `context`.

    Raises:
        UserError: the evidence has no joints_3d, or not those of the skeleton.
    """
    evidence = context.evidence
    if evidence is None or evidence.joints_3d is None:
        raise UserError(
            "The energy joints-3d needs evidence with 3D joints, which this evidence lacks; give "
            "a file with joints_3d."
        )
    observed = torch.as_tensor(evidence.joints_3d, dtype=context.dtype, device=context.device)
    if evidence.joints_3d_mask is None:
        mask = torch.ones_like(observed[..., 0], dtype=torch.bool)
    else:
        mask = torch.as_tensor(evidence.joints_3d_mask, dtype=torch.bool, device=context.device)
    return Joints3D(
        observed=torch.where(mask[..., None], observed, 0.0),
        precision=mask.to(context.dtype) / config.sigma**2,
    )
