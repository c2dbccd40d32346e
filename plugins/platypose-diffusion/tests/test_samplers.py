"""The samplers against posteriors known in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from platypose_diffusion.ancestral import Ancestral
from platypose_diffusion.config import (
    AncestralConfig,
    CosineConfig,
    GuidedDDIMConfig,
    KarrasConfig,
)
from platypose_diffusion.guided_ddim import GuidedDDIM
from platypose_diffusion.schedules import cosine, karras
from torch import Tensor

from platypose.api import BuildContext, Level, Sampler, UserError
from platypose.api.kinds.sampler import RootPrior
from platypose.lifting.problem import LiftingProblem
from platypose.skeleton import H36M_17

CONTEXT = BuildContext(
    skeleton=H36M_17,
    device=torch.device("cpu"),
    dtype=torch.float64,
    generator=torch.Generator(),
)
COSINE_50 = cosine(CosineConfig(), CONTEXT)
COSINE_1000 = cosine(CosineConfig(steps=1000), CONTEXT)
KARRAS = karras(KarrasConfig(steps=300, sigma_min=0.002, sigma_max=80.0), CONTEXT)


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


class GaussianPrior:
    """One joint of mean μ and full covariance S; its exact denoiser is linear."""

    def __init__(self) -> None:
        root = torch.tensor(
            [[1.0, 0.0, 0.0], [0.6, 0.7, 0.0], [-0.2, 0.4, 0.5]], dtype=torch.float64
        )
        self.mean = torch.tensor([0.5, -0.3, 0.1], dtype=torch.float64)
        self.cov = root @ root.T

    def denoise(self, x: Tensor, sigma: float) -> Tensor:
        eye = torch.eye(3, dtype=torch.float64)
        gain = self.cov @ torch.linalg.inv(self.cov + sigma**2 * eye)
        denoised: Tensor = self.mean + (x - self.mean) @ gain.T
        return denoised


class Counted:
    """A denoiser that keeps the noise levels of its calls."""

    def __init__(self, denoise: Callable[[Tensor, float], Tensor]) -> None:
        self.denoise = denoise
        self.sigmas: list[float] = []

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        self.sigmas.append(sigma)
        return self.denoise(x, sigma)


def run(
    sampler: Sampler,
    schedule: object = COSINE_50,
    *,
    noise: Tensor | None = None,
    denoise: Callable[[Tensor, float], Tensor] | None = None,
    energy: Callable[[Tensor], Tensor] | None = None,
    initial: Tensor | None = None,
    seed: int = 0,
) -> list[Level]:
    return list(
        sampler(
            denoise or GaussianPrior().denoise,
            schedule,  # type: ignore[arg-type]
            normal(4, 2, 1, 3) if noise is None else noise,
            energy=energy,
            generator=torch.Generator().manual_seed(seed),
            initial=initial,
        )
    )


def seen_at(point: Tensor, error: float) -> Callable[[Tensor], Tensor]:
    """The first two coordinates of the joint were observed with a Gaussian error."""
    return lambda x0: 0.5 * ((x0[..., 0, :2] - point) / error).square().sum(-1)


SAMPLERS: dict[str, Sampler] = {
    "guided-ddim": GuidedDDIM(GuidedDDIMConfig(), CONTEXT),
    "guided-ddim, batch": GuidedDDIM(GuidedDDIMConfig(control="batch"), CONTEXT),
    "ancestral": Ancestral(AncestralConfig(levels="ddim20"), CONTEXT),
}
every_sampler = pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS.keys())


@pytest.mark.parametrize("schedule", [COSINE_1000, KARRAS], ids=["cosine", "karras"])
def test_ddim_at_many_levels_turns_white_noise_into_the_prior(schedule: object) -> None:
    """DDIM is affine here, x0 = A n + b: b must be the prior's mean and A Aᵀ its covariance."""
    sampler = GuidedDDIM(GuidedDDIMConfig(levels="all", skip=0), CONTEXT)
    basis = torch.cat((torch.zeros(1, 3), torch.eye(3))).double()[:, None, None]
    x0 = run(sampler, schedule, noise=basis)[-1].x0[:, 0, 0]
    prior = GaussianPrior()
    A = (x0[1:] - x0[0]).T
    torch.testing.assert_close(x0[0], prior.mean, rtol=0, atol=0.02)
    torch.testing.assert_close(A @ A.T, prior.cov, rtol=0, atol=0.02)


def test_on_a_standard_normal_prior_each_ddim_step_turns_by_the_angle_between_levels() -> None:
    """With ᾱ = cos² φ and D = x_σ / (1 + σ²), x_{t−1} = cos(φ_t − φ_{t−1}) x_t and x̂0 = cos φ x."""
    angle = COSINE_50.respace("ddim20").alpha_bar.sqrt().acos()[:16]
    noise = normal(3, 2, 1, 3)
    *_, last = run(
        SAMPLERS["guided-ddim"], noise=noise, denoise=lambda x, sigma: x / (1 + sigma**2)
    )
    expected = angle[-1].sin() * angle.diff().cos().prod() * angle[0].cos() * noise
    torch.testing.assert_close(last.x0, expected)


def test_ancestral_samples_have_the_mean_and_covariance_of_the_prior() -> None:
    """Within 4 standard errors of 2,000 draws, and the 1.1 % of variance that 1000 levels cost."""
    sampler = Ancestral(AncestralConfig(), CONTEXT)
    draws = run(sampler, COSINE_1000, noise=normal(2_000, 1, 1, 3))[-1].x0[:, 0, 0]
    prior = GaussianPrior()
    variance = prior.cov.diagonal()
    error = 4 * ((variance[:, None] * variance + prior.cov**2) / len(draws)).sqrt()
    assert ((draws.T.cov() - prior.cov).abs() < error + 0.011 * prior.cov.abs()).all()
    assert ((draws.mean(0) - prior.mean).abs() < 4 * (variance / len(draws)).sqrt()).all()


def test_one_ddim_step_in_closed_form() -> None:
    levels = COSINE_50.respace([10, 30])
    sampler = GuidedDDIM(GuidedDDIMConfig(levels="all", skip=0), CONTEXT)
    prior, noise, initial = GaussianPrior(), normal(2, 1, 1, 3), normal(2, 1, 1, 3, seed=1)
    first, last = run(sampler, levels, noise=noise, initial=initial)
    (low, high), (quiet, loud) = levels.alpha_bar.tolist(), levels.sigma.tolist()
    x = math.sqrt(high) * initial + math.sqrt(1 - high) * noise
    x0 = prior.denoise(initial + loud * noise, loud)
    torch.testing.assert_close(first.x0, x0)
    direction = (x - math.sqrt(high) * x0) / math.sqrt(1 - high)
    x = math.sqrt(low) * x0 + math.sqrt(1 - low) * direction
    torch.testing.assert_close(last.x0, prior.denoise(x / math.sqrt(low), quiet))


def test_the_ddim_step_uses_the_moved_pose() -> None:
    """An energy that wins outright makes every level start from its minimum."""
    levels = COSINE_50.respace([10, 30])
    sampler = GuidedDDIM(
        GuidedDDIMConfig(levels="all", skip=0, learning_rate=1.0, substeps=1), CONTEXT
    )
    noise, point = normal(2, 1, 1, 3), torch.tensor([0.2, 0.2, -0.3], dtype=torch.float64)
    seen: list[Tensor] = []

    def denoise(x: Tensor, sigma: float) -> Tensor:
        seen.append(x)
        return torch.zeros_like(x)

    def energy(x0: Tensor) -> Tensor:
        return 0.5 * (x0 - point).square().sum((2, 3))

    first, last = run(sampler, levels, noise=noise, denoise=denoise, energy=energy)
    torch.testing.assert_close(first.x0, point.expand_as(noise))
    torch.testing.assert_close(last.x0, point.expand_as(noise))
    high, (quiet, loud) = levels.alpha_bar[1].item(), levels.sigma.tolist()
    direction = (math.sqrt(1 - high) * noise - math.sqrt(high) * point) / math.sqrt(1 - high)
    torch.testing.assert_close(seen, [loud * noise, point + quiet * direction])


def test_the_published_sampler_calls_the_denoiser_16_times() -> None:
    denoise = Counted(GaussianPrior().denoise)
    steps = run(SAMPLERS["guided-ddim"], denoise=denoise)
    kept = [38, 36, 33, 30, 28, 25, 23, 20, 18, 15, 12, 10, 7, 5, 2, 0]
    assert denoise.sigmas == COSINE_50.sigma[kept].tolist()
    assert [step.calls for step in steps] == list(range(1, 17))
    assert [step.index for step in steps] == list(range(1, 17))
    assert {step.total for step in steps} == {16}
    assert [step.sigma for step in steps] == denoise.sigmas


def test_ancestral_uses_every_level_by_default() -> None:
    denoise = Counted(GaussianPrior().denoise)
    steps = run(Ancestral(AncestralConfig(), CONTEXT), denoise=denoise)
    assert denoise.sigmas == COSINE_50.sigma.flip(0).tolist()
    assert steps[-1].calls == steps[-1].total == 50


@every_sampler
def test_guidance_moves_the_samples_to_the_evidence_and_the_unseen_axis_along(
    sampler: Sampler,
) -> None:
    """The unseen coordinate follows through the prior's correlation with the seen ones."""
    point = torch.tensor([1.5, 1.4], dtype=torch.float64)
    error = 0.1
    prior, noise = GaussianPrior(), normal(400, 1, 1, 3)
    guided = run(sampler, noise=noise, energy=seen_at(point, error))[-1].x0[:, 0, 0]
    free = run(sampler, noise=noise)[-1].x0[:, 0, 0]
    eye = torch.eye(2, dtype=torch.float64)
    gain = prior.cov[:, :2] @ torch.linalg.inv(prior.cov[:2, :2] + error**2 * eye)
    posterior = prior.mean + gain @ (point - prior.mean[:2])
    assert (guided[:, :2] - point).norm(dim=-1).max() < 3 * error
    away = (free.mean(0) - posterior).abs()
    assert ((guided.mean(0) - posterior).abs() < 0.8 * away).all()


@every_sampler
def test_without_energy_nothing_is_reported_of_it(sampler: Sampler) -> None:
    assert {step.energy for step in run(sampler)} == {None}


@every_sampler
def test_the_reported_energy_is_that_of_the_reported_pose(sampler: Sampler) -> None:
    energy = seen_at(torch.tensor([1.0, 1.0], dtype=torch.float64), 0.2)
    for step in run(sampler, energy=energy):
        assert step.energy is not None
        torch.testing.assert_close(step.energy, energy(step.x0))


@every_sampler
def test_the_same_seed_gives_the_same_samples(sampler: Sampler) -> None:
    energy = seen_at(torch.tensor([1.0, 1.0], dtype=torch.float64), 0.2)
    first, second = (run(sampler, energy=energy, seed=3) for _ in range(2))
    assert all(torch.equal(a.x0, b.x0) for a, b in zip(first, second, strict=True))


def test_ancestral_draws_from_the_generator_and_ddim_does_not() -> None:
    ddim, fresh = SAMPLERS["guided-ddim"], SAMPLERS["ancestral"]
    assert torch.equal(run(ddim, seed=1)[-1].x0, run(ddim, seed=2)[-1].x0)
    assert not torch.allclose(run(fresh, seed=1)[-1].x0, run(fresh, seed=2)[-1].x0)


@pytest.mark.parametrize("name", ["guided-ddim", "ancestral"])
def test_by_default_hypotheses_do_not_affect_one_another(name: str) -> None:
    energy = seen_at(torch.tensor([1.0, 1.0], dtype=torch.float64), 0.2)
    noise = normal(4, 2, 1, 3)
    other = noise.clone()
    other[0] += 50
    ours = run(SAMPLERS[name], noise=noise, energy=energy)
    theirs = run(SAMPLERS[name], noise=other, energy=energy)
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a.x0[1:], b.x0[1:])
        assert a.energy is not None
        assert b.energy is not None
        assert torch.equal(a.energy[1:], b.energy[1:])


def test_under_published_control_hypotheses_affect_one_another() -> None:
    def energy(x0: Tensor) -> Tensor:
        return 0.05 * (x0 - 1).pow(4).sum((2, 3))

    noise = normal(4, 2, 1, 3)
    other = noise.clone()
    other[0] += 10  # a step of 1 overshoots there
    sampler = GuidedDDIM(GuidedDDIMConfig(control="batch", learning_rate=1.0), CONTEXT)
    ours = run(sampler, noise=noise, energy=energy)[-1].x0
    theirs = run(sampler, noise=other, energy=energy)[-1].x0
    assert not torch.allclose(ours[1:], theirs[1:])


@every_sampler
def test_the_initial_pose_sets_the_start(sampler: Sampler) -> None:
    noise, initial = normal(2, 1, 1, 3), normal(2, 1, 1, 3, seed=1)
    seen: list[Tensor] = []

    def denoise(x: Tensor, sigma: float) -> Tensor:
        seen.append(x - sigma * noise)
        return x

    run(sampler, noise=noise, initial=initial, denoise=denoise)
    torch.testing.assert_close(seen[0], initial)
    seen.clear()
    run(sampler, noise=noise, denoise=denoise)
    torch.testing.assert_close(seen[0], torch.zeros_like(initial), atol=1e-12, rtol=0)


@every_sampler
def test_no_gradient_passes_through_the_denoiser(sampler: Sampler) -> None:
    weight = torch.ones((), dtype=torch.float64, requires_grad=True)
    energy = seen_at(torch.tensor([1.0, 1.0], dtype=torch.float64), 0.2)
    steps = run(sampler, denoise=lambda x, sigma: weight * x / (1 + sigma**2), energy=energy)
    assert not any(step.x0.requires_grad for step in steps)
    assert weight.grad is None


@every_sampler
def test_samples_keep_the_type_of_the_noise(sampler: Sampler) -> None:
    steps = run(
        sampler,
        noise=normal(2, 1, 1, 3).float(),
        denoise=lambda x, sigma: x / (1 + sigma**2),
        energy=lambda x0: x0.square().sum((2, 3)),
    )
    assert {step.x0.dtype for step in steps} == {torch.float32}


@pytest.mark.parametrize(("motion", "calls"), [(False, 16), (True, 20)])
def test_a_prior_of_clips_is_started_from_noise_alone(motion: bool, calls: int) -> None:
    sampler = GuidedDDIM(GuidedDDIMConfig(), CONTEXT)
    nowhere = RootPrior(mean=torch.zeros(4, 3, dtype=torch.float64), deviation=0.0)
    problem = LiftingProblem(
        energies=(), scale=1.0, solve=None, root=nowhere, residual=None, motion=motion
    )
    levels = sampler(
        lambda x, sigma: x,
        COSINE_50,
        normal(1, 4, 17, 3),
        energy=None,
        generator=torch.Generator(),
        problem=problem,
    )
    *_, last = levels
    assert last.calls == calls


@pytest.mark.parametrize("calls", [2, 3, 4, 8, 16])
def test_as_many_calls_are_made_as_asked_for_and_16_are_the_published_ones(calls: int) -> None:
    asked, published = Counted(lambda x, sigma: x), Counted(lambda x, sigma: x)
    run(GuidedDDIM(GuidedDDIMConfig(calls=calls), CONTEXT), denoise=asked)
    run(GuidedDDIM(GuidedDDIMConfig(), CONTEXT), denoise=published)
    assert len(asked.sigmas) == calls
    assert asked.sigmas[-1] == published.sigmas[-1]
    assert (asked.sigmas == published.sigmas) == (calls == 16)


def test_skipping_every_level_is_refused() -> None:
    sampler = GuidedDDIM(GuidedDDIMConfig(skip=20), CONTEXT)
    with pytest.raises(UserError, match="skip of guided-ddim is 20 but needs to be below 20"):
        run(sampler)


def test_more_levels_than_the_schedule_has_are_refused() -> None:
    sampler = Ancestral(AncestralConfig(levels="ddim60"), CONTEXT)
    with pytest.raises(UserError, match="from 2 to 50"):
        run(sampler)
