"""The probability density of a keypoint in the image, given its heatmap."""

from __future__ import annotations

import math

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose_heatmap.config import HeatmapConfig
from platypose_heatmap.modes import Modes

GROSS_WIDTHS = (1.0, 3.0)  # × gross_sigma: together their tails are heavier than a Gaussian's


@attrs.frozen(kw_only=True, eq=False)
class Density:
    """A mixture of C components for each keypoint, in pixels: Gaussians, and one uniform.

    A component is exp(log_height − |whitening (x − mean)|² / 2). The uniform one has a whitening
    of 0.

    Attributes:
        log_height: (C, F, V, K) of the density in 1/px².
        mean: (C, F, V, K, 2) px.
        whitening: (C, F, V, K, 3), the entries (0, 0), (1, 0) and (1, 1) of a lower triangular
            matrix in 1/px, the inverse of the covariance's Cholesky factor.
    """

    log_height: Float[Tensor, "C F V K"]
    mean: Float[Tensor, "C F V K 2"]
    whitening: Float[Tensor, "C F V K 3"]

    def to(self, device: torch.device, dtype: torch.dtype) -> Density:
        """The same density on another device, in another floating-point type."""
        return Density(
            log_height=self.log_height.to(device, dtype),
            mean=self.mean.to(device, dtype),
            whitening=self.whitening.to(device, dtype),
        )

    def log(self, points: Float[Tensor, "*H F V K 2"]) -> Float[Tensor, "*H F V K"]:
        """The log density, in 1/px², at points in px."""
        return torch.logsumexp(self._components(points)[0], 0)

    def expand(
        self, points: Float[Tensor, "*H F V K 2"]
    ) -> tuple[
        Float[Tensor, "*H F V K"], Float[Tensor, "*H F V K 2"], Float[Tensor, "*H F V K 2 2"]
    ]:
        """The log density at points in px, its gradient, and a curvature for steps to a mode.

        The curvature is the mean of the components' precisions by their shares at the point. With
        it the quadratic form that touches the negative log density lies above it everywhere (as
        in the EM algorithm), so that steps never overshoot, far from all modes as well, where the
        Hessian is negative. At a mode that one component makes, it is the Hessian.
        """
        exponent, u, v, (a, b, c) = self._components(points)
        log = torch.logsumexp(exponent, 0)
        share = (exponent - log).exp()
        slope = torch.stack([-(share * t).sum(0) for t in (torch.addcmul(a * u, b, v), c * v)])
        xx, xy, yy = ((share * t).sum(0) for t in (a.square() + b.square(), b * c, c.square()))
        mean = torch.stack([xx, xy, xy, yy]).reshape(2, 2, *log.shape)
        return log, slope.movedim(0, -1), mean.movedim((0, 1), (-2, -1))

    def _components(
        self, points: Float[Tensor, "*H F V K 2"]
    ) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Of each component the exponent, the whitened error and the whitening."""
        lead = (1,) * (points.ndim - 4)
        log_height = self.log_height.reshape(-1, *lead, *self.log_height.shape[1:])
        mean = self.mean.reshape(-1, *lead, *self.mean.shape[1:])
        a, b, c = self.whitening.reshape(-1, *lead, *self.whitening.shape[1:]).unbind(-1)
        x = points[..., 0] - mean[..., 0]
        y = points[..., 1] - mean[..., 1]
        u, v = a * x, torch.addcmul(b * x, c, y)
        exponent = log_height.addcmul(u, u, value=-0.5).addcmul(v, v, value=-0.5)
        return exponent, u, v, (a, b, c)


def density(
    modes: Modes,
    peak: Float[Tensor, "F V K"],
    cell_to_pixel: Float[Tensor, "F V K 2 3"],
    image_area: Float[Tensor, " V"],
    config: HeatmapConfig,
) -> Density:
    """The density of each keypoint, in the dtype of the arguments.

    With u = floor + (1 − floor) (1 − peak)² the probability of a miss, it is

        u / area + (1 − u) ((1 − gross) Σ_m w_m N(μ_m, Σ_m)
                            + gross / 2 (N(μ̄, s² I) + N(μ̄, (3 s)² I)))

    where s is `gross_sigma` widths of the blob. The miss is the *square* of 1 − peak because good
    detections peak near 0.9: to call one in ten of them a miss would lift the floor so far that it
    swallows the broad Gaussians, and with them the pull on a limb that starts far away.

    Arguments:
        modes: of the F·V·K heatmaps, in cells.
        peak: highest score of each heatmap, in [0, 1].
        cell_to_pixel: affine from cell (x, y, 1) to pixel.
        image_area: of each view, px².
        config: the energy's options.
    """
    shape = peak.shape
    linear, shift = cell_to_pixel[..., None, :, :2], cell_to_pixel[..., None, :, 2]
    weights = modes.weights.reshape(*shape, -1)
    means = (linear @ modes.means.reshape(*shape, -1, 2, 1)).squeeze(-1) + shift
    blob = linear @ modes.covariances.reshape(*shape, -1, 2, 2) @ linear.mT

    found = weights.sum(-1) > 0
    miss = torch.where(found, config.floor + (1 - config.floor) * (1 - peak).square(), 1.0)
    centre = (weights[..., None] * means).sum(-2, keepdim=True)
    variance = (weights * blob.det().sqrt()).sum(-1)
    variance = torch.where(found, config.gross_sigma**2 * variance, 1.0)
    eye = torch.eye(2, dtype=peak.dtype)
    widths = peak.new_tensor(GROSS_WIDTHS)[:, None, None]
    broad = variance[..., None, None, None] * widths.square() * eye

    gross = torch.full((*shape, len(widths)), config.gross / len(widths), dtype=peak.dtype)
    shares = torch.cat([(1 - config.gross) * weights, gross], -1)
    covariance = torch.cat([blob, broad], -3)
    factor = torch.linalg.cholesky(covariance)
    log_det = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    gaussian = ((1 - miss)[..., None] * shares).log() - log_det - math.log(2 * math.pi)
    uniform = (miss / image_area[:, None]).log()
    inverse = torch.linalg.solve_triangular(factor, eye, upper=False)
    rows, columns = (0, 1, 1), (0, 0, 1)
    return Density(
        log_height=torch.cat([gaussian, uniform[..., None]], -1).movedim(-1, 0),
        mean=torch.cat([means, centre, centre, centre], -2).movedim(-2, 0),
        whitening=torch.nn.functional.pad(inverse[..., rows, columns], (0, 0, 0, 1)).movedim(-2, 0),
    )
