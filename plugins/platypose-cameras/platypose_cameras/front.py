"""A perspective lens where it was calibrated: what `lens` computes, in far fewer operations.

With v = (x, y) / z, s = |v|² and q(s) = N(s) / D(s), a point is seen at

    f (q v + 2 (p·v) v + s p) + c

where it lies within the limit of the lens's profile and not nearer than `NEAREST`. Points
elsewhere are left to the lens.

Coordinates come first in memory, so that whole vectors of them are computed at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import attrs
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from platypose_cameras.lens import NEAREST, Lens
from platypose_cameras.profile import Coefficients, derivative

AHEAD = (0.0, 0.0, 1.0)
"""Stands in for points elsewhere, so that nothing infinite is computed for them."""


class _Ray(NamedTuple):
    """v, 1 / z and s of points."""

    v: Float[Tensor, " 2 *N"]
    near: Float[Tensor, "*N"]
    s: Float[Tensor, "*N"]


@attrs.frozen(kw_only=True, eq=False)
class Front:
    """A perspective lens.

    Attributes:
        lens: the same, for points anywhere.
        sway: 2 p, which is 2 (p2, p1).
        polynomials: the coefficients of N, D, N' and D', that of the highest power first.
        widest: the largest s.
    """

    lens: Lens
    sway: Float[Tensor, " 2"]
    polynomials: tuple[tuple[Float[Tensor, ""], ...], ...]
    widest: float

    @classmethod
    def of(cls, lens: Lens) -> Front:
        """The same lens."""
        n, d = (_trimmed(c) for c in (lens.profile.numerator, lens.profile.denominator))
        each = (n, d, derivative(n), derivative(d))
        return cls(
            lens=lens,
            sway=torch.zeros_like(lens.focal) if lens.tangential is None else 2 * lens.tangential,
            polynomials=tuple(lens.focal.new_tensor(c[::-1]).unbind() for c in each),
            widest=math.tan(lens.profile.limit) ** 2,
        )

    def to(self, like: Tensor) -> Front:
        """The same lens with the dtype and device of another tensor."""
        if (like.dtype, like.device) == (self.sway.dtype, self.sway.device):
            return self
        return Front.of(self.lens.to(like))

    def project(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2"]:
        """Pixels of points in the camera's frame, metres."""
        (v, _, s), beyond = self._rays(points)
        focal, centre, sway = _columns(s, self.lens.focal, self.lens.centre, self.sway)
        q = self._stretch(s)[0] + self._swaying(v)
        seen = torch.addcmul(q * v, sway, s, value=0.5)
        pixels = torch.addcmul(centre, focal, seen).movedim(0, -1)
        if beyond is not None:
            pixels[beyond] = self.lens.project(points[beyond])
        return pixels

    def jacobian(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2 3"]:
        """The derivative of `project`, px/m.

        By v it is f A with A = (q + 2 p·v) 1 + v gᵀ + g vᵀ, where g = q' v + 2 p, and by (x, y, z)
        it is f (A, −A v) / z.
        """
        (v, near, s), beyond = self._rays(points)
        focal, sway = _columns(s, self.lens.focal, self.sway)
        q, dq = self._stretch(s)
        outer = v[:, None] * torch.addcmul(sway, dq, v)
        across = outer + outer.transpose(0, 1)
        across.diagonal().add_((q + self._swaying(v))[..., None])
        along = -torch.addcmul(across[0] * v[0], across[1], v[1])
        jacobian = torch.stack([*across.unbind(), along]) * (focal * near)
        jacobian = jacobian.movedim((0, 1), (-1, -2))
        if beyond is not None:
            jacobian[beyond] = self.lens.jacobian(points[beyond])
        return jacobian

    def _rays(self, points: Float[Tensor, "*N 3"]) -> tuple[_Ray, Bool[Tensor, "*N"] | None]:
        """Rays, and where the points lie that are left to the lens; None is nowhere."""
        ray = _ray(points)
        here = (points[..., 2] >= NEAREST) & (ray.s <= self.widest)
        if points.is_meta or bool(here.all()):  # meta tensors have no values to look at
            return ray, None
        return _ray(torch.where(here[..., None], points, points.new_tensor(AHEAD))), ~here

    def _swaying(self, v: Float[Tensor, " 2 *N"]) -> Float[Tensor, "*N"]:
        """2 p·v."""
        return torch.addcmul(self.sway[0] * v[0], self.sway[1], v[1])

    def _stretch(self, s: Float[Tensor, "*N"]) -> tuple[Tensor, Tensor]:
        """q(s) and its derivative; just numbers where they are constant."""
        n, d, dn, dd = (_horner(coefficients, s) for coefficients in self.polynomials)
        return (n, dn) if len(self.polynomials[1]) == 1 else (n / d, (dn - n / d * dd) / d)


def _ray(points: Float[Tensor, "*N 3"]) -> _Ray:
    points = points.movedim(-1, 0)
    near = points[2].reciprocal()
    v = points[:2] * near
    x, y = v.unbind()
    return _Ray(v, near, torch.addcmul(x * x, y, y))


def _trimmed(coefficients: Coefficients) -> Coefficients:
    """Without powers that do not occur."""
    while len(coefficients) > 1 and coefficients[-1] == 0:
        coefficients = coefficients[:-1]
    return coefficients


def _columns(
    points: Float[Tensor, "*N"], *pairs: Float[Tensor, " 2"]
) -> Iterator[Float[Tensor, " 2 *ones"]]:
    """Pairs that multiply every point."""
    return (pair.reshape(2, *(1,) * points.ndim) for pair in pairs)


def _horner(coefficients: tuple[Float[Tensor, ""], ...], s: Float[Tensor, "*N"]) -> Tensor:
    """The polynomial at s; just a number where it is constant."""
    value, *others = coefficients
    for coefficient in others:
        value = torch.addcmul(coefficient, value, s)
    return value
