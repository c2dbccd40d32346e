"""The sampler `posterior` on people who bend their limbs to the camera or away from it.

Prior and evidence are those of `platypose lift`; the prior's denoiser is exact, so that what is
wrong is the sampler's. Along parallel lines the posterior is a mixture in closed form; through a
pinhole it is by importance sampling from the Gaussians at its modes.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from platypose_diffusion.config import GaussianMixtureConfig, KarrasConfig
from platypose_diffusion.mixture import GaussianMixture
from platypose_diffusion.schedules import karras
from torch import Tensor

from platypose import Evidence, Platypose
from platypose.api import BuildContext
from platypose.checkpoint.header import Header
from platypose.checkpoint.prior import Prior
from platypose.checkpoint.residual import cosine_transform
from platypose.evidence import Camera
from platypose.lifting import Guidance
from platypose.lifting.guidance import RootMode
from platypose.skeleton import H36M_17
from platypose.testing.mixture import Mixture, bending_both_ways

SCALE, FOCAL, AWAY = 0.32, 1000.0, 4.0
"""Metres; px; metres from the camera to the origin. The camera looks along y."""
DEVIATION = 5.0
"""Of keypoints, px."""
ENERGY = f"reprojection:likelihood=gaussian,weighting=none,sigma={DEVIATION}"
DEPTH = 49
"""Which of θ is the root's."""
TURN = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).double()
HYPOTHESES = 400
SIGMAS = np.geomspace(0.01, 20.0, 12).tolist()
CONTEXT = BuildContext(
    skeleton=H36M_17,
    device=torch.device("cpu"),
    dtype=torch.float64,
    generator=torch.Generator(),
)


def random(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(memory: float = 0.0) -> GaussianMixture:
    mixture = bending_both_ways(SCALE)
    config = GaussianMixtureConfig(components=len(mixture.weight), memory=memory)
    net = GaussianMixture(config, CONTEXT)
    state = {
        "log_weight": mixture.weight.log(),
        "mean": mixture.mean,
        "factor": torch.linalg.cholesky(mixture.covariance),
    }
    net.load_state_dict(state)
    return net.requires_grad_(False)


@cache
def people(frames: int = 1, memory: float = 0.0) -> Platypose:
    net = network(memory)
    header = Header(
        components={},
        skeleton="h36m-17",
        scale=SCALE,
        frame_rate=25.0,
        frames=frames,
        step=0,
        seed=0,
        data=(),
        credit="",
        licence="",
        ema=False,
        measures={},
        versions={},
    )
    prior = Prior(
        denoiser=net,
        schedule=karras(KarrasConfig(), CONTEXT),
        header=header,
        residual=net.residual(SIGMAS, frames),
        device=CONTEXT.device,
        dtype=CONTEXT.dtype,
    )
    return Platypose(prior)


def projected(joints: Tensor, camera: str) -> Tensor:
    """Pixels (…, J, 2) of joints (…, J, 3) in the world."""
    points = joints @ TURN.mT
    depth = points[..., 2:] + AWAY if camera == "pinhole" else AWAY
    return FOCAL * points[..., :2] / depth


def seen(joints: Tensor, camera: str, seed: int) -> Evidence:
    """With errors."""
    noise = torch.randn(*joints.shape[:2], 2, generator=random(seed), dtype=torch.float64)
    pixels = projected(joints, camera) + DEVIATION * noise
    parameters: dict[str, dict[str, Any]] = {
        "pinhole": {"focal": [FOCAL, FOCAL], "centre": [0.0, 0.0]},
        "weak-perspective": {"scale": FOCAL / AWAY, "centre": [0.0, 0.0]},
    }
    return Evidence(
        frame_rate=25.0,
        keypoint_set="h36m-17",
        keypoint_names=H36M_17.joints,
        cameras=(
            Camera(
                name="camera",
                projection=camera,
                parameters=parameters[camera],
                rotation=TURN.numpy(),
                translation=np.array([0.0, 0.0, AWAY]),
                image_size=(1000, 1000),
            ),
        ),
        keypoints=pixels[:, None].numpy(),
        root=joints[:, 0].numpy(),
    )


@attrs.frozen(kw_only=True, eq=False)
class Posterior:
    """Of a frame's numbers θ: its pose, and its root where that is not known.

    Attributes:
        prior: of θ.
        to_joints: (J, 3, N).
        pixels: (J, 2).
        camera: its projection.
    """

    prior: Mixture
    to_joints: Tensor
    pixels: Tensor
    camera: str

    def misfit(self, theta: Tensor) -> Tensor:
        """Errors of the keypoints in standard deviations, one row for each θ."""
        joints = torch.einsum("jcn,...n->...jc", self.to_joints, theta)
        return ((projected(joints, self.camera) - self.pixels) / DEVIATION).flatten(-2)

    def rows(self, theta: Tensor) -> Tensor:
        """The derivative of `misfit` at one θ."""
        joints = self.to_joints @ theta
        pixels = projected(joints, self.camera)
        toward = torch.zeros(len(joints), 2, 3, dtype=theta.dtype)
        toward[:, :, :2] = FOCAL * torch.eye(2)
        depth = torch.full_like(pixels[:, :1], AWAY)
        if self.camera == "pinhole":
            toward[:, :, 2], depth = -pixels, AWAY + joints @ TURN[2:].mT
        slope = toward @ TURN / depth[..., None] / DEVIATION
        return torch.einsum("jia,jan->jin", slope, self.to_joints).flatten(0, 1)

    def log_density(self, theta: Tensor) -> Tensor:
        """But for a constant."""
        return self.prior.log_density(theta) - self.misfit(theta).square().sum(-1) / 2

    def modes(self) -> Mixture:
        """The Gaussian at the mode of each part, weighted by Laplace's method: exact if linear."""
        return _mixture(self.laplace())

    def laplace(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Logarithm of the weight, but for a constant, mode and covariance of each part."""
        found = []
        for part in range(len(self.prior.weight)):
            alone = attrs.evolve(
                self.prior,
                weight=torch.ones_like(self.prior.weight[:1]),
                mean=self.prior.mean[[part]],
                covariance=self.prior.covariance[[part]],
            )
            precision, top = torch.linalg.inv(alone.covariance[0]), alone.mean[0]
            for _ in range(8):
                rows, error = self.rows(top), self.misfit(top)
                spread = torch.linalg.inv(precision + rows.mT @ rows)
                top = top + spread @ (precision @ (alone.mean[0] - top) - rows.mT @ error)
            spread = (spread + spread.mT) / 2
            density = attrs.evolve(self, prior=alone).log_density(top)
            weight = self.prior.weight[part].log() + density + torch.logdet(spread) / 2
            found.append((weight, top, spread))
        return found

    def weighted(self, draws: int) -> tuple[Tensor, Tensor]:
        """θ and their weights, which correct for what is not Gaussian about the modes.

        Of an unknown root, the modes are those at each of many depths, since the posterior of the
        depth itself is skewed.
        """
        near = self.modes()
        if self.camera == "pinhole" and near.mean.shape[1] > DEPTH:
            mean, spread = near.moments()
            step = 0.8 * float(spread[DEPTH, DEPTH].sqrt())
            row = torch.eye(len(mean)).to(mean)[[DEPTH]]
            slices = []
            for number in range(-4, 5):
                prior = self.prior.given(row, mean[[DEPTH]] + number * step, step)
                slices += attrs.evolve(self, prior=prior).laplace()
            near = _mixture(slices)
        theta = near.draw(draws, random(1))
        weight = (self.log_density(theta) - near.log_density(theta)).softmax(0)
        assert 1 / weight.square().sum() > draws / 4
        return theta, weight


def _mixture(parts: list[tuple[Tensor, Tensor, Tensor]]) -> Mixture:
    weights, means, covariances = zip(*parts)
    return Mixture(
        weight=torch.stack(weights).softmax(0),
        mean=torch.stack(means),
        covariance=torch.stack(covariances),
    )


def posterior(
    guidance: Guidance, frames: slice, root: RootMode, camera: str, memory: float = 0.0
) -> Posterior:
    """Of some frames: one of single poses, or a whole clip."""
    mixture, place = bending_both_ways(SCALE), guidance.root.prior
    points = torch.from_numpy(guidance.observed.points)[frames, 0]
    count, eye = len(points), torch.eye(3, dtype=torch.float64)
    T = cosine_transform(count, dtype=torch.float64)
    over_time = T.mT @ (network(memory)._power(count)[:, None] * T)
    covariance = torch.stack([torch.kron(over_time, part) for part in mixture.covariance])
    mean = mixture.mean.repeat(1, count)
    to_joints = torch.zeros(17, 3, 48, dtype=torch.float64)
    to_joints[1:] = SCALE * torch.eye(48, dtype=torch.float64).reshape(16, 3, 48)
    to_joints = torch.kron(torch.eye(count).double(), to_joints.flatten(0, 1))
    if root == "unknown":
        roots = torch.kron(torch.eye(count).double(), eye.repeat(17, 1))
        to_joints = torch.cat([to_joints, roots], 1)
        size = 51 * count
        whole = place.deviation**2 * torch.eye(size, dtype=torch.float64).repeat(4, 1, 1)
        whole[:, : 48 * count, : 48 * count] = covariance
        mean, covariance = (
            torch.cat([mean, place.mean[frames].reshape(1, -1).repeat(4, 1)], 1),
            whole,
        )
    return Posterior(
        prior=attrs.evolve(mixture, mean=mean, covariance=covariance),
        to_joints=to_joints.reshape(-1, 3, to_joints.shape[1]),
        pixels=points.flatten(0, 1),
        camera=camera,
    )


@attrs.frozen(kw_only=True)
class Misfit:
    """Of hypotheses of a frame.

    Attributes:
        mean: root mean square error of the mean, in standard deviations.
        deviation: of the largest error of a standard deviation, its logarithm.
        weight: total variation between the mode's probabilities.
        nats: how much less probable a hypothesis is than an exact one, on average.
    """

    mean: float
    deviation: float
    weight: float
    nats: float


def misfit(theta: Tensor, exact: Posterior, draws: int = 6_000) -> Misfit:
    known, weight = exact.weighted(draws)
    mean = weight @ known
    deviation = (weight @ (known - mean).square()).sqrt()
    true = weight @ exact.prior.shares(known)
    found = exact.prior.shares(theta).mean(0)
    nats = weight @ exact.log_density(known) - exact.log_density(theta).mean()
    return Misfit(
        mean=float(((theta.mean(0) - mean) / deviation).square().mean().sqrt()),
        deviation=float((theta.std(0) / deviation).log().abs().max()),
        weight=float((found - true).abs().sum() / 2),
        nats=float(nats),
    )


def lifted(
    evidence: Evidence,
    calls: int,
    root: RootMode,
    hypotheses: int,
    model: Platypose,
    candidates: int = 1,
) -> tuple[Guidance, Tensor]:
    """θ of the hypotheses, (H, N), or of single poses (H, F, N)."""
    guidance = model.energy(evidence, ENERGY, root=root)
    *_, last = model.sample(
        hypotheses,
        evidence.num_frames,
        energy=guidance,
        sampler=f"posterior:calls={calls},refit=false,candidates={candidates}",
        seed=3,
    )
    pose, place = last.sample[:, :, 1:].flatten(2) / SCALE, last.root
    if model.prior.header.frames > 1:
        pose, place = pose.flatten(1), place.flatten(1)
    return guidance, pose if root == "known" else torch.cat([pose, place], -1)


def someone(frames: int, seed: int) -> Tensor:
    """Joints of people about the origin, (F, J, 3), one in each frame."""
    pose = bending_both_ways(SCALE).draw(frames, random(seed)).reshape(frames, 16, 3)
    return torch.nn.functional.pad(SCALE * pose, (0, 0, 1, 0))


def found(camera: str, root: RootMode, calls: int) -> Misfit:
    guidance, theta = lifted(seen(someone(1, 1), camera, 2), calls, root, HYPOTHESES, people())
    return misfit(theta[:, 0], posterior(guidance, slice(0, 1), root, camera))


NATS = {1: 8.0, 4: 3.0, 8: 1.0, 16: 0.7}
"""By which hypotheses may be less probable than exact ones, by the number of calls: few calls leave
some between the modes. The scatter is 0.25."""


@pytest.mark.parametrize(
    ("root", "calls"),
    [("known", 1), ("known", 4), ("known", 16), ("unknown", 4), ("unknown", 8)],
)
def test_along_parallel_lines_the_modes_have_their_probabilities(
    root: RootMode, calls: int
) -> None:
    """Within the scatter of the hypotheses, with any number of calls."""
    errors = found("weak-perspective", root, calls)
    assert errors.mean < 0.1
    assert errors.deviation < 0.2
    assert errors.weight < 0.1
    assert errors.nats < NATS[calls]


@pytest.mark.parametrize(("root", "calls"), [("known", 4), ("known", 16), ("unknown", 8)])
def test_through_a_pinhole_the_modes_nearly_have_their_probabilities(
    root: RootMode, calls: int
) -> None:
    """More calls make hypotheses more probable, and leave the rest as it is.

    A mode's probability is off by some hundredths, since about a noisy pose that tells no mode the
    clean ones are taken as one Gaussian. The mean is off by an eighth of a deviation, since poses
    farther away have more room, which the most probable pose does not show.
    """
    errors = found("pinhole", root, calls)
    assert errors.mean < 0.22
    assert errors.weight < 0.13
    assert errors.nats < NATS[calls]


def test_exact_weights_mend_what_the_most_probable_pose_misses() -> None:
    """The mean through a pinhole, of two people; a mode's probability stays as it is."""
    errors: dict[int, list[float]] = {1: [], 8: []}
    for candidates, found in errors.items():
        for seed in (1, 2):
            evidence = seen(someone(1, seed), "pinhole", seed + 1)
            guidance, theta = lifted(evidence, 4, "unknown", HYPOTHESES, people(), candidates)
            exact = posterior(guidance, slice(0, 1), "unknown", "pinhole")
            found.append(misfit(theta[:, 0], exact).mean)
    assert sum(errors[8]) < 0.75 * sum(errors[1])


@pytest.mark.parametrize("camera", ["weak-perspective", "pinhole"])
def test_the_effective_number_is_that_of_exact_draws_where_the_evidence_is_linear(
    camera: str,
) -> None:
    evidence = seen(someone(2, 1), camera, 2)
    guidance = people().energy(evidence, ENERGY, root="known")
    sampler = "posterior:calls=2,refit=false,candidates=4"
    *_, last = people().sample(20, 2, energy=guidance, sampler=sampler)
    assert last.effective_samples is not None
    if camera == "weak-perspective":
        assert last.effective_samples == pytest.approx(20, rel=1e-3)
    else:
        assert 10 < last.effective_samples < 20


@pytest.mark.parametrize("root", ["known", "unknown"])
def test_of_a_clip_the_modes_have_their_probabilities(root: RootMode) -> None:
    """All frames bend the same way. Calls are the more, the more numbers a hypothesis has."""
    frames, memory = 3, 0.9
    model = people(frames, memory)
    pose = SCALE * network(memory).draw(1, frames, random(5))[0].reshape(frames, 16, 3)
    joints = torch.nn.functional.pad(pose, (0, 0, 1, 0))
    evidence = seen(joints, "weak-perspective", 2)
    guidance, theta = lifted(evidence, 6, root, HYPOTHESES, model)
    exact = posterior(guidance, slice(None), root, "weak-perspective", memory)
    errors = misfit(theta, exact, 1_000)
    assert errors.mean < 0.12
    assert errors.deviation < 0.25
    assert errors.weight < 0.1
    assert errors.nats < 3.0


@pytest.mark.parametrize("camera", ["weak-perspective", "pinhole"])
def test_the_truth_is_as_often_within_as_it_should_be(camera: str) -> None:
    """Of 40 people, whose 48 coordinates are not independent."""
    joints = someone(40, 7)
    _, theta = lifted(seen(joints, camera, 8), 4, "known", 50, people())
    truth = joints[:, 1:].flatten(1) / SCALE
    below = (theta < truth).double().mean(0)
    for share in (0.5, 0.9):
        inside = ((below - 0.5).abs() < share / 2).double().mean()
        assert abs(float(inside) - share) < 0.05
