"""The sampler `posterior` against posteriors known in closed form."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import torch
from platypose_diffusion.config import KarrasConfig, PosteriorConfig
from platypose_diffusion.level_prior import root_prior
from platypose_diffusion.levels import falling_levels
from platypose_diffusion.posterior import Posterior
from platypose_diffusion.schedules import karras
from torch import Tensor

from platypose.api import BuildContext, Level, Quadratic, RootPrior
from platypose.checkpoint.residual import cosine_transform
from platypose.lifting.problem import LiftingProblem
from platypose.lifting.views import Views
from platypose.skeleton import H36M_17
from platypose.testing.gaussian import GaussianPrior, gaussian_posterior

CONTEXT = BuildContext(
    skeleton=H36M_17,
    device=torch.device("cpu"),
    dtype=torch.float64,
    generator=torch.Generator(),
)
SCHEDULE = karras(KarrasConfig(), CONTEXT)
SCALE = 0.3
JOINTS, SIZE = 4, 9


LINEAR = PosteriorConfig(calls=5, steps=1, refit=False)
"""Of linear evidence, a step finds the mode, and conjugate gradients need another."""


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def blocks(*matrices: Tensor) -> Tensor:
    whole: Tensor = torch.block_diag(*matrices)  # type: ignore[no-untyped-call]
    return whole


def covariance(seed: int = 0) -> Tensor:
    root = normal(SIZE, SIZE, seed=seed) / 3
    return root @ root.mT + 0.02 * torch.eye(SIZE).double()


def single_frames() -> GaussianPrior:
    return GaussianPrior(mean=normal(SIZE, seed=1), covariance=covariance()[None])


def stationary_motion(frames: int = 8, memory: float = 0.8) -> GaussianPrior:
    """An autoregressive motion, with faster joints in a frame's fine than in its coarse part."""
    angle = torch.pi * torch.arange(frames).double() / frames
    power = (1 - memory**2) / (1 + memory**2 - 2 * memory * angle.cos())
    share = (angle / torch.pi)[:, None, None]
    mixed = (1 - share) * covariance() + share * covariance(seed=7)
    return GaussianPrior(mean=normal(SIZE, seed=1), covariance=power[:, None, None] * mixed)


@attrs.frozen(kw_only=True, eq=False)
class Linear:
    """Two coordinates of each joint, seen along parallel lines with a Gaussian error in metres.

    Attributes:
        axes: (2, 3) of the image.
        seen: (F, J, 2) metres.
        precision: (F, J) 1/m².
    """

    axes: Tensor
    seen: Tensor
    precision: Tensor

    def __call__(self, joints: Tensor) -> Tensor:
        error = joints @ self.axes.mT - self.seen
        return (self.precision * error.square().sum(-1)).sum(-1) / 2

    def to(self, dtype: torch.dtype) -> Linear:
        fields = {name: getattr(self, name).to(dtype) for name in ("axes", "seen", "precision")}
        return attrs.evolve(self, **fields)

    def rows(self) -> tuple[Tensor, Tensor]:
        """Matrix and vector of the whitened error of the 3 J coordinates of every frame."""
        weight = self.precision.sqrt()[..., None]
        frames, joints = self.precision.shape
        each = torch.einsum("ij,ac->iajc", torch.eye(joints).double(), self.axes)
        each = each.reshape(2 * joints, 3 * joints) * weight.expand(-1, -1, 2).reshape(
            frames, -1, 1
        )
        return blocks(*each), (weight * self.seen).flatten()


class CurvedLinear(Linear):
    def quadratic(self, joints: Tensor) -> Quadratic:
        error = joints @ self.axes.mT - self.seen
        curvature = self.precision[..., None, None] * (self.axes.mT @ self.axes)
        return Quadratic(
            energy=self(joints),
            gradient=self.precision[..., None] * (error @ self.axes),
            combination=torch.eye(joints.shape[2]).to(joints),
            curvature=curvature.expand(len(joints), -1, -1, -1, -1),
        )


def seen_from_the_side(frames: int, kind: type[Linear], *, even: bool = True) -> Linear:
    """Errors of 1 to 10 cm, other ones in every frame unless `even`."""
    axes, _ = torch.linalg.qr(normal(3, 2, seed=2))
    deviation = 0.01 + 0.09 * torch.rand(
        1 if even else frames, JOINTS, generator=torch.Generator().manual_seed(3)
    )
    deviation = deviation.double().expand(frames, -1)
    seen = 0.3 * normal(frames, JOINTS, 2, seed=4) + 0.5
    return kind(axes=axes.mT.contiguous(), seen=seen, precision=deviation**-2)


def problem_of(
    prior: GaussianPrior, energy: Any, config: PosteriorConfig, *, deviation: float
) -> LiftingProblem:
    frames = len(energy.seen)
    motion = len(prior.covariance) > 1
    levels = falling_levels(config, SCHEDULE, frames if motion else 1)
    mean = 0.2 * normal(frames, 3, seed=5)
    return LiftingProblem(
        energies=((1.0, energy),),
        scale=SCALE,
        solve=None,
        root=RootPrior(mean=mean, deviation=deviation, travel=1.5),
        residual=prior.residual(levels),
        motion=motion,
    )


def sample(
    prior: GaussianPrior,
    problem: LiftingProblem,
    config: PosteriorConfig,
    hypotheses: int,
    *,
    dtype: torch.dtype = torch.float64,
) -> Level:
    frames = len(problem.root.mean)
    drawn = frames if problem.motion else 1
    noise = normal(hypotheses, drawn, JOINTS, 3, seed=8).to(dtype).expand(-1, frames, -1, -1)
    *_, last = Posterior(config, CONTEXT)(
        prior,
        SCHEDULE,
        noise,
        energy=lambda x0: problem.energy(x0, problem.place(x0)),
        generator=torch.Generator().manual_seed(9),
        problem=problem,
    )
    return last


def closed_form(prior: GaussianPrior, problem: LiftingProblem) -> tuple[Tensor, Tensor]:
    """Of all poses, then all roots."""
    ((_, energy),) = problem.energies
    assert isinstance(energy, Linear)
    rows, seen = energy.rows()
    frames = len(energy.seen)
    dense = prior.dense()
    if not problem.motion:
        dense = blocks(*[dense] * frames)
    pose = SCALE * blocks(*[torch.eye(3 * JOINTS, dtype=torch.float64)[:, 3:]] * frames)
    root = blocks(*[torch.eye(3, dtype=torch.float64).repeat(JOINTS, 1)] * frames)
    transform = cosine_transform(frames, dtype=torch.float64) if problem.motion else None
    place, deviation = root_prior(problem.root, transform, frames)
    mean = torch.cat([prior.mean.repeat(frames), place.flatten()])
    over_time = deviation.square().diag()
    if transform is not None:
        over_time = transform.mT @ over_time @ transform
    spread = blocks(dense, torch.kron(over_time, torch.eye(3).double()))
    return gaussian_posterior(mean, spread, rows @ torch.cat([pose, root], 1), seen, 1.0)


def misfit(level: Level, mean: Tensor, spread: Tensor) -> tuple[float, float]:
    """The largest errors of mean and covariance, in coordinates where they should be 0 and 1."""
    assert level.root is not None
    theta = torch.cat([level.x0[:, :, 1:].flatten(1), level.root.flatten(1)], 1).double()
    known = spread.diagonal() < 1e-12
    torch.testing.assert_close(theta[:, known], mean[known].expand(len(theta), -1))
    factor = torch.linalg.cholesky(spread[~known][:, ~known])
    off = (theta - mean)[:, ~known]
    white = torch.linalg.solve_triangular(factor, off.mT, upper=False)
    bias, scatter = white.mean(1), white @ white.mT / white.shape[1]
    return float(bias.abs().max()), float((scatter - torch.eye(len(scatter))).abs().max())


@pytest.mark.parametrize("kind", [CurvedLinear, Linear], ids=["curvature", "gradient alone"])
@pytest.mark.parametrize("deviation", [0.0, 4.0], ids=["known root", "unknown root"])
def test_of_gaussian_poses_seen_along_parallel_lines_the_posterior_is_drawn(
    kind: type[Linear], deviation: float
) -> None:
    config = LINEAR
    prior = single_frames()
    problem = problem_of(prior, seen_from_the_side(1, kind), config, deviation=deviation)
    bias, scatter = misfit(sample(prior, problem, config, 10_000), *closed_form(prior, problem))
    assert bias < 0.04
    assert scatter < 0.05


@pytest.mark.parametrize("even", [True, False], ids=["same error", "other errors"])
@pytest.mark.parametrize("deviation", [0.0, 4.0], ids=["known root", "unknown root"])
def test_of_gaussian_motion_seen_along_parallel_lines_the_posterior_is_drawn(
    deviation: float, even: bool
) -> None:
    """Within the scatter of 600 draws of up to 96 numbers."""
    config, draws = LINEAR, 600
    prior = stationary_motion()
    energy = seen_from_the_side(8, CurvedLinear, even=even)
    problem = problem_of(prior, energy, config, deviation=deviation)
    bias, scatter = misfit(sample(prior, problem, config, draws), *closed_form(prior, problem))
    assert bias < 4 / draws**0.5
    assert scatter < 5.5 / draws**0.5


def test_frames_of_a_prior_of_single_frames_are_independent_but_for_the_noise() -> None:
    """Each has its own posterior; what is drawn is the same in all, so that motion is smooth."""
    config = LINEAR
    prior, energy = single_frames(), seen_from_the_side(3, CurvedLinear, even=False)
    problem = problem_of(prior, energy, config, deviation=4.0)
    level = sample(prior, problem, config, 4_000)
    assert level.root is not None
    for frame in range(3):
        part = attrs.evolve(
            problem,
            root=attrs.evolve(problem.root, mean=problem.root.mean[frame : frame + 1]),
            energies=(
                (
                    1.0,
                    CurvedLinear(
                        axes=energy.axes,
                        seen=energy.seen[frame : frame + 1],
                        precision=energy.precision[frame : frame + 1],
                    ),
                ),
            ),
        )
        one = attrs.evolve(
            level, x0=level.x0[:, frame : frame + 1], root=level.root[:, frame : frame + 1]
        )
        bias, scatter = misfit(one, *closed_form(prior, part))
        assert bias < 0.06
        assert scatter < 0.09
    apart = energy.seen[0].expand_as(energy.seen)
    same = attrs.evolve(
        problem,
        root=attrs.evolve(problem.root, mean=problem.root.mean[:1].expand(3, -1)),
        energies=(
            (
                1.0,
                CurvedLinear(
                    axes=energy.axes, seen=apart, precision=energy.precision[:1].expand(3, -1)
                ),
            ),
        ),
    )
    x0 = sample(prior, same, config, 5).x0
    torch.testing.assert_close(x0, x0[:, :1].expand_as(x0))


def test_the_start_is_forgotten_with_every_call() -> None:
    """Of a prior far from the start, without evidence."""
    prior = GaussianPrior(mean=torch.full((SIZE,), 3.0).double(), covariance=covariance()[None])
    energy = seen_from_the_side(1, CurvedLinear)
    off = []
    for calls in (1, 4, 8, 16):
        config = attrs.evolve(LINEAR, calls=calls, sigma_max=2.0)
        blank = attrs.evolve(energy, precision=torch.zeros_like(energy.precision))
        problem = problem_of(prior, blank, config, deviation=0.0)
        x0 = sample(prior, problem, config, 2_000).x0[:, 0, 1:]
        off.append(float((x0.flatten(1).mean(0) - 3.0).abs().max()))
    assert off[0] > 1.1 * off[1] > 2 * off[2] > 4 * off[3]
    assert off[3] < 0.2


class Pinhole:
    """u = f x / z."""

    perspective = True
    focal = 1000.0

    def __call__(self, points: Tensor) -> Tensor:
        return self.focal * points[..., :2] / points[..., 2:]

    def jacobian(self, points: Tensor) -> Tensor:
        x, y, z = points.unbind(-1)
        zero = torch.zeros_like(z)
        rows = [torch.stack([z, zero, -x], -1), torch.stack([zero, z, -y], -1)]
        return self.focal * torch.stack(rows, -2) / z.square()[..., None, None]

    def sight_lines(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError


@attrs.frozen(kw_only=True, eq=False)
class Seen:
    """Keypoints in an image with a Gaussian error, px."""

    views: Views
    seen: Tensor
    deviation: float

    def __call__(self, joints: Tensor) -> Tensor:
        return self.at(self.views(joints))[0]

    def quadratic(self, joints: Tensor) -> Quadratic:
        return self.views.quadratic(joints, self.at)

    def at(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slope = (pixels - self.seen) / self.deviation**2
        nats = ((pixels - self.seen) * slope).sum((-1, -2, -3)) / 2
        return nats, slope, torch.eye(2).to(pixels).expand(*pixels.shape, 2) / self.deviation**2


@pytest.mark.parametrize("deviation", [0.0, 4.0], ids=["known root", "unknown root"])
def test_through_a_pinhole_the_posterior_is_drawn(deviation: float) -> None:
    """A person known to 5 cm before, in a camera 5 m away, to 2 px.

    An unknown depth is then known to half a metre, and its posterior is not normal. The truth is
    by importance sampling from the Gaussian at the joint mode, which is 0.6 deviations off.
    """
    config = PosteriorConfig(refit=False)
    prior = GaussianPrior(mean=normal(SIZE, seed=1), covariance=0.03 * covariance()[None])
    views = Views(
        [Pinhole()],
        torch.eye(3).double()[None],
        torch.tensor([[0.0, 0.0, 5.0]]).double(),
        torch.eye(JOINTS).double(),
    )
    person = torch.cat([torch.zeros(3).double(), prior.mean + 0.1 * normal(SIZE, seed=6)])
    seen = views(SCALE * person.reshape(1, 1, JOINTS, 3))[0] + normal(1, 1, JOINTS, 2)
    energy = Seen(views=views, seen=seen, deviation=2.0)
    root = RootPrior(mean=torch.zeros(1, 3).double(), deviation=deviation)
    problem = problem_of(prior, energy, config, deviation=deviation)
    problem = attrs.evolve(problem, root=root)
    level = sample(prior, problem, config, 6_000)
    bias, scatter = misfit(level, *importance_sampled(prior, energy, views, deviation))
    assert bias < 0.08
    assert scatter < 0.2


def importance_sampled(
    prior: GaussianPrior, energy: Seen, views: Views, deviation: float
) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the pose and the root."""
    deviation = max(deviation, 1e-9)
    mean = torch.cat([prior.mean, torch.zeros(3).double()])
    spread = blocks(prior.covariance[0], deviation**2 * torch.eye(3).double())
    pose, root = torch.eye(3 * JOINTS).double()[:, 3:], torch.eye(3).double().repeat(JOINTS, 1)
    to_joints = torch.cat([SCALE * pose, root], 1)

    def pixels(theta: Tensor) -> Tensor:
        return views((to_joints @ theta).reshape(1, 1, JOINTS, 3)).flatten()

    top, around = mean, spread
    for _ in range(20):
        rows = torch.func.jacrev(pixels)(top)
        seen = energy.seen.flatten() - pixels(top) + rows @ top
        top, around = gaussian_posterior(mean, spread, rows, seen, energy.deviation)
    draws = normal(40_000, len(top), seed=11)
    theta = top + 1.3 * draws @ torch.linalg.cholesky(around).mT
    off = theta - mean
    log = draws.square().sum(-1) / 2 - (off @ torch.linalg.inv(spread) * off).sum(-1) / 2
    log = log - energy((theta @ to_joints.mT).reshape(-1, 1, JOINTS, 3))[:, 0]
    weight = log.softmax(0)
    assert 1 / weight.square().sum() > 10_000
    mean = weight @ theta
    return mean, ((theta - mean) * weight[:, None]).mT @ (theta - mean)


def test_without_evidence_the_prior_is_drawn() -> None:
    config = LINEAR
    prior = stationary_motion(frames=6)
    problem = problem_of(prior, seen_from_the_side(6, Linear), config, deviation=4.0)
    *_, level = Posterior(config, CONTEXT)(
        prior,
        SCHEDULE,
        normal(4_000, 6, JOINTS, 3),
        energy=None,
        generator=torch.Generator().manual_seed(0),
        problem=problem,
    )
    assert level.root is None
    assert level.energy is None
    off = level.x0[:, :, 1:].flatten(1) - prior.mean.repeat(6)
    factor = torch.linalg.cholesky(prior.dense())
    white = torch.linalg.solve_triangular(factor, off.mT, upper=False)
    assert (white.mean(1).abs() < 5 / 4_000**0.5).all()
    assert (white @ white.mT / 4_000 - torch.eye(6 * SIZE)).abs().max() < 0.1


@pytest.mark.parametrize("frames", [1, 4])
def test_single_precision_is_enough(frames: int) -> None:
    """Also for what parallel lines leave wholly open: the depth of the root, here to a metre."""
    prior = stationary_motion(frames)
    energy = seen_from_the_side(frames, CurvedLinear)
    problem = problem_of(prior, energy, LINEAR, deviation=1.0)
    assert problem.residual is not None
    level = sample(
        prior,
        attrs.evolve(
            problem,
            energies=((1.0, energy.to(torch.float32)),),
            residual=problem.residual.to(torch.device("cpu"), torch.float32),
            root=attrs.evolve(problem.root, mean=problem.root.mean.float()),
        ),
        LINEAR,
        4_000,
        dtype=torch.float32,
    )
    bias, scatter = misfit(level, *closed_form(prior, problem))
    assert bias < 0.08
    assert scatter < 0.12


def test_a_temperature_widens_what_the_evidence_leaves_open() -> None:
    prior = single_frames()
    energy = seen_from_the_side(1, CurvedLinear)
    spread = []
    for temperature in (1.0, 4.0):
        config = PosteriorConfig(temperature=temperature, calls=1, refit=False)
        problem = problem_of(prior, energy, config, deviation=0.0)
        x0 = sample(prior, problem, config, 2_000).x0[:, 0, 1:]
        axis = torch.linalg.cross(energy.axes[0], energy.axes[1])
        spread.append(float((x0 @ axis).var(0).mean()))
    assert spread[1] > 1.5 * spread[0]


def test_hypotheses_that_a_step_would_throw_uphill_stay() -> None:
    """An energy whose curvature vanishes where it is steep, so that full steps overshoot."""
    config = PosteriorConfig(calls=4)
    prior = single_frames()

    def cliff(joints: Tensor) -> Tensor:
        return 1e4 * (joints[..., 0] - 0.5).abs().sum(-1)

    problem = attrs.evolve(
        problem_of(prior, seen_from_the_side(1, Linear), config, deviation=0.0),
        energies=((1.0, cliff),),
    )
    level = sample(prior, problem, config, 50)
    assert level.energy is not None and level.energy.isfinite().all()
    assert level.x0.abs().max() < 30


def test_a_prior_that_does_not_know_its_residual_is_used_with_a_warning() -> None:
    config = LINEAR
    prior = single_frames()
    problem = problem_of(prior, seen_from_the_side(1, CurvedLinear), config, deviation=4.0)
    with pytest.warns(UserWarning, match="platypose measure-residuals"):
        level = sample(prior, attrs.evolve(problem, residual=None), config, 50)
    assert level.root is not None
    error = problem.energies[0][1](SCALE * level.x0 + level.root[:, :, None])
    assert (error < 40).all()


def test_levels_keep_to_what_the_denoiser_knows() -> None:
    config = PosteriorConfig(calls=5, sigma_max=500.0, sigma_min=1e-4)
    levels = falling_levels(config, SCHEDULE, 1)
    expected = karras(KarrasConfig(steps=5), CONTEXT).sigma.flip(0)
    torch.testing.assert_close(torch.tensor(levels).double(), expected)
    assert falling_levels(PosteriorConfig(calls=1), SCHEDULE, 1) == [pytest.approx(5.0)]
    assert falling_levels(PosteriorConfig(calls=1), SCHEDULE, 4) == [pytest.approx(10.0)]


@attrs.frozen(kw_only=True, eq=False)
class Shifting:
    """A camera to which every joint but the root seems to be elsewhere by M c."""

    shift: Tensor  # (J, 3, P)
    deviation: Tensor
    alike: float = 1.0

    def as_seen(self, pose: Tensor, unknown: Tensor) -> Tensor:
        return pose + torch.einsum("jcp,hp->hjc", self.shift, unknown)[:, None]

    def as_is(self, pose: Tensor, unknown: Tensor) -> Tensor:
        return self.as_seen(pose, -unknown)

    def slopes(self, pose: Tensor, unknown: Tensor) -> Tensor:
        return self.shift.expand(*pose.shape[:2], -1, -1, -1)

    def place(self, root: Tensor, unknown: Tensor) -> Tensor:
        return root


@pytest.mark.parametrize("frames", [1, 4])
def test_of_gaussian_people_before_an_unknown_camera_the_posterior_is_drawn(frames: int) -> None:
    """Poses, roots and the camera together, of a prior of frames and of one of clips."""
    prior = single_frames() if frames == 1 else stationary_motion(frames)
    energy = seen_from_the_side(frames, CurvedLinear)
    shift = torch.nn.functional.pad(normal(JOINTS - 1, 3, 2, seed=12), (0, 0, 0, 0, 1, 0))
    camera: Any = Shifting(shift=shift, deviation=torch.tensor([0.5, 1.5]).double())
    problem = attrs.evolve(problem_of(prior, energy, LINEAR, deviation=0.5), camera=camera)
    level = sample(prior, problem, LINEAR, 8_000)
    assert level.camera is not None and level.root is not None

    rows, seen = energy.rows()
    pose = SCALE * blocks(*[torch.eye(3 * JOINTS).double()[:, 3:]] * frames)
    root = blocks(*[torch.eye(3).double().repeat(JOINTS, 1)] * frames)
    arm = SCALE * shift.reshape(-1, 2).repeat(frames, 1)
    transform = cosine_transform(frames, dtype=torch.float64) if problem.motion else None
    place, deviation = root_prior(problem.root, transform, frames)
    over_time = deviation.square().diag()
    if transform is not None:
        over_time = transform.mT @ over_time @ transform
    mean, spread = gaussian_posterior(
        torch.cat([prior.mean.repeat(frames), place.flatten(), torch.zeros(2).double()]),
        blocks(
            prior.dense(),
            torch.kron(over_time, torch.eye(3).double()),
            camera.deviation.square().diag(),
        ),
        rows @ torch.cat([pose, root, arm], 1),
        seen,
        1.0,
    )
    theta = [level.x0[:, :, 1:].flatten(1), level.root.flatten(1), level.camera]
    off = torch.cat(theta, 1) - mean
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(spread), off.mT, upper=False)
    bias, scatter = white.mean(1), white @ white.mT / white.shape[1]
    assert float(bias.abs().max()) < 0.05
    assert float((scatter - torch.eye(len(scatter))).abs().max()) < 0.09


def test_frames_that_are_alike_count_as_one() -> None:
    """Of the camera they say no more together than one alone; of their poses they do."""
    prior = single_frames()
    energy = seen_from_the_side(6, CurvedLinear)
    shift = torch.nn.functional.pad(normal(JOINTS - 1, 3, 1, seed=12), (0, 0, 0, 0, 1, 0))
    spread = []
    for alike in (1.0, 6.0):
        camera: Any = Shifting(shift=shift, deviation=torch.tensor([5.0]).double(), alike=alike)
        problem = attrs.evolve(problem_of(prior, energy, LINEAR, deviation=0.0), camera=camera)
        level = sample(prior, problem, attrs.evolve(LINEAR, calls=1), 2_000)
        assert level.camera is not None
        spread.append(float(level.camera.std()))
    assert spread[1] / spread[0] == pytest.approx(6**0.5, rel=0.1)
