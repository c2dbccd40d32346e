"""How far from the image centre a ray is seen, by its angle from the camera's axis.

A lens is calibrated in front of it and inside the image. Outside, its polynomials fold over, so
that a ray far off axis would land in the middle of the image. A profile therefore follows the
polynomials up to the angle `limit`, where they stop growing, and grows beyond it by its own rule.
"""

from __future__ import annotations

from math import atan, pi, radians, tan

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

Coefficients = tuple[float, ...]

WIDEST_PERSPECTIVE = radians(85.0)
"""Where the tangent is continued: a flat image of wider angles serves no one."""

LEAST_SLOPE = 1e-3
"""What counts as growing; at the centre of the image every lens has slope 1."""

_NODES = 20_001


@attrs.frozen(kw_only=True)
class Profile:
    """The image radius a(θ) = u N(u²) / D(u²) of a ray θ radians off axis, for focal length 1.

    Beyond `limit`, with φ = θ − limit, it is a(limit) + a'(limit) φ + a(limit) φ², which joins
    with equal value and slope and grows until straight behind the camera.

    Attributes:
        perspective: whether u = tan θ, else u = θ.
        numerator: N, constant first, which is 1.
        denominator: D, constant first, which is 1.
        limit: the largest angle up to which the formula holds, radians.
    """

    perspective: bool
    numerator: Coefficients
    denominator: Coefficients
    limit: float

    def radius(self, theta: Float[Tensor, "*N"]) -> tuple[Float[Tensor, "*N"], Float[Tensor, "*N"]]:
        """a(θ) and its derivative."""
        inner = theta.clamp(max=self.limit)
        over = theta - inner
        u, du = self._argument(inner)
        value, slope = _rational(self.numerator, self.denominator, u)
        slope = slope * du
        return value + over * slope + value * over.square(), slope + 2 * value * over

    def square(self, theta: Float[Tensor, "*N"]) -> tuple[Float[Tensor, "*N"], Float[Tensor, "*N"]]:
        """b(θ) = u², continued by its tangent beyond `limit`, and its derivative."""
        inner = theta.clamp(max=self.limit)
        u, du = self._argument(inner)
        slope = 2 * u * du
        return u.square() + (theta - inner) * slope, slope

    def _argument(
        self, theta: Float[Tensor, "*N"]
    ) -> tuple[Float[Tensor, "*N"], Float[Tensor, "*N"]]:
        if not self.perspective:
            return theta, torch.ones_like(theta)
        u = theta.tan()
        return u, 1 + u.square()


def growing_profile(
    *,
    perspective: bool,
    numerator: Coefficients,
    denominator: Coefficients = (1.0,),
    tangential: tuple[float, float] = (0.0, 0.0),
) -> Profile:
    """The profile that holds as far out as the lens maps different rays to different pixels.

    With tangential distortion (p1, p2) the Jacobian of the distortion has no eigenvalue below
    min(a/u, da/du) − 6 |p| u (Weyl's inequality), in any direction; up to the limit this is at
    least `LEAST_SLOPE`.
    """
    end = tan(WIDEST_PERSPECTIVE) if perspective else pi
    u = torch.linspace(0.0, end, _NODES, dtype=torch.float64)[1:]
    value, slope = _rational(numerator, denominator, u)
    sway = 6 * (tangential[0] ** 2 + tangential[1] ** 2) ** 0.5 * u
    least = torch.minimum(torch.minimum(value / u, slope) - sway, _horner(denominator, u.square()))
    grows = (least >= LEAST_SLOPE).cumprod(0).sum()
    last = float(grows) / (_NODES - 1) * end
    return Profile(
        perspective=perspective,
        numerator=numerator,
        denominator=denominator,
        limit=atan(last) if perspective else last,
    )


def _rational(
    numerator: Coefficients, denominator: Coefficients, u: Float[Tensor, "*N"]
) -> tuple[Float[Tensor, "*N"], Float[Tensor, "*N"]]:
    """u N(u²) / D(u²) and its derivative by u."""
    s = u.square()
    n, d = _horner(numerator, s), _horner(denominator, s)
    dn, dd = _horner(derivative(numerator), s), _horner(derivative(denominator), s)
    ratio = n / d
    return u * ratio, ratio + 2 * s * (dn - ratio * dd) / d


def _horner(coefficients: Coefficients, s: Float[Tensor, "*N"]) -> Float[Tensor, "*N"]:
    result = torch.full_like(s, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = result * s + coefficient
    return result


def derivative(coefficients: Coefficients) -> Coefficients:
    """Of a polynomial, constant first."""
    return tuple(k * c for k, c in enumerate(coefficients))[1:] or (0.0,)
