"""The samplers `dps`, `daps`, `diffpir` and `tds` against posteriors known in closed form.

Poses are standard normal, independently in each coordinate: then N(D, r²) is the whole truth about
p(x0 | x_σ), and each method is as good as its idea.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from platypose_diffusion.config import (
    DAPSConfig,
    DiffPIRConfig,
    DPSConfig,
    KarrasConfig,
    LevelsConfig,
    TDSConfig,
)
from platypose_diffusion.daps import DAPS
from platypose_diffusion.diffpir import DiffPIR, proximal
from platypose_diffusion.dps import DPS
from platypose_diffusion.levels import falling_levels
from platypose_diffusion.schedules import karras
from platypose_diffusion.tds import TDS, effective_number, systematic
from platypose_diffusion.through import guide_through
from torch import Tensor

from platypose.api import BuildContext, Level, RootPrior, Sampler
from platypose.lifting.problem import LiftingProblem
from platypose.skeleton import H36M_17
from platypose.testing.sampler import standing_still

CONTEXT = BuildContext(
    skeleton=H36M_17,
    device=torch.device("cpu"),
    dtype=torch.float64,
    generator=torch.Generator(),
)
SCHEDULE = karras(KarrasConfig(sigma_min=0.005, sigma_max=80.0), CONTEXT)
JOINTS = 3
Function = Callable[[Tensor], Tensor]


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def problem(energy: Any, *, frames: int = 1, motion: bool = False) -> LiftingProblem:
    """Joint 0 at 0 and known to be there; otherwise a standard normal."""
    mean = torch.zeros(frames, 3, dtype=torch.float64)
    return LiftingProblem(
        energies=() if energy is None else ((1.0, energy),),
        scale=1.0,
        solve=None,
        root=RootPrior(mean=mean, deviation=0.0),
        residual=standing_still(JOINTS).residual(SCHEDULE.sigma.tolist()),
        motion=motion,
    )


def run(
    sampler: Sampler,
    energy: Function | None,
    hypotheses: int = 2_000,
    *,
    frames: int = 1,
    motion: bool = False,
    seed: int = 0,
) -> list[Level]:
    return list(
        sampler(
            standing_still(JOINTS),
            SCHEDULE,
            normal(hypotheses, 1, JOINTS, 3, seed=seed).expand(-1, frames, -1, -1),
            energy=energy,
            generator=torch.Generator().manual_seed(seed),
            problem=problem(energy, frames=frames, motion=motion),
        )
    )


def drawn(sampler: Sampler, energy: Function | None, hypotheses: int = 2_000) -> Tensor:
    """(H, 6) coordinates of joints 1 and 2 in the only frame."""
    return run(sampler, energy, hypotheses)[-1].x0[:, 0, 1:].flatten(1)


SEEN = 0.8 * normal(2 * (JOINTS - 1), seed=3).reshape(JOINTS - 1, 2)
ERROR = torch.tensor([0.1, 0.3], dtype=torch.float64)


def seen_from_the_front(x0: Tensor) -> Tensor:
    """x and y of both joints, to 0.1 and 0.3."""
    off = (x0[..., 1:, :2] - SEEN) / ERROR[:, None]
    return off.square().sum((-1, -2)) / 2


def posterior() -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the six coordinates, which stay independent."""
    precision = torch.ones(JOINTS - 1, 3).double()
    precision[:, :2] += ERROR[:, None] ** -2
    mean = torch.zeros(JOINTS - 1, 3).double()
    mean[:, :2] = SEEN * ERROR[:, None] ** -2
    return (mean / precision).flatten(), precision.rsqrt().flatten()


LEVELS: dict[str, Any] = {"sigma_max": 20.0, "calls": 16}


def dps(**options: Any) -> Sampler:
    return DPS(DPSConfig(**{**LEVELS, **options}), CONTEXT)


def daps(**options: Any) -> Sampler:
    return DAPS(DAPSConfig(**{**LEVELS, **options}), CONTEXT)


def diffpir(**options: Any) -> Sampler:
    return DiffPIR(DiffPIRConfig(**{**LEVELS, **options}), CONTEXT)


def tds(**options: Any) -> Sampler:
    return TDS(TDSConfig(**{**LEVELS, **options}), CONTEXT)


@pytest.mark.parametrize("sampler", [dps(), daps(), tds()], ids=["dps", "daps", "tds"])
def test_without_an_energy_the_prior_is_drawn(sampler: Sampler) -> None:
    """Within 4 standard errors of 4,000 draws, and what 1/20 of the start is still felt."""
    x = drawn(sampler, None, 4_000)
    torch.testing.assert_close(x.mean(0), torch.zeros(6).double(), rtol=0, atol=0.065)
    torch.testing.assert_close(x.T.cov(), torch.eye(6).double(), rtol=0, atol=0.1)


@pytest.mark.parametrize("sampler", [dps(), daps(), tds()], ids=["dps", "daps", "tds"])
def test_an_energy_that_is_linear_shifts_the_prior_by_its_slope(sampler: Sampler) -> None:
    """N(0, 1) exp(−g x) is N(−g, 1): nats at scale 1 are the posterior."""
    slope = torch.tensor([[0.0, 0.0, 0.0], [0.5, -1.0, 0.0], [0.2, 0.0, 0.8]]).double()
    x = drawn(sampler, lambda x0: (slope * x0).sum((-1, -2)))
    torch.testing.assert_close(x.mean(0), -slope[1:].flatten(), rtol=0, atol=0.15)
    torch.testing.assert_close(x.T.cov(), torch.eye(6).double(), rtol=0, atol=0.18)


def test_daps_draws_the_posterior() -> None:
    """Within 4 standard errors of 1,500 draws, and what 1/20 of the start is still felt."""
    x = drawn(daps(), seen_from_the_front, 1_500)
    mean, deviation = posterior()
    white = (x - mean) / deviation
    torch.testing.assert_close(white.mean(0), torch.zeros(6).double(), rtol=0, atol=0.12)
    torch.testing.assert_close(white.T.cov(), torch.eye(6).double(), rtol=0, atol=0.16)


def test_tds_tends_to_the_posterior_with_more_hypotheses() -> None:
    mean, deviation = posterior()
    white = (drawn(tds(), seen_from_the_front, 4_000) - mean) / deviation
    torch.testing.assert_close(white.mean(0), torch.zeros(6).double(), rtol=0, atol=0.15)
    torch.testing.assert_close(white.T.cov(), torch.eye(6).double(), rtol=0, atol=0.25)


def seen_alike(x0: Tensor) -> Tensor:
    """x and y of both joints, to 0.2."""
    return ((x0[..., 1:, :2] - SEEN) / 0.2).square().sum((-1, -2)) / 2


def misfit(x: Tensor) -> tuple[Tensor, Tensor]:
    """Given `seen_alike`: bias, and deviation, of x and y, in posterior deviations."""
    width = (1 + 0.2**-2) ** -0.5
    seen = x.reshape(-1, JOINTS - 1, 3)[..., :2]
    return (seen.mean(0) - SEEN / (1 + 0.2**2)) / width, seen.std(0) / width


def test_dps_finds_the_mean_of_what_is_seen_alike_and_is_a_little_too_wide() -> None:
    bias, width = misfit(drawn(dps(), seen_alike))
    assert bias.abs().max() < 0.15
    assert width.min() > 1.0
    assert width.max() < 1.3


def test_dps_follows_what_is_seen_less_well_only_part_of_the_way() -> None:
    """One step for all directions has the length that suits the stiffest."""
    mean, _ = posterior()
    x = drawn(dps(), seen_from_the_front).mean(0)
    torch.testing.assert_close(x[:2], mean[:2], rtol=0, atol=0.02)
    assert 0.1 < x[4] / mean[4] < 0.8


def test_diffpir_finds_the_mean_and_is_too_narrow_the_more_so_the_fresher_its_noise() -> None:
    widths = []
    for fresh in (0.0, 0.5, 1.0):
        bias, width = misfit(drawn(diffpir(fresh=fresh, substeps=8), seen_alike, 1_000))
        assert bias.abs().max() < 0.2
        widths.append(float(width.mean()))
    assert 1 > widths[0] > widths[1] > widths[2] > 0.5


def quartic(x0: Tensor) -> Tensor:
    """Two modes along x, so that E(D) is far from the mean of E."""
    x = x0[..., 1, 0]
    return 2 * (x.square() - 1).square() - x


def quartic_posterior() -> tuple[float, float]:
    """Mean of x and the share of x > 0, by quadrature."""
    x = torch.linspace(-5, 5, 4_001, dtype=torch.float64)
    joints = torch.zeros(1, len(x), JOINTS, 3).double()
    joints[0, :, 1, 0] = x
    weight = (-x.square() / 2 - quartic(joints)[0]).softmax(0)
    return float(weight @ x), float(weight[x > 0].sum())


def test_weights_correct_what_dps_gets_wrong() -> None:
    mean, right = quartic_posterior()
    off = {}
    for name, sampler in (("dps", dps()), ("tds", tds())):
        x = drawn(sampler, quartic, 4_000)[:, 0]
        off[name] = abs(float(x.mean()) - mean), abs(float((x > 0).double().mean()) - right)
    assert max(off["tds"]) < 0.06
    assert max(off["dps"]) > 2 * max(off["tds"])


def test_daps_weighs_two_modes_better_with_longer_chains() -> None:
    """From mode to mode a chain passes only at high noise."""
    mean, _ = quartic_posterior()
    off = [
        abs(float(drawn(daps(trajectories=n), quartic, 1_500)[:, 0].mean()) - mean) for n in (1, 8)
    ]
    assert off[1] < 0.15
    assert off[0] > 2 * off[1]


def test_the_proximal_point_of_a_quadratic_in_closed_form() -> None:
    centre = normal(5, 2, JOINTS, 3)
    goal, error, variance = normal(JOINTS, 3, seed=2), 0.3, 0.2
    found = proximal(
        lambda x: ((x - goal) / error).square().sum((-1, -2)) / 2, centre, variance, 40
    )
    expected = (goal / error**2 + centre / variance) / (error**-2 + 1 / variance)
    torch.testing.assert_close(found, expected, rtol=0, atol=0.01)


def test_diffpir_that_trusts_the_denoiser_alone_ignores_the_evidence() -> None:
    sampler = diffpir(attachment=1e9, substeps=2)
    free, held = drawn(sampler, None, 20), drawn(sampler, seen_from_the_front, 20)
    torch.testing.assert_close(held, free, rtol=0, atol=1e-4)


def test_diffpir_without_fresh_noise_is_ddim() -> None:
    """With D = x / (1 + σ²) and angles tan φ = σ, x / √(1 + σ²) turns by cos Δφ a level."""
    config = DiffPIRConfig(fresh=0.0, **LEVELS)
    sigmas = torch.tensor(falling_levels(config, SCHEDULE, 1)).double()
    noise = normal(7, 1, JOINTS, 3)
    *_, last = DiffPIR(config, CONTEXT)(
        lambda x, sigma: x / (1 + sigma**2),
        SCHEDULE,
        noise,
        energy=None,
        generator=torch.Generator(),
    )
    angle = sigmas.atan()
    turned = angle[0].sin() * angle.diff().cos().prod() * angle[-1].cos() * noise
    torch.testing.assert_close(last.x0, turned)


def test_the_gradient_passes_through_the_denoiser() -> None:
    """A denoiser that sees no y has no shift along y, whatever the energy says there."""

    def denoise(x: Tensor, sigma: float) -> Tensor:
        return x * torch.tensor([1.0, 0.0, 0.5]).double() / (1 + sigma**2)

    x, sigma = normal(4, 2, JOINTS, 3), 0.7
    guide = guide_through(denoise, lambda x0: (x0.sum(-1) - 1).square().sum(-1) / 2, x, sigma)
    slope = (guide.x0.sum(-1, keepdim=True) - 1).expand_as(x)
    by_x = slope * torch.tensor([1.0, 0.0, 0.5]).double() / (1 + sigma**2)
    torch.testing.assert_close(guide.shift, sigma**2 * by_x)
    assert guide.x0.requires_grad is False


def test_of_a_gaussian_the_guide_is_the_posterior_mean() -> None:
    """One coordinate of N(0, 1), seen with an error s: D − shift / (1 + κ r²) is exact."""
    error, goal, sigma = 0.2, 1.3, 0.9
    x = normal(6, 1, JOINTS, 3)
    guide = guide_through(
        lambda x, sigma: x / (1 + sigma**2),
        lambda x0: ((x0[..., 1, 0] - goal) / error).square() / 2,
        x,
        sigma,
    )
    expected = x / (1 + sigma**2)
    precision = 1 + sigma**-2
    seen = (x[..., 1, 0] / sigma**2 + goal / error**2) / (precision + error**-2)
    expected[..., 1, 0] = seen
    torch.testing.assert_close(guide.moved(), expected, rtol=0, atol=1e-6)


def test_particles_of_single_frames_are_chosen_frame_by_frame() -> None:
    """What a frame shows changes that frame alone; of a clip it changes all."""

    def stressed(first: float) -> Function:
        share = torch.tensor([first, 1.0, 1.0]).double()
        return lambda x0: share * seen_from_the_front(x0)

    for motion in (False, True):
        one, other = (
            run(tds(calls=6), stressed(first), 40, frames=3, motion=motion)[-1].x0
            for first in (0.5, 1.0)
        )
        assert torch.equal(one[:, 1:], other[:, 1:]) is not motion
        assert not torch.equal(one[:, 0], other[:, 0])


def test_without_evidence_all_particles_are_worth_the_same_and_stay() -> None:
    levels = run(tds(), lambda x0: 0 * x0.sum((-1, -2)), 50)
    free = run(tds(), None, 50)
    assert [level.effective_samples for level in levels] == [pytest.approx(50)] * len(levels)
    # Both start from the same noise; the random numbers of resampling come between.
    torch.testing.assert_close(levels[0].x0, free[0].x0)
    x = levels[-1].x0.flatten(1)
    apart = torch.cdist(x, x) + 9 * torch.eye(50).double()
    assert apart.min() > 0.01


def test_systematic_resampling_takes_each_as_often_as_its_weight_says() -> None:
    weight = normal(200, 3, seed=5)
    chosen = systematic(weight, torch.Generator().manual_seed(0))
    expected = 200 * weight.softmax(0)
    for frame in range(3):
        count = torch.bincount(chosen[:, frame], minlength=200)
        assert ((count - expected[:, frame]).abs() < 1).all()


@pytest.mark.parametrize("alone", [1, 3, 10])
def test_the_effective_number_of_equal_weights_is_their_number(alone: int) -> None:
    weight = torch.full((10, 1), -math.inf).double()
    weight[:alone] = 2.5
    torch.testing.assert_close(effective_number(weight), torch.tensor([alone]).double())


@pytest.mark.parametrize(
    ("config", "fields", "message"),
    [
        (LevelsConfig, {"calls": 0}, "at least 1"),
        (LevelsConfig, {"sigma_max": 0.01}, "above sigma_min"),
        (DPSConfig, {"step": 0.0}, "above 0"),
        (DAPSConfig, {"step": 2.0}, "below 2"),
        (DAPSConfig, {"trajectories": 0}, "at least 1"),
        (DiffPIRConfig, {"fresh": 1.5}, "from 0 to 1"),
        (TDSConfig, {"resample_below": -0.1}, "from 0 to 1"),
    ],
)
def test_impossible_options_are_refused(config: type, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**fields)
