"""The energy suite accepts a right energy, and each of its checks refuses a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
import torch
from torch import Tensor

from platypose.api import BuildContext, EnergyConfig, Quadratic, field
from platypose.testing import EnergyContract

Function = Callable[[Tensor], Tensor]
SIGMA = 5.0


def seen(context: BuildContext) -> tuple[Tensor, Tensor]:
    """Keypoints, px, and confidence, with 0 for whatever a missing keypoint holds."""
    assert context.evidence is not None
    points = torch.as_tensor(context.evidence.keypoints).to(context.dtype)
    confidence = torch.as_tensor(context.evidence.confidence).to(context.dtype)
    return torch.where(confidence[..., None] > 0, points, 0.0), confidence


def gaussian(context: BuildContext, points: Tensor, weights: Tensor) -> Function:
    assert context.views is not None
    views = context.views

    def energy(joints: Tensor) -> Tensor:
        square = (views(joints) - points).square().sum(-1)
        return (weights * square).sum((-1, -2)) / (2 * SIGMA**2)

    return energy


def right(config: Any, context: BuildContext) -> Function:
    return gaussian(context, *seen(context))


def changed(change: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Any, BuildContext], Function]:
    """The right energy with its result changed: (nats, joints) → nats."""

    def build(config: Any, context: BuildContext) -> Function:
        energy = right(config, context)
        return lambda joints: change(energy(joints), joints)

    return build


def bone(joints: Tensor) -> Tensor:
    return (joints[..., 1, :] - joints[..., 0, :]).square().sum(-1)


def ignores_confidence(config: Any, context: BuildContext) -> Function:
    assert context.evidence is not None
    points = torch.as_tensor(context.evidence.keypoints).to(context.dtype)
    return gaussian(context, points, torch.ones_like(points[..., 0]))


def pulls_missing_keypoints_to_the_corner(config: Any, context: BuildContext) -> Function:
    points, confidence = seen(context)
    return gaussian(context, points, torch.ones_like(confidence))


def scales_with_the_largest_coordinate(config: Any, context: BuildContext) -> Function:
    assert context.evidence is not None and context.evidence.keypoints is not None
    points, confidence = seen(context)
    return gaussian(context, points, confidence / abs(context.evidence.keypoints).max())


def jitters(config: Any, context: BuildContext) -> Function:
    energy, offset = right(config, context), torch.rand(())
    return lambda joints: energy(joints) + offset


def draws_at_every_call(config: Any, context: BuildContext) -> Function:
    energy = right(config, context)
    return lambda joints: energy(joints) + torch.rand((), generator=context.generator)


def moves_the_joints(config: Any, context: BuildContext) -> Function:
    energy = right(config, context)

    def call(joints: Tensor) -> Tensor:
        nats = energy(joints)
        if not joints.requires_grad:
            joints[0, 0, 0, 0] += 1e-13
        return nats

    return call


def needs_two_views(config: Any, context: BuildContext) -> Function:
    energy = right(config, context)
    assert context.views is not None
    second = context.views.translation[1]
    return lambda joints: energy(joints) + 0 * second.sum()


class Curved:
    """The right energy with its curvature."""

    def __init__(self, config: Any, context: BuildContext) -> None:
        assert context.views is not None
        self.views = context.views
        self.points, self.weights = seen(context)

    def at(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        error = (pixels - self.points).to(pixels)
        weights = self.weights.to(pixels) / SIGMA**2
        nats = (weights * error.square().sum(-1)).sum((-1, -2)) / 2
        curvature = weights[..., None, None] * torch.eye(2).to(pixels)
        return nats, weights[..., None] * error, curvature.expand(*pixels.shape, 2)

    def __call__(self, joints: Tensor) -> Tensor:
        return self.at(self.views(joints))[0]

    def quadratic(self, joints: Tensor) -> Quadratic:
        return self.views.quadratic(joints, self.at)


def bent(**changes: Callable[[Quadratic], Tensor]) -> type[Curved]:
    """The right energy with some of its quadratic changed."""

    class Bent(Curved):
        def quadratic(self, joints: Tensor) -> Quadratic:
            right = super().quadratic(joints)
            return attrs.evolve(right, **{name: f(right) for name, f in changes.items()})

    return Bent


@attrs.frozen(kw_only=True)
class Undocumented(EnergyConfig):
    sigma: float = 5.0


def doubled(value: float) -> float:
    return 2 * value


@attrs.frozen(kw_only=True)
class Doubling(EnergyConfig):
    sigma: float = attrs.field(default=5.0, converter=doubled, metadata={"doc": "Pixels."})


@attrs.frozen(kw_only=True)
class Documented(EnergyConfig):
    sigma: float = field(5.0, doc="Pixels.")


WRONG: dict[str, tuple[Any, set[str]]] = {
    "sums the frames": (
        changed(lambda nats, joints: nats.sum(1)),
        {
            "test_gives_nats_per_hypothesis_and_frame",
            "test_works_for_any_number_of_frames_and_views",
        },
    ),
    "always float64": (
        changed(lambda nats, joints: nats.double()),
        {"test_gives_nats_per_hypothesis_and_frame"},
    ),
    "on another device": (
        changed(lambda nats, joints: nats.to("meta") if joints.dtype == torch.float32 else nats),
        {"test_gives_nats_per_hypothesis_and_frame", "test_is_finite_for_any_pose"},
    ),
    "NaN for a single frame": (
        changed(lambda nats, joints: nats + joints.diff(dim=1).mean()),
        {"test_works_for_any_number_of_frames_and_views", "test_hypotheses_are_not_coupled"},
    ),
    "needs two views": (needs_two_views, {"test_works_for_any_number_of_frames_and_views"}),
    "infinite for a bone of length 0": (
        changed(lambda nats, joints: nats - bone(joints).log()),
        {"test_is_finite_for_any_pose"},
    ),
    "NaN gradient for a bone of length 0": (
        changed(lambda nats, joints: nats + bone(joints).sqrt()),
        {"test_is_finite_for_any_pose"},
    ),
    "overflows in float32": (
        changed(lambda nats, joints: nats + 1e-30 * bone(joints).pow(7)),
        {"test_is_finite_for_any_pose"},
    ),
    "a wrong gradient": (
        changed(lambda nats, joints: nats * (1 + 1e-3 * nats.detach())),
        {"test_gradient_agrees_with_finite_differences"},
    ),
    "a wrong gradient for one joint alone": (
        changed(lambda nats, joints: nats + (joints - joints.detach())[..., 16, 0]),
        {"test_gradient_agrees_with_finite_differences"},
    ),
    "compares with the other hypotheses": (
        changed(lambda nats, joints: nats - nats.mean(0)),
        {"test_hypotheses_are_not_coupled"},
    ),
    "divides by the number of hypotheses": (
        changed(lambda nats, joints: nats / len(nats)),
        {"test_hypotheses_are_not_coupled"},
    ),
    "couples the gradients alone": (
        changed(lambda nats, joints: nats + nats.mean(0) - nats.mean(0).detach()),
        {"test_hypotheses_are_not_coupled", "test_gradient_agrees_with_finite_differences"},
    ),
    "ignores the confidence": (
        ignores_confidence,
        {
            "test_coordinates_of_missing_points_have_no_influence",
            "test_a_missing_keypoint_is_as_good_as_none",
        },
    ),
    "pulls missing keypoints to the corner": (
        pulls_missing_keypoints_to_the_corner,
        {"test_a_missing_keypoint_is_as_good_as_none"},
    ),
    "scales with the largest coordinate": (
        scales_with_the_largest_coordinate,
        {"test_coordinates_of_missing_points_have_no_influence"},
    ),
    "built with the global generator": (
        jitters,
        {
            "test_same_seed_gives_the_same_energy",
            "test_coordinates_of_missing_points_have_no_influence",
        },
    ),
    "draws at every call": (
        draws_at_every_call,
        {
            "test_same_seed_gives_the_same_energy",
            "test_gradient_agrees_with_finite_differences",
            "test_hypotheses_are_not_coupled",
        },
    ),
    "half the gradient": (
        bent(gradient=lambda near: near.gradient / 2),
        {"test_quadratic_touches_the_energy"},
    ),
    "another energy": (
        bent(energy=lambda near: near.energy + 1),
        {"test_quadratic_touches_the_energy"},
    ),
    "negative curvature": (
        bent(curvature=lambda near: -near.curvature),
        {"test_curvature_is_positive"},
    ),
    "asymmetric curvature": (
        bent(curvature=lambda near: near.curvature.triu()),
        {"test_curvature_is_positive"},
    ),
    "shares the curvature": (
        bent(curvature=lambda near: near.curvature.mean(0).expand_as(near.curvature)),
        {"test_curvatures_are_not_coupled"},
    ),
    "moves the joints": (
        moves_the_joints,
        {"test_leaves_the_joints_as_they_are"},
    ),
}


@pytest.mark.parametrize("factory", [right, Curved])
def test_a_right_energy_passes(factory: Any, failing: Callable[..., set[str]]) -> None:
    assert failing(EnergyContract, factory, Documented) == set()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_energy_fails_where_it_is_wrong(
    name: str, failing: Callable[..., set[str]]
) -> None:
    factory, expected = WRONG[name]
    assert failing(EnergyContract, factory) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Undocumented, {"test_every_option_is_documented"}),
        (Doubling, {"test_configuration_survives_a_round_trip"}),
    ],
)
def test_a_wrong_configuration_fails(
    config: type[EnergyConfig], expected: set[str], failing: Callable[..., set[str]]
) -> None:
    assert failing(EnergyContract, right, config) == expected


def test_every_check_has_a_wrong_energy(checks: Callable[[type[Any]], set[str]]) -> None:
    of_configuration = {
        "test_every_option_is_documented",
        "test_configuration_survives_a_round_trip",
    }
    assert set().union(*(expected for _, expected in WRONG.values())) | of_configuration == checks(
        EnergyContract
    )
