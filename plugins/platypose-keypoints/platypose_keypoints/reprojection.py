"""The likelihood of observed 2D keypoints."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal

import attrs
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from platypose.api import BuildContext, Noise, Quadratic, UserError
from platypose.evidence import Evidence
from platypose_keypoints.config import ReprojectionConfig
from platypose_keypoints.observed_keypoints import ObservedKeypoints, observed_keypoints

Likelihood = Literal["gaussian", "student-t"]


@attrs.frozen(kw_only=True, eq=False)
class Reprojection:
    """−log p(observed keypoints | projected keypoints), summed over views and keypoints.

    With r² = |whitening · (projected − observed)|², a keypoint costs r²/2 (Gaussian), or
    (ν + 2)/2 · log(1 + r²/(ν − 2)), the bivariate Student-t with ν degrees of freedom and unit
    standard deviation (Kotz and Nadarajah, Multivariate t Distributions, 2004).

    Attributes:
        observed: the keypoints.
        whitening: (F, V, K, 3), the entries (0, 0), (1, 0) and (1, 1) of a lower triangular
            matrix in 1/px that gives the error unit variance; 0 for a missing keypoint.
        likelihood: of the whitened error.
        degrees_of_freedom: ν.
        setting: where the size of the noise comes from, for a reader.
    """

    observed: ObservedKeypoints
    whitening: Float[Tensor, "F V K 3"]
    likelihood: Likelihood
    degrees_of_freedom: float
    setting: str

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame."""
        p, q = self._whitened(self.observed.views(joints))
        return self._nats(p.square() + q.square())

    def quadratic(self, joints: Float[Tensor, "H F J 3"]) -> Quadratic:
        """The energy to second order, by Gauss and Newton.

        The Student-t is the Gaussian of precision (ν + 2)/(ν − 2 + r²) that touches it (iteratively
        reweighted least squares), so that the curvature is positive however large the error.
        """
        return self.observed.views.quadratic(joints, self.in_images)

    def in_images(
        self, pixels: Float[Tensor, "H F V K 2"]
    ) -> tuple[Float[Tensor, "H F"], Float[Tensor, "H F V K 2"], Float[Tensor, "H F V K 2 2"]]:
        """Nats, their gradient and their curvature by the keypoints' pixels."""
        p, q = self._whitened(pixels)
        a, b, c = self.whitening.unbind(-1)
        square = p.square() + q.square()
        precision = self._precision.expand(*p.shape, 2, 2)
        slope = torch.stack([torch.addcmul(a * p, b, q), c * q]).movedim(0, -1)
        if self.likelihood == "student-t":
            nu = self.degrees_of_freedom
            weight = (nu + 2) / (nu - 2 + square)
            precision, slope = weight[..., None, None] * precision, weight[..., None] * slope
        return self._nats(square), slope, precision

    def noise(self) -> Noise:
        """The noise that it assumes.

        The median solves P(r > m) = ½, where P is exp(−r²/2), or (1 + r²/(ν − 2))^(−ν/2).
        """
        a, b, c = self.whitening.unbind(-1)
        square = 2 * math.log(2)
        if self.likelihood == "student-t":
            nu = self.degrees_of_freedom
            square = (nu - 2) * (2 ** (2 / nu) - 1)
        return Noise(
            whitening=torch.stack([a, torch.zeros_like(a), b, c], -1).reshape(*a.shape, 2, 2),
            median=math.sqrt(square),
            setting=self.setting,
        )

    @cached_property
    def _precision(self) -> Float[Tensor, "F V K 2 2"]:
        """Of the Gaussian."""
        a, b, c = self.whitening.unbind(-1)
        rows = torch.stack([a.square() + b.square(), b * c, b * c, c.square()])
        return rows.reshape(2, 2, *a.shape).movedim((0, 1), (-2, -1))

    def _whitened(
        self, pixels: Float[Tensor, "H F V K 2"]
    ) -> tuple[Float[Tensor, "H F V K"], Float[Tensor, "H F V K"]]:
        x, y = (pixels - self.observed.points).unbind(-1)
        a, b, c = self.whitening.unbind(-1)
        return a * x, torch.addcmul(b * x, c, y)

    def _nats(self, square: Float[Tensor, "H F V K"]) -> Float[Tensor, "H F"]:
        if self.likelihood == "gaussian":
            nats = square / 2
        else:
            nu = self.degrees_of_freedom
            nats = (nu + 2) / 2 * torch.log1p(square / (nu - 2))
        return nats.sum((-1, -2))


def build(config: ReprojectionConfig, context: BuildContext) -> Reprojection:
    """Make the energy for the evidence of `context`.

    Raises:
        UserError: keypoints, camera or, with the weighting by them, covariances are missing, or a
            covariance is not positive definite.
    """
    observed = observed_keypoints("reprojection", context)
    seen = observed.confidence > 0
    setting = "the option sigma of the energy reprojection"
    if config.weighting == "covariance":
        setting = "the covariance in the evidence"
        assert context.evidence is not None
        whitening = _inverse_factors(context.evidence, seen)
    else:
        precision = observed.confidence if config.weighting == "confidence" else seen
        diagonal = precision.to(context.dtype).sqrt() / config.sigma
        whitening = torch.stack([diagonal, torch.zeros_like(diagonal), diagonal], -1)
    return Reprojection(
        observed=observed,
        whitening=whitening.to(observed.points),
        likelihood=config.likelihood,
        degrees_of_freedom=config.degrees_of_freedom,
        setting=setting,
    )


def _inverse_factors(evidence: Evidence, seen: Bool[Tensor, "F V K"]) -> Float[Tensor, "F V K 3"]:
    """Entries (0, 0), (1, 0), (1, 1) of L⁻¹ with covariance = L Lᵀ; 0 where unseen."""
    if evidence.covariance is None:
        raise UserError(
            "The energy reprojection has weighting 'covariance', but the evidence has no "
            "covariance; give a file with covariance, or choose the weighting confidence or none."
        )
    mask = seen.cpu()
    identity = torch.eye(2, dtype=torch.float64)
    matrices = torch.from_numpy(evidence.covariance.astype(np.float64))
    matrices = torch.where(mask[..., None, None], (matrices + matrices.mT) / 2, identity)
    factor, failed = torch.linalg.cholesky_ex(matrices)
    if failed.any():
        frame, view, keypoint = failed.nonzero()[0].tolist()
        raise UserError(
            "The energy reprojection needs positive definite covariances, which that of "
            f"{evidence.keypoint_names[keypoint]} in frame {frame} of camera "
            f"{evidence.cameras[view].name} is not."
        )
    inverse: Tensor = torch.linalg.solve_triangular(factor, identity, upper=False)
    return inverse[..., (0, 1, 1), (0, 0, 1)] * mask[..., None]
