"""The covariance of a denoiser's residual, per noise level and frequency in time.

The Gaussian N(D(x_σ, σ), C_σ) approximates p(x0 | x_σ). For a clip, C_σ over all its F·D numbers
would be too large to measure or to store. The motions that a prior knows begin at any moment, so
the residual is nearly stationary in time, and the cosine transform makes its coefficients nearly
independent: C_σ is taken to be block-diagonal there, one D × D block for each of the F
coefficients, and work with it is linear in F.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs
import torch
from jaxtyping import Float, Int
from torch import Tensor

from platypose.api import UserError

PREFIX = "residual."
"""Of the names of the tensors in a checkpoint."""
TENSORS = ("sigma", "frames", "coefficient", "scale", "factor")

_JITTER = 1e-6
"""Added to the diagonal, as a share of its largest entry, before a factor is taken."""


def cosine_transform(
    frames: int, device: torch.device | None = None, dtype: torch.dtype | None = None
) -> Float[Tensor, "F F"]:
    """The orthonormal DCT-II as a matrix: row k is √(2/F) cos(π k (2t + 1) / 2F), row 0 1/√F."""
    k = torch.arange(frames, dtype=torch.float64)
    matrix = torch.cos(math.pi * k[:, None] * (2 * k + 1) / (2 * frames)) * math.sqrt(2 / frames)
    matrix[0] /= math.sqrt(2)
    return matrix.to(device=device, dtype=dtype or torch.get_default_dtype())


@attrs.frozen(kw_only=True, eq=False)
class ResidualCovariance:
    """C_σ = E[(x0 − D(x_σ, σ))(x0 − D(x_σ, σ))ᵀ] at S noise levels and R cosine coefficients.

    D = 3 (J − 1): the coordinates x, y, z of joint 1, of joint 2 and so on; the root, which is
    always 0, is left out. A coefficient is that of `cosine_transform` in time. Each of the R rows
    is one coefficient of clips of one length: a network that sees more frames knows more, so short
    clips have covariances of their own.

    Attributes:
        sigma: ascending, in units of the prior's scale.
        frames: the clip's length in each row, ascending.
        coefficient: its cosine coefficient, ascending within a length, from 0 on.
        scale: the largest standard deviation of a coordinate, in units of the prior's scale.
        factor: lower triangular L, with the covariance (scale · L)(scale · L)ᵀ.

    `sigma`, `frames` and `coefficient` stay on the CPU.
    """

    sigma: Float[Tensor, " S"]
    frames: Int[Tensor, " R"]
    coefficient: Int[Tensor, " R"]
    scale: Float[Tensor, "S R"]
    factor: Float[Tensor, "S R D D"]

    @classmethod
    def from_covariance(
        cls,
        *,
        sigma: Float[Tensor, " S"],
        frames: Int[Tensor, " R"],
        coefficient: Int[Tensor, " R"],
        covariance: Float[Tensor, "S R D D"],
    ) -> ResidualCovariance:
        """Factorise measured covariances, in squared units of the prior's scale.

        Raises:
            UserError: one of them is not finite, or is not positive semi-definite.
        """
        covariance = covariance.double()
        largest = covariance.diagonal(dim1=-2, dim2=-1).amax(-1)
        if not bool(covariance.isfinite().all() and (largest > 0).all()):
            raise UserError("The residual covariance is not finite, or is zero.")
        jitter = _JITTER * torch.eye(covariance.shape[-1], dtype=torch.float64)
        factor, fault = torch.linalg.cholesky_ex(covariance / largest[..., None, None] + jitter)
        if bool(fault.any()):
            raise UserError("The residual covariance is not positive semi-definite.")
        return cls(
            sigma=sigma.double(),
            frames=frames,
            coefficient=coefficient,
            scale=largest.sqrt().float(),
            factor=factor.float(),
        )

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of clips that were measured, in frames, ascending."""
        return tuple(sorted(set(self.frames.tolist())))

    def factor_at(self, sigma: float, frames: int) -> Float[Tensor, "F D D"]:
        """Lower triangular factors of `at`, in units of the prior's scale.

        Between what was measured, the factors are mixed linearly and their scales
        geometrically: over log σ, over the logarithm of the clip's length, and over that of the
        frequency k / F. Below the lowest σ the scale falls with σ; beyond every other end the
        last value holds, so that the frames of a prior of single frames are independent.

        Arguments:
            sigma: noise level, in units of the prior's scale, above 0.
            frames: F.
        """
        wanted = self.sigma.new_tensor([sigma])
        level = _between(self.sigma.log(), wanted.log())[0].to(self.factor)
        rows = self._row_weights(frames).to(self.factor)
        below = min(math.log(sigma / float(self.sigma[0])), 0.0)
        scale = (torch.einsum("fr,sr,s->f", rows, self.scale.log(), level) + below).exp()
        return torch.einsum("fr,srij,s->fij", rows, self.factor, level) * scale[:, None, None]

    def at(self, sigma: float, frames: int) -> Float[Tensor, "F D D"]:
        """The covariance of each cosine coefficient of a clip, in squared units of the scale.

        Arguments:
            sigma: noise level, in units of the prior's scale, above 0.
            frames: F.
        """
        factor = self.factor_at(sigma, frames)
        return factor @ factor.mT

    def to(self, device: torch.device, dtype: torch.dtype) -> ResidualCovariance:
        """The same elsewhere, or in another floating-point type."""
        return attrs.evolve(
            self, scale=self.scale.to(device, dtype), factor=self.factor.to(device, dtype)
        )

    def _row_weights(self, frames: int) -> Float[Tensor, "F R"]:
        """How much each row counts for each coefficient of a clip of `frames` frames."""
        lengths = self.lengths
        share = _between(
            torch.tensor(lengths).double().log(), torch.tensor([frames]).double().log()
        )[0]
        weights = torch.zeros(frames, len(self.frames), dtype=torch.float64)
        frequency = torch.arange(frames, dtype=torch.float64) / frames
        for length, part in zip(lengths, share.tolist()):
            rows = (self.frames == length).nonzero().squeeze(-1)
            known = (self.coefficient[rows] + 0.5).double().log()
            weights[:, rows] = part * _between(known, (frequency * length + 0.5).log())
        return weights

    def to_tensors(self) -> dict[str, Tensor]:
        """Tensors of a file: the factors as half-precision lower triangles, row by row."""
        row, column = torch.tril_indices(*self.factor.shape[-2:]).unbind()
        tensors = {
            "sigma": self.sigma,
            "frames": self.frames,
            "coefficient": self.coefficient,
            "scale": self.scale.float(),
            # The scale is taken out, so that every entry is at most 1 in size.
            "factor": self.factor[..., row, column].half(),
        }
        return {PREFIX + name: tensor for name, tensor in tensors.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], size: int) -> ResidualCovariance:
        """Read what `to_tensors` gave.

        Arguments:
            tensors: by name, others among them or not.
            size: D.

        Raises:
            UserError: a tensor is missing, or they do not fit together or the skeleton.
        """
        try:
            sigma, frames, coefficient, scale, packed = (tensors[PREFIX + n] for n in TENSORS)
        except KeyError as error:
            raise UserError(f"The residual covariance lacks {error}.") from None
        levels, rows = len(sigma), len(frames)
        shapes = (
            (frames, (rows,)),
            (coefficient, (rows,)),
            (scale, (levels, rows)),
            (packed, (levels, rows, size * (size + 1) // 2)),
        )
        if (
            frames.is_floating_point()
            or coefficient.is_floating_point()
            or not all(tensor.shape == shape for tensor, shape in shapes)
            or not all(bool(t.isfinite().all()) for t in (sigma, scale, packed))
            or not _ascends(sigma, frames, coefficient)
            or not bool((scale > 0).all())
        ):
            raise UserError(
                f"The residual covariance is malformed or is not of {size} coordinates."
            )
        factor = torch.zeros(levels, rows, size, size)
        row, column = torch.tril_indices(size, size).unbind()
        factor[..., row, column] = packed.float()
        return cls(
            sigma=sigma.double(),
            frames=frames,
            coefficient=coefficient,
            scale=scale.float(),
            factor=factor,
        )


def _ascends(
    sigma: Float[Tensor, " S"], frames: Int[Tensor, " R"], coefficient: Int[Tensor, " R"]
) -> bool:
    """Whether levels and rows are in their order, and there is one of each."""
    rows = list(zip(frames.tolist(), coefficient.tolist()))
    return (
        len(sigma) > 0
        and float(sigma[0]) > 0
        and bool((sigma.diff() > 0).all())
        and len(rows) > 0
        and rows == sorted(set(rows))
        and all(0 <= k < length for length, k in rows)
    )


def _between(known: Float[Tensor, " N"], wanted: Float[Tensor, " M"]) -> Float[Tensor, "M N"]:
    """Weights of linear interpolation at `wanted`; the ends hold beyond them."""
    if len(known) == 1:
        return known.new_ones(len(wanted), 1)
    wanted = wanted.to(known).clamp(known[0], known[-1])
    right = torch.searchsorted(known, wanted, right=True).clamp(1, len(known) - 1)
    share = (wanted - known[right - 1]) / (known[right] - known[right - 1])
    weights = known.new_zeros(len(wanted), len(known))
    weights.scatter_(1, (right - 1)[:, None], (1 - share)[:, None])
    return weights.scatter_(1, right[:, None], share[:, None])
