"""From pixels back to rays."""

from __future__ import annotations

from math import cos, radians

import torch
from jaxtyping import Float
from torch import Tensor

from platypose_cameras.lens import Lens

WIDEST_SIGHT = radians(175.0)
"""Pixels farther out than any ray's image are taken for rays this far off axis."""

LEAST_DEPTH = cos(radians(85.0))
"""The least depth, per metre of distance, by which a sight line is weighted."""

_BISECTIONS = 60
_NEWTON_STEPS = 30
_TOLERANCE = 1e-12  # of the pixel's distance from the image centre


def sight_lines(
    lens: Lens, pixels: Float[Tensor, "*N 2"]
) -> tuple[Float[Tensor, "*N 2 3"], Float[Tensor, "*N 2"]]:
    """The lines A p = 0 of the points seen at `pixels`.

    The projection π is the same along a ray, so that its Jacobian J at the ray's point d obeys
    J d = 0 and π(p) − pixel ≈ J p / z for p near z d. With d at depth 1, A = J(d) is therefore
    the error in pixels times the depth; without distortion its rows are (f_x, 0, −f_x u) and
    (0, f_y, −f_y v). For rays more than 85 degrees off axis, whose depth is next to nothing or
    negative, "depth" is cos 85° times the distance.
    """
    ray = directions(lens, pixels)
    a = lens.jacobian(ray) * ray[..., 2].clamp(min=LEAST_DEPTH)[..., None, None]
    return a, torch.zeros_like(pixels)


def directions(lens: Lens, pixels: Float[Tensor, "*N 2"]) -> Float[Tensor, "*N 3"]:
    """Unit vectors to the points seen at `pixels`.

    Bisection inverts the radial part; Newton's method on the unit sphere, with steps halved
    until they help, then brings in the tangential part.
    """
    lens = lens.to(pixels)
    seen = (pixels - lens.centre) / lens.focal
    wanted = torch.linalg.vector_norm(seen, dim=-1)
    low, high = torch.zeros_like(wanted), torch.full_like(wanted, WIDEST_SIGHT)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        short = lens.profile.radius(middle)[0] < wanted
        low, high = torch.where(short, middle, low), torch.where(short, high, middle)
    across = seen / wanted.clamp(min=torch.finfo(wanted.dtype).tiny)[..., None]
    ray = torch.cat([high.sin()[..., None] * across, high.cos()[..., None]], -1)
    return ray if lens.tangential is None else _newton(lens, ray, pixels)


def _newton(
    lens: Lens, ray: Float[Tensor, "*N 3"], pixels: Float[Tensor, "*N 2"]
) -> Float[Tensor, "*N 3"]:
    error = lens.project(ray) - pixels
    enough = _TOLERANCE * (pixels - lens.centre).abs().amax(-1, keepdim=True).clamp(min=1)
    length = torch.ones_like(ray[..., :1])
    for _ in range(_NEWTON_STEPS):
        if bool((error.abs() <= enough).all()):
            break
        jacobian = lens.jacobian(ray)
        # J d = 0, so that the shortest step with J step = error is tangent to the sphere
        step = jacobian.mT @ torch.linalg.solve_ex(jacobian @ jacobian.mT, error[..., None])[0]
        trial = torch.nn.functional.normalize(ray - length * step[..., 0], dim=-1)
        trial_error = lens.project(trial) - pixels
        better = (trial_error.square().sum(-1) < error.square().sum(-1))[..., None]
        ray, error = torch.where(better, trial, ray), torch.where(better, trial_error, error)
        length = torch.where(better, torch.ones_like(length), length / 2)
    return ray
