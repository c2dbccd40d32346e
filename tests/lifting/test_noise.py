"""The report on the evidence's noise: errors of a known size, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from platypose import Evidence, Platypose
from platypose.api import NoisyEnergy
from platypose.evidence import Camera
from platypose.lifting import Result
from platypose.lifting.noise import noise_report
from platypose.skeleton import H36M_17
from platypose.testing import scene

Array = NDArray[np.float64]
See = Callable[..., Evidence]
MakeCamera = Callable[..., Camera]
FRAMES = 40
UP = np.array([0, 0, 0.95])


@pytest.fixture(scope="module")
def exact(see: See, camera: MakeCamera) -> Evidence:
    """Keypoints without errors, in two cameras."""
    standing = np.array(H36M_17.standing) + UP
    return see(np.tile(standing, (FRAMES, 1, 1)), camera(-70), camera(20))


def result(evidence: Evidence, errors: Array) -> Result:
    """Hypotheses that project to the keypoints plus errors (H, F, V, K, 2), px."""
    assert evidence.keypoints is not None
    confidence = evidence.confidence
    h, f = errors.shape[:2]
    return Result(
        samples=np.zeros((h, f, 17, 3), np.float32),
        root=np.zeros((h, f, 3), np.float32),
        energy=np.zeros((h, f), np.float32),
        skeleton=H36M_17,
        frame_rate=30.0,
        credit="",
        projected=(evidence.keypoints + errors).astype(np.float32),
        observed=evidence.keypoints.astype(np.float32),
        weights=np.ones(errors.shape[1:4], np.float32) if confidence is None else confidence,
        keypoint_names=evidence.keypoint_names,
    )


def normal(evidence: Evidence, hypotheses: int = 5) -> Array:
    assert evidence.keypoints is not None
    return np.random.default_rng(0).standard_normal((hypotheses, *evidence.keypoints.shape))


def report(pose: Platypose, evidence: Evidence, errors: Array, energy: str) -> dict[str, Any]:
    guidance = pose.energy(evidence, energy)
    return noise_report(result(evidence, errors), guidance)


@pytest.mark.parametrize(("size", "ratio"), [(5.0, 1.0), (20.0, 4.0), (1.25, 0.25)])
def test_the_ratio_is_that_of_the_noise_to_the_assumed(
    pose: Platypose, exact: Evidence, size: float, ratio: float
) -> None:
    energy = "reprojection:likelihood=gaussian,sigma=5"
    said = report(pose, exact, size * normal(exact), energy)
    assert said["unit"] == "px" and said["assumed"] == 5.0
    assert said["ratio"] == pytest.approx(ratio, rel=0.03)
    assert said["found"] == pytest.approx(size, rel=0.03)
    assert (said["warning"] is None) == (ratio == 1.0)


def test_student_t_errors_are_measured_by_the_median_of_the_student_t(
    pose: Platypose, exact: Evidence
) -> None:
    draws = np.random.default_rng(1).chisquare(4, normal(exact).shape[:-1])[..., None]
    errors = 5 * normal(exact) * np.sqrt(2 / draws)  # ν = 4 and standard deviation 5
    said = report(pose, exact, errors, "reprojection:sigma=5,degrees_of_freedom=4")
    assert said["ratio"] == pytest.approx(1, rel=0.03)


def test_covariances_whiten_the_errors(pose: Platypose, exact: Evidence) -> None:
    factor = np.array([[9.0, 0.0], [2.0, 1.0]])
    covariance = np.broadcast_to(factor @ factor.T, (FRAMES, 2, 17, 2, 2))
    evidence = attrs.evolve(exact, covariance=covariance)
    energy = "reprojection:likelihood=gaussian,weighting=covariance"
    said = report(pose, evidence, normal(exact) @ factor.T, energy)
    assert said["ratio"] == pytest.approx(1, rel=0.03)
    assert said["assumed"] == 3.0  # √9 · 1, the geometric mean of the axes
    said = report(pose, evidence, 4 * normal(exact) @ factor.T, energy)
    assert "raise the covariance in the evidence" in said["warning"]


def test_a_doubted_keypoint_may_err_by_more(pose: Platypose, exact: Evidence) -> None:
    confidence = np.full((FRAMES, 2, 17), 0.25, np.float32)
    evidence = attrs.evolve(exact, confidence=confidence)
    said = report(pose, evidence, 10 * normal(exact), "reprojection:likelihood=gaussian,sigma=5")
    assert said["assumed"] == 10.0 and said["ratio"] == pytest.approx(1, rel=0.03)


def test_a_scale_divides_the_assumed_deviation_by_its_root(
    pose: Platypose, exact: Evidence
) -> None:
    errors = normal(exact)
    guidance = pose.energy(exact, "reprojection:likelihood=gaussian,sigma=5,scale=0.5")
    said = noise_report(result(exact, errors), guidance, 0.5)
    assert said["assumed"] == 10.0


def test_a_few_outliers_do_not_decide_but_are_named(pose: Platypose, exact: Evidence) -> None:
    errors = 5 * normal(exact)
    wrist = exact.keypoint_names.index("left_wrist")
    errors[:, :20, :, wrist] += 200
    said = report(pose, exact, errors, "reprojection:likelihood=gaussian,sigma=5")
    assert said["ratio"] == pytest.approx(1, abs=0.1) and said["warning"] is None
    name, point = next(iter(said["worst"].items()))
    assert (name, point["beyond_3_sigma"]) == ("left_wrist", 0.5)
    assert said["beyond_3_sigma"] == pytest.approx(0.5 / 17, abs=0.005)


def test_missing_keypoints_are_left_out(pose: Platypose, exact: Evidence) -> None:
    confidence = np.ones((FRAMES, 2, 17), np.float32)
    confidence[:, :, 10] = 0
    errors = 5 * normal(exact)
    errors[:, :, :, 10] = 1e6
    evidence = attrs.evolve(exact, confidence=confidence)
    said = report(pose, evidence, errors, "reprojection:likelihood=gaussian")
    assert said["ratio"] == pytest.approx(1, rel=0.03)
    assert "head" not in said["worst"]


def test_of_heatmaps_and_of_no_likelihood_only_the_distance_is_told(
    pose: Platypose, exact: Evidence
) -> None:
    errors = np.zeros((2, FRAMES, 2, 17, 2))
    errors[..., 0] = 7
    said = report(pose, exact, errors, "normalised-reprojection")
    assert said["distance"] == pytest.approx(7, abs=0.01) and said["unit"] == "px"
    assert said["ratio"] is said["assumed"] is said["found"] is said["warning"] is None
    assert not isinstance(pose.energy(scene.evidence(1), "heatmap").energies[0][1], NoisyEnergy)


def test_joints_measured_in_3d_are_told_in_millimetres(pose: Platypose) -> None:
    joints = scene.person(2)
    mask = np.ones((2, 17), bool)
    mask[:, 10] = False
    evidence = Evidence(frame_rate=30.0, joints_3d=joints, joints_3d_mask=mask)
    moved = joints + np.array([0.03, 0.04, 0])
    moved[:, 10] += 9
    hypotheses = attrs.evolve(
        result(scene.evidence(2), np.zeros((1, 2, 2, 14, 2))),
        samples=moved[None].astype(np.float32),
        projected=np.zeros((1, 2, 0, 0, 2), np.float32),
        observed=np.zeros((2, 0, 0, 2), np.float32),
        weights=np.zeros((2, 0, 0), np.float32),
        keypoint_names=(),
    )
    said = noise_report(hypotheses, pose.energy(evidence, "joints-3d"))
    assert said["unit"] == "mm" and said["distance"] == pytest.approx(50, abs=0.1)
    assert said["ratio"] is None and "head" not in said["worst"]


@pytest.fixture(scope="module")
def shipped() -> Platypose:
    return Platypose.from_pretrained("pose-17", device="cpu")


@pytest.fixture(scope="module")
def truth(shipped: Platypose) -> Array:
    """Poses of the prior, each a frame."""
    *_, free = shipped.sample(6, 1, sampler="ancestral:levels=ddim20", seed=5)
    poses: Array = free.sample[:, 0].double().numpy() + UP
    return poses


@pytest.mark.parametrize(("size", "low", "high"), [(5.0, 0.8, 1.3), (20.0, 1.6, 4.0)])
def test_posterior_samples_recognise_the_noise_and_warn_where_it_is_four_times_as_large(
    shipped: Platypose,
    truth: Array,
    see: See,
    camera: MakeCamera,
    size: float,
    low: float,
    high: float,
) -> None:
    exact = see(truth, camera(-70), camera(20))
    assert exact.keypoints is not None
    errors = size * np.random.default_rng(2).standard_normal(exact.keypoints.shape)
    evidence = attrs.evolve(exact, keypoints=exact.keypoints + errors)
    guidance = shipped.energy(evidence, "reprojection:sigma=5")
    *_, last = shipped.sample(8, len(truth), energy=guidance, sampler="posterior:calls=4")
    assert guidance.views is not None
    projected = guidance.views(last.joints).double().numpy()
    said = noise_report(result(evidence, projected - evidence.keypoints), guidance)
    assert low < said["ratio"] < high
    raised = "raise the option sigma of the energy reprojection" in (said["warning"] or "")
    assert raised == (size == 20.0)
