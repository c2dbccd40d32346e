"""The likelihood of 2D keypoints, against independent densities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import attrs
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from platypose_keypoints.config import ReprojectionConfig
from platypose_keypoints.reprojection import build
from scipy.stats import multivariate_normal, multivariate_t
from torch import Tensor

from platypose.api import BuildContext, UserError

Array = np.ndarray[Any, Any]
Contexts = Callable[..., BuildContext]
Poses = Callable[..., Tensor]
LIKELIHOODS: tuple[Literal["gaussian", "student-t"], ...] = ("gaussian", "student-t")
likelihoods = pytest.mark.parametrize("likelihood", LIKELIHOODS)


def seen_at(joints: Tensor, views: int, keypoints: int) -> Array:
    """The pixels (H, F, V, K, 2) that the flat views of the tests give."""
    points = joints[:, :, None, :keypoints].numpy()
    shift = np.arange(views)[:, None, None]
    pixels: Array = points[..., :2] + shift * points[..., 2:]
    return pixels


def scattered(frames: int, views: int, keypoints: int) -> Array:
    random = np.random.default_rng(3)
    return random.uniform(0, 400, (frames, views, keypoints, 2))


def expected_nats(
    likelihood: str, errors: Array, covariances: Array, degrees_of_freedom: float
) -> Array:
    """Per hypothesis and frame by scipy, 0 at no error; the covariance is that of the error."""
    nats = np.zeros(errors.shape[:-1])
    for index in np.ndindex(*errors.shape[1:-1]):
        covariance = covariances[index]
        density: Any = multivariate_normal(np.zeros(2), covariance)
        if likelihood == "student-t":
            nu = degrees_of_freedom
            density = multivariate_t(np.zeros(2), covariance * (nu - 2) / nu, df=nu)
        here = errors[(slice(None), *index)]
        nats[(slice(None), *index)] = density.logpdf(np.zeros(2)) - density.logpdf(here)
    total: Array = nats.sum((-1, -2))
    return total


@likelihoods
@settings(max_examples=20, deadline=None)
@given(sigma=st.floats(0.5, 50), nu=st.floats(2.1, 30))
def test_nats_are_those_of_the_named_distribution(
    make_context: Contexts,
    poses: Poses,
    likelihood: Literal["gaussian", "student-t"],
    sigma: float,
    nu: float,
) -> None:
    keypoints, joints = scattered(2, 2, 3), poses(4, 2, scale=200)
    config = ReprojectionConfig(
        likelihood=likelihood, sigma=sigma, degrees_of_freedom=nu, weighting="none"
    )
    nats = build(config, make_context(keypoints=keypoints))(joints)
    errors = seen_at(joints, 2, 3) - keypoints
    covariances = np.broadcast_to(sigma**2 * np.eye(2), (2, 2, 3, 2, 2))
    np.testing.assert_allclose(
        nats.numpy(), expected_nats(likelihood, errors, covariances, nu), rtol=1e-9
    )


def test_sigma_is_the_standard_deviation_of_the_student_t() -> None:
    """The moments of the distribution that the energy is −log of."""
    sigma, nu = 5.0, 4.5
    axis = np.arange(-1500, 1500, 3.0)
    square = axis[:, None] ** 2 + axis**2
    density = (1 + square / (sigma**2 * (nu - 2))) ** (-(nu + 2) / 2)
    variance = (density * axis**2).sum() / density.sum()
    assert np.sqrt(variance) == pytest.approx(sigma, rel=0.01)


@likelihoods
def test_covariances_whiten_the_error(
    make_context: Contexts, poses: Poses, likelihood: Literal["gaussian", "student-t"]
) -> None:
    keypoints, joints = scattered(2, 2, 3), poses(4, 2, scale=200)
    roots = np.random.default_rng(5).standard_normal((2, 2, 3, 2, 2)) * 10
    covariances = roots @ roots.swapaxes(-1, -2) + np.eye(2)
    config = ReprojectionConfig(likelihood=likelihood, weighting="covariance", sigma=123.0)
    context = make_context(keypoints=keypoints, covariance=covariances)
    errors = seen_at(joints, 2, 3) - keypoints
    np.testing.assert_allclose(
        build(config, context)(joints).numpy(),
        expected_nats(likelihood, errors, covariances, config.degrees_of_freedom),
        rtol=1e-9,
    )


@likelihoods
def test_confidence_is_a_factor_on_the_precision(
    make_context: Contexts, poses: Poses, likelihood: Literal["gaussian", "student-t"]
) -> None:
    keypoints, joints = scattered(2, 2, 3), poses(4, 2, scale=200)
    quarter = make_context(keypoints=keypoints, confidence=np.full((2, 2, 3), 0.25))
    sharp = ReprojectionConfig(likelihood=likelihood, sigma=5.0)
    blunt = ReprojectionConfig(likelihood=likelihood, sigma=10.0, weighting="none")
    torch.testing.assert_close(build(sharp, quarter)(joints), build(blunt, quarter)(joints))


@pytest.mark.parametrize("weighting", ["confidence", "covariance", "none"])
@likelihoods
def test_missing_keypoints_say_nothing_wherever_they_are(
    make_context: Contexts,
    poses: Poses,
    likelihood: Literal["gaussian", "student-t"],
    weighting: Literal["confidence", "covariance", "none"],
) -> None:
    joints = poses(3, 2, scale=200).requires_grad_()
    confidence = np.ones((2, 1, 4))
    confidence[:, :, 2:] = 0
    covariance = np.broadcast_to(np.eye(2), (2, 1, 4, 2, 2)).copy()
    covariance[:, :, 2:] = -1  # as little meant as the coordinates
    keypoints = scattered(2, 1, 4)
    keypoints[:, :, 2:] = 1e30
    config = ReprojectionConfig(likelihood=likelihood, weighting=weighting)
    nats = build(
        config,
        make_context(keypoints=keypoints, confidence=confidence, covariance=covariance),
    )(joints)
    alone = build(
        config, make_context(keypoints=keypoints[:, :, :2], covariance=covariance[:, :, :2])
    )(joints)
    torch.testing.assert_close(nats, alone, rtol=0, atol=0)
    (slope,) = torch.autograd.grad(nats.sum(), joints)
    assert (slope[:, :, 2:] == 0).all()
    assert (slope[:, :, :2] != 0).any()


def test_views_and_keypoints_add_up(make_context: Contexts, poses: Poses) -> None:
    keypoints, joints = scattered(2, 1, 3), poses(4, 2, scale=200)
    config = ReprojectionConfig()
    parts = [
        build(config, make_context(keypoints=np.repeat(keypoints[:, :, :count], views, 1)))
        for count, views in ((3, 1), (1, 1))
    ]
    whole, first = (part(joints) for part in parts)
    rest = make_context(
        keypoints=keypoints, confidence=np.broadcast_to([0.0, 1.0, 1.0], (2, 1, 3)).copy()
    )
    torch.testing.assert_close(whole, first + build(config, rest)(joints))


@likelihoods
def test_gradient_and_curvature_are_those_of_the_value(
    make_context: Contexts, poses: Poses, likelihood: Literal["gaussian", "student-t"]
) -> None:
    context = make_context(keypoints=scattered(2, 2, 3))
    energy = build(ReprojectionConfig(likelihood=likelihood, sigma=30.0), context)
    joints = poses(2, 2, scale=200).requires_grad_()
    assert torch.autograd.gradcheck(energy, joints, fast_mode=True)
    assert torch.autograd.gradgradcheck(energy, joints, fast_mode=True)


def test_one_outlier_pulls_a_student_t_less_the_farther_it_is(make_context: Contexts) -> None:
    energy = build(ReprojectionConfig(sigma=5.0), make_context(keypoints=np.zeros((1, 1, 1, 2))))
    pulls = []
    for distance in (10.0, 100.0, 1000.0):
        joints = torch.full((1, 1, 17, 3), distance, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(energy(joints).sum(), joints)
        pulls.append(slope[0, 0, 0, 0].item())
    assert pulls[0] > pulls[1] > pulls[2] > 0


def test_what_is_missing_is_named(make_context: Contexts) -> None:
    context = make_context(keypoints=scattered(1, 1, 2))
    with pytest.raises(UserError, match=r"'covariance', but the evidence has no covariance"):
        build(ReprojectionConfig(weighting="covariance"), context)
    without = make_context(joints_3d=np.zeros((1, 17, 3)))
    with pytest.raises(UserError, match=r"reprojection needs evidence with 2D keypoints.*heatmap"):
        build(ReprojectionConfig(), without)
    with pytest.raises(UserError, match="reprojection needs evidence"):
        build(ReprojectionConfig(), attrs.evolve(context, evidence=None))
    nowhere: Any = None
    with pytest.raises(UserError, match="camera"):
        build(ReprojectionConfig(), attrs.evolve(context, views=nowhere))


def test_a_covariance_that_is_none_is_named(make_context: Contexts) -> None:
    covariance = np.broadcast_to(np.eye(2), (2, 1, 3, 2, 2)).copy()
    covariance[1, 0, 2] = [[1, 2], [2, 1]]
    context = make_context(keypoints=scattered(2, 1, 3), covariance=covariance)
    with pytest.raises(UserError, match="right_knee in frame 1 of camera a is not"):
        build(ReprojectionConfig(weighting="covariance"), context)


@likelihoods
@settings(max_examples=20, deadline=None)
@given(far=st.floats(0.01, 100))
def test_the_curvature_is_of_a_gaussian_that_touches_from_above(
    make_context: Contexts, poses: Poses, likelihood: Literal["gaussian", "student-t"], far: float
) -> None:
    """The Gaussian likelihood is that Gaussian, to the last term."""
    roots = np.random.default_rng(5).standard_normal((2, 2, 3, 2, 2)) * 10
    context = make_context(
        keypoints=scattered(2, 2, 3), covariance=roots @ roots.swapaxes(-1, -2) + np.eye(2)
    )
    config = ReprojectionConfig(likelihood=likelihood, weighting="covariance")
    energy = build(config, context)
    here = torch.from_numpy(seen_at(poses(4, 2, scale=200), 2, 3))
    nats, slope, curvature = energy.in_images(here)
    move = far * torch.from_numpy(np.random.default_rng(0).standard_normal(here.shape))
    bent = (move[..., None, :] @ curvature @ move[..., None])[..., 0, 0] / 2
    bound = nats + ((slope * move).sum(-1) + bent).sum((-1, -2))
    there = energy.in_images(here + move)[0]
    assert (there <= bound * (1 + 1e-9)).all()
    if likelihood == "gaussian":
        torch.testing.assert_close(there, bound)
