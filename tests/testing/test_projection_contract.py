"""The projection suite accepts right cameras, and each of its checks refuses a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
import torch
from torch import Tensor

from platypose.api import BuildContext, Config, field
from platypose.testing import ProjectionContract

NEAR = 1e-4
"""Metres within which the depth is rounded off, so that it stays above 0."""


@attrs.frozen(kw_only=True)
class Parameters(Config):
    focal: float = field(1000.0, doc="Pixels.")


def doubled(value: float) -> float:
    return 2 * value


@attrs.frozen(kw_only=True)
class Doubling(Config):
    focal: float = attrs.field(default=500.0, converter=doubled, metadata={"doc": "Pixels."})


@attrs.frozen(kw_only=True)
class Undocumented(Config):
    focal: float = 1000.0


class Pinhole:
    """u = f x / w, where the depth w = (z + √(z² + n²)) / 2 is positive behind the camera too."""

    perspective: Any = True

    def __init__(self, config: Any, context: BuildContext) -> None:
        self.focal: float = config.focal
        self.context = context

    def depth(self, points: Tensor) -> Tensor:
        z = points[..., 2:]
        root = (z.square() + NEAR**2).sqrt()
        return torch.where(z > 0, (z + root) / 2, NEAR**2 / (2 * (root - z.clamp(max=0))))

    def __call__(self, points: Tensor) -> Tensor:
        return self.focal * points[..., :2] / self.depth(points)

    def jacobian(self, points: Tensor) -> Tensor:
        root = (points[..., 2:].square() + NEAR**2).sqrt()
        across = torch.eye(2, 3).to(points) * (self.focal / self.depth(points))[..., None]
        along = torch.tensor([0.0, 0.0, 1.0]).to(points)
        return across - (self(points) / root)[..., None] * along

    def sight_lines(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        eye = self.focal * torch.eye(2).to(pixels).expand(*pixels.shape, 2)
        return torch.cat([eye, -pixels[..., None]], -1), torch.zeros_like(pixels)


class Parallel(Pinhole):
    perspective = False

    def __call__(self, points: Tensor) -> Tensor:
        return self.focal * points[..., :2]

    def jacobian(self, points: Tensor) -> Tensor:
        return self.focal * torch.eye(2, 3).to(points).expand(*points.shape[:-1], 2, 3)

    def sight_lines(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return self.jacobian(
            torch.zeros_like(pixels[..., :1]).expand(*pixels.shape[:-1], 3)
        ), pixels


class OnlyRows(Pinhole):
    """Serves (N, 3) alone."""

    def __call__(self, points: Tensor) -> Tensor:
        if points.ndim != 2:
            raise ValueError
        return super().__call__(points)


class Double(Pinhole):
    def __call__(self, points: Tensor) -> Tensor:
        return super().__call__(points).double()


class Centred(Pinhole):
    """Compares each point with the others."""

    def sight_lines(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        a, b = super().sight_lines(pixels)
        factor = 1 + pixels.mean() * 1e-6 if pixels.numel() else 1
        return a * factor, b * factor


class HalfGradient(Pinhole):
    """Its depth has no gradient, and its Jacobian agrees with that."""

    def depth(self, points: Tensor) -> Tensor:
        return super().depth(points).detach()

    def jacobian(self, points: Tensor) -> Tensor:
        return torch.eye(2, 3).to(points) * (self.focal / self.depth(points))[..., None]


class WrongJacobian(Pinhole):
    def jacobian(self, points: Tensor) -> Tensor:
        return super().jacobian(points).abs()


class Singular(Pinhole):
    """The textbook formula, infinite in the plane of the camera."""

    def depth(self, points: Tensor) -> Tensor:
        return points[..., 2:]

    def jacobian(self, points: Tensor) -> Tensor:
        across = torch.eye(2, 3).to(points) * (self.focal / points[..., 2:])[..., None]
        along = torch.tensor([0.0, 0.0, 1.0]).to(points)
        return across - (self(points) / points[..., 2:])[..., None] * along


class Mirrored(Pinhole):
    """Sees what is behind as if it were in front, so that gradients lead farther behind."""

    def mirror(self, points: Tensor) -> Tensor:
        return torch.where(points[..., 2:] < 0, points * points.new_tensor([1, 1, -1]), points)

    def __call__(self, points: Tensor) -> Tensor:
        return super().__call__(self.mirror(points))

    def jacobian(self, points: Tensor) -> Tensor:
        sign = torch.where(points[..., 2] < 0, -1.0, 1.0)[..., None].to(points)
        jacobian = super().jacobian(self.mirror(points))
        return torch.cat([jacobian[..., :2], jacobian[..., 2:] * sign[..., None]], -1)


class Shifted(Pinhole):
    """Its sight lines miss by a pixel."""

    def sight_lines(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return super().sight_lines(pixels + 1)


class Normalised(Pinhole):
    """Its sight lines are right but measure metres."""

    def sight_lines(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        a, b = super().sight_lines(pixels)
        return a / self.focal, b / self.focal


class WrongScale(Parallel):
    """Its sight lines measure pixels, but it says that they grow with depth."""

    perspective = True


class FarPixels(Pinhole):
    """Its sight lines end where an image might."""

    def sight_lines(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        a, b = super().sight_lines(pixels)
        return torch.where(a.abs() > 1e5, torch.nan, a), b


class Jittered(Pinhole):
    def __init__(self, config: Any, context: BuildContext) -> None:
        super().__init__(config, context)
        self.focal += float(torch.rand((), generator=context.generator))


SIGHT = {"test_sight_lines_hold_the_points_seen", "test_sight_lines_measure_pixels"}
WRONG: dict[type[Pinhole], set[str]] = {
    OnlyRows: {"test_gives_two_pixels_a_point", "test_gradients_lead_out_from_behind"}
    | {"test_sight_lines_are_finite_for_any_pixel"},
    Double: {"test_gives_two_pixels_a_point"},
    Centred: {"test_gives_two_pixels_a_point"},
    HalfGradient: {"test_gradient_agrees_with_finite_differences"}
    | {"test_gradients_lead_out_from_behind"},
    WrongJacobian: {"test_jacobian_agrees_with_autograd"},
    Singular: {"test_is_finite_for_any_point", "test_gradients_lead_out_from_behind"},
    Mirrored: {"test_gradients_lead_out_from_behind"},
    Shifted: SIGHT,
    Normalised: {"test_sight_lines_measure_pixels"},
    WrongScale: {"test_sight_lines_measure_pixels", "test_gradients_lead_out_from_behind"},
    FarPixels: {"test_sight_lines_are_finite_for_any_pixel"},
    Jittered: {"test_same_configuration_gives_the_same_pixels"},
}
WRONG_CONFIGURATIONS: dict[type[Config], set[str]] = {
    Doubling: {"test_configuration_survives_a_round_trip"},
    Undocumented: {"test_every_option_is_documented"},
}


@pytest.mark.parametrize("right", [Pinhole, Parallel])
def test_a_right_projection_passes(right: type[Pinhole], failing: Callable[..., set[str]]) -> None:
    assert failing(ProjectionContract, right, Parameters) == set()


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_a_wrong_projection_fails_where_it_is_wrong(
    wrong: type[Pinhole], failing: Callable[..., set[str]]
) -> None:
    assert failing(ProjectionContract, wrong, Parameters) == WRONG[wrong]


@pytest.mark.parametrize("config", WRONG_CONFIGURATIONS, ids=lambda config: config.__name__)
def test_a_wrong_configuration_fails(
    config: type[Config], failing: Callable[..., set[str]]
) -> None:
    assert failing(ProjectionContract, Pinhole, config) == WRONG_CONFIGURATIONS[config]


def test_every_check_has_a_wrong_projection(checks: Callable[[type[Any]], set[str]]) -> None:
    refused = set().union(*WRONG.values(), *WRONG_CONFIGURATIONS.values())
    assert refused == checks(ProjectionContract)
