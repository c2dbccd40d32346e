"""A camera through which all light passes in one point: projection and its derivative.

A point p = (P, z) with P = (x, y), r = |P| and angle θ = atan2(r, z) off axis is seen at

    f (v + e t(v)) + c,   v = P / w,   w = r / a(θ) · ζ(h) / h,   e = b(θ) / a(θ)²,

where a and b are the lens's `Profile`, t(v) = 2 (p·v) v + |v|² p with p = (p2, p1) is the
tangential distortion (Brown, 1971), and w plays the part of the depth: without distortion w = z.

No continuous map can push every point behind the camera off the image: on the half-line straight
behind it, all directions meet. Let h be the distance from that half-line. ζ(h) = h from `NEAREST`
on, and ζ(h) = (h² / n + n) / 2 with n = `NEAREST` below, which joins with equal value and slope
and bounds the derivative.
"""

from __future__ import annotations

from typing import NamedTuple

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose_cameras.profile import Profile

NEAREST = 0.01
"""Metres; nothing is seen that near to the centre of a lens."""

_ON_AXIS = 1e-8
"""Radians; r is no less, for quotients of it, where r / tan θ equals z to the last bit anyway."""


@attrs.frozen(kw_only=True, eq=False)
class Lens:
    """The parameters of a central camera.

    Attributes:
        focal: f_x, f_y, px.
        centre: c_x, c_y, px.
        profile: image radius by angle.
        tangential: (p2, p1), or None where both are zero.
    """

    focal: Float[Tensor, " 2"]
    centre: Float[Tensor, " 2"]
    profile: Profile
    tangential: Float[Tensor, " 2"] | None = None

    def to(self, like: Tensor) -> Lens:
        """The same lens with the dtype and device of another tensor."""
        return attrs.evolve(
            self,
            focal=self.focal.to(like),
            centre=self.centre.to(like),
            tangential=None if self.tangential is None else self.tangential.to(like),
        )

    def project(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2"]:
        """Pixels of points in the camera's frame, metres."""
        lens, ray = self.to(points), _ray(points)
        radius, _ = self.profile.radius(ray.theta)
        seen = ray.across / _depth(ray, radius)[..., None]
        if lens.tangential is not None:
            square, _ = self.profile.square(ray.theta)
            seen = seen + (square / radius.square())[..., None] * _sway(lens.tangential, seen)
        return lens.focal * seen + lens.centre

    def jacobian(self, points: Float[Tensor, "*N 3"]) -> Float[Tensor, "*N 2 3"]:
        """The derivative of `project`, px/m.

        w depends on r and z alone: d ln w = `along_p` Pᵀ dP + `along_z` dz. With v = P / w and
        T = dt/dv, for which T v = 2 t, the chain rule gives dv + e T dv + t e' dθ.
        """
        lens, ray = self.to(points), _ray(points)
        radius, slope = self.profile.radius(ray.theta)
        near = 1 / _depth(ray, radius)
        squared = ray.r.square() + ray.z.square()
        raised, d_raised = _away_from_zero(ray.h)
        growth, guard = slope / (radius * squared), (d_raised / raised - 1 / ray.h) / ray.h
        along_p = 1 / ray.r.square() - growth * ray.z / ray.r + guard
        along_z = growth * ray.r + guard * ray.z.relu()

        stretch, across = torch.eye(2).to(points) * near[..., None, None], ray.across
        by_p = by_z = torch.zeros_like(across)
        if lens.tangential is not None:
            square, d_square = self.profile.square(ray.theta)
            share = square / radius.square()
            d_share = (d_square - 2 * share * radius * slope) / (radius.square() * squared)
            seen = near[..., None] * across
            sway, turn = _sway(lens.tangential, seen), _d_sway(lens.tangential, seen)
            stretch = stretch + (share * near)[..., None, None] * turn
            across = across + (2 * share / near)[..., None] * sway
            by_p = (d_share * ray.z / ray.r)[..., None] * sway
            by_z = (d_share * ray.r)[..., None] * sway
        by_p = by_p - (near * along_p)[..., None] * across
        by_z = -by_z - (near * along_z)[..., None] * across
        d_seen = stretch + by_p[..., :, None] * ray.across[..., None, :]
        return lens.focal[:, None] * torch.cat([d_seen, by_z[..., :, None]], -1)


class _Ray(NamedTuple):
    """A point P = `across`, z in cylindrical coordinates, with h as above."""

    across: Float[Tensor, "*N 2"]
    z: Float[Tensor, "*N"]
    r: Float[Tensor, "*N"]
    theta: Float[Tensor, "*N"]
    h: Float[Tensor, "*N"]


def _ray(points: Float[Tensor, "*N 3"]) -> _Ray:
    across, z = points[..., :2], points[..., 2]
    least = _ON_AXIS * (z.detach().abs() + NEAREST)
    r = torch.maximum(across.square().sum(-1), least.square()).sqrt()
    return _Ray(across, z, r, torch.atan2(r, z), (r.square() + z.relu().square()).sqrt())


def _depth(ray: _Ray, radius: Float[Tensor, "*N"]) -> Float[Tensor, "*N"]:
    return ray.r / radius * (_away_from_zero(ray.h)[0] / ray.h)


def _away_from_zero(
    h: Float[Tensor, "*N"],
) -> tuple[Float[Tensor, "*N"], Float[Tensor, "*N"]]:
    """ζ(h) = h + max(n − h, 0)² / 2n, and its derivative."""
    lack = (NEAREST - h).relu()
    return h + lack.square() / (2 * NEAREST), 1 - lack / NEAREST


def _sway(tangential: Float[Tensor, " 2"], v: Float[Tensor, "*N 2"]) -> Float[Tensor, "*N 2"]:
    along = (v * tangential).sum(-1, keepdim=True)
    return 2 * along * v + v.square().sum(-1, keepdim=True) * tangential


def _d_sway(tangential: Float[Tensor, " 2"], v: Float[Tensor, "*N 2"]) -> Float[Tensor, "*N 2 2"]:
    outer = v[..., :, None] * tangential
    along = (v * tangential).sum(-1)[..., None, None] * torch.eye(2).to(v)
    return 2 * (outer + outer.mT + along)
