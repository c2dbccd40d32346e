"""The contract of projections."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from platypose.api import Kind, Projection
from platypose.api.kinds.projection import KIND
from platypose.testing.comparison import (
    assert_finite,
    assert_gradient,
    assert_like,
    assert_same,
    gradient,
)
from platypose.testing.component import ComponentContract

_FRONT = 3.0
"""Depth, in metres, of a point on the axis."""


class ProjectionContract(ComponentContract[Projection]):
    """Subclass it and give `name`, with `options` for the camera's parameters."""

    kind: ClassVar[Kind[Projection]] = KIND

    def seen(self) -> Tensor:
        """Points in view of the camera, (N, 3), metres: 2 to 8 away, up to 25 degrees off axis."""
        generator = torch.Generator().manual_seed(7)
        u = torch.rand(30, 3, generator=generator, dtype=torch.float64)
        depth, slope = 2 + 6 * u[:, :1], 0.3 * (2 * u[:, 1:] - 1)
        return torch.cat([slope * depth, depth], -1).to(self.device)

    def behind(self) -> Tensor:
        """Points behind the camera, off its axis, (N, 3), metres."""
        return self.seen() * self.seen().new_tensor([1, 1, -1])

    def singular(self) -> Tensor:
        """Points where a formula may break down: the centre, its plane, the axis, far away."""
        points = [[0, 0, 0], [0, 0, 1e-12], [0, 0, -1e-12], [1e-12, 0, 0], [1, 0, 0], [0, 2, 0]]
        points += [[0, 0, 1], [0, 0, -1], [0, 0, -1e-3], [1e-9, -1e-9, -2], [1, 2, 1e-9]]
        points += [[1e6, -1e6, 1e6], [1e6, 1e6, -1e6], [0, 0, 1e9], [3, 4, -1e-9]]
        return self.seen().new_tensor(points)

    def test_gives_two_pixels_a_point(self) -> None:
        """For any batch shape, with the dtype and device of the points."""
        for dtype in (torch.float32, torch.float64):
            project = self.build(self.context(dtype=dtype))
            points = self.seen().to(dtype)
            pixels, jacobian = project(points), project.jacobian(points)
            a, b = project.sight_lines(pixels)
            for shape in ((), (0,), (2, 3, 5)):
                count = torch.Size(shape).numel()
                claim = f"it serves points of shape {shape} in {dtype}"
                some = points[:count].reshape(*shape, 3)
                assert_like(project(some), (*shape, 2), points, claim)
                assert_like(project.jacobian(some), (*shape, 2, 3), points, claim)
                lines = project.sight_lines(pixels[:count].reshape(*shape, 2))
                assert_like(lines[0], (*shape, 2, 3), points, claim)
                assert_like(lines[1], (*shape, 2), points, claim)
                for found, expected in zip(
                    (project(some), project.jacobian(some), *lines), (pixels, jacobian, a, b)
                ):
                    flat = expected[:count].reshape(found.shape)
                    tolerance = 1e-4 if dtype == torch.float32 else 1e-9
                    claim = "a point is projected as it is alone"
                    assert_same(found, flat, claim, tolerance=tolerance)

    def test_gradient_agrees_with_finite_differences(self) -> None:
        """Autograd gives the derivative of pixels, in float64, in front and behind."""
        project = self.build()
        for points in (self.seen(), self.behind()):
            assert_gradient(project, points, "autograd gives the derivative of pixels")

    def test_jacobian_agrees_with_autograd(self) -> None:
        """In front and behind."""
        project = self.build()
        for points in (self.seen(), self.behind()):
            rows = [gradient(lambda p, i=i: project(p)[..., i], points) for i in range(2)]  # type: ignore[misc]
            assert_same(project.jacobian(points), torch.stack(rows, -2), "jacobian is autograd's")

    def test_is_finite_for_any_point(self) -> None:
        """Pixels, gradients and Jacobian, also in the camera's centre and behind it."""
        for dtype in (torch.float32, torch.float64):
            project = self.build(self.context(dtype=dtype))
            for points in (self.singular().to(dtype), self.behind().to(dtype)):
                assert_finite(project(points), f"pixels are finite everywhere, {dtype}")
                assert_finite(gradient(project, points), f"gradients are finite, {dtype}")
                assert_finite(project.jacobian(points), f"the Jacobian is finite, {dtype}")

    def test_gradients_lead_out_from_behind(self) -> None:
        """The squared distance to the pixel straight ahead falls as a point moves to the front."""
        project, behind = self.build(), self.behind()
        if not project.perspective:
            return  # parallel projections have no behind
        ahead = project(behind.new_tensor([0.0, 0.0, _FRONT]))
        slope = gradient(lambda p: (project(p) - ahead).square().sum(-1), behind)
        assert bool((slope[:, 2] < 0).all()), "gradients lead from behind the camera to its front"

    def test_sight_lines_hold_the_points_seen(self) -> None:
        """A p = b for the points p seen at the pixels, to 1e-4 px."""
        project, points = self.build(), self.seen()
        a, b = project.sight_lines(project(points))
        residual = (a @ points[..., None])[..., 0] - b
        worst = float((residual / self._depth(project, points)).abs().max())
        assert worst < 1e-4, f"A p = b is missed by {worst:.3g} px"

    def test_sight_lines_measure_pixels(self) -> None:
        """Near a line, A p − b is the error in pixels (times the depth, where perspective)."""
        project, points = self.build(), self.seen()
        pixels = project(points)
        a, b = project.sight_lines(pixels)
        generator = torch.Generator().manual_seed(8)
        move = 1e-4 * torch.randn(points.shape, generator=generator, dtype=torch.float64)
        near = points + move.to(points)
        residual = ((a @ near[..., None])[..., 0] - b) / self._depth(project, near)
        error = project(near) - pixels
        off = float((residual - error).abs().max() / error.abs().max())
        assert off < 0.01, f"A p − b differs from the error in pixels by {100 * off:.1f} %"

    def test_sight_lines_are_finite_for_any_pixel(self) -> None:
        """Also far outside the image, where no point is seen."""
        project = self.build()
        centre = project(self.seen().new_tensor([0.0, 0.0, _FRONT]))
        away = centre.new_tensor([[0, 0], [1, 0], [1e3, -1e3], [-1e5, 1e5], [0, 1e7]])
        for name, tensor in zip("Ab", project.sight_lines(centre + away)):
            assert_finite(tensor, f"{name} of sight_lines is finite for any pixel")

    def test_same_configuration_gives_the_same_pixels(self) -> None:
        """Whatever generator it is built with."""
        points = self.seen()
        first, second = self.build()(points), self.build(self.context(seed=1))(points)
        assert_same(second, first, "a projection is not random", tolerance=0.0)

    @staticmethod
    def _depth(project: Projection, points: Tensor) -> Tensor:
        assert isinstance(project.perspective, bool), "perspective is True or False"
        return points[..., 2:] if project.perspective else torch.ones_like(points[..., 2:])
