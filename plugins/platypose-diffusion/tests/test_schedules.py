"""ᾱ, β, σ and the posterior coefficients against independent closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from platypose_diffusion.config import CosineConfig, KarrasConfig, LinearConfig
from platypose_diffusion.noise_levels import NoiseLevels
from platypose_diffusion.schedules import cosine, karras, linear

from platypose.api import BuildContext, UserError
from platypose.skeleton import H36M_17

CONTEXT = BuildContext(
    skeleton=H36M_17,
    device=torch.device("cpu"),
    dtype=torch.float32,
    generator=torch.Generator(),
)
SCHEDULES = {
    "cosine": cosine(CosineConfig(), CONTEXT),
    "linear": linear(LinearConfig(), CONTEXT),
    "linear of 30": linear(LinearConfig(steps=30), CONTEXT),
    "karras": karras(KarrasConfig(), CONTEXT),
    "cosine respaced": cosine(CosineConfig(), CONTEXT).respace("ddim20"),
}
every_schedule = pytest.mark.parametrize("levels", SCHEDULES.values(), ids=SCHEDULES.keys())


def array(tensor: torch.Tensor) -> NDArray[np.float64]:
    return np.asarray(tensor.numpy(), dtype=np.float64)


def test_cosine_alpha_bar_is_the_ratio_of_squared_cosines() -> None:
    def f(t: int) -> float:
        return math.cos((t / 50 + 0.008) / 1.008 * math.pi / 2) ** 2

    alpha_bar = SCHEDULES["cosine"].alpha_bar
    expected = [f(t + 1) / f(0) for t in range(49)]
    np.testing.assert_allclose(array(alpha_bar)[:-1], expected, rtol=1e-12)


def test_cosine_beta_is_clipped_at_the_last_level_alone() -> None:
    beta = array(SCHEDULES["cosine"].beta)
    assert beta[-1] == pytest.approx(0.999)
    assert (beta[:-1] < 0.999).all()


def test_linear_beta_runs_from_1e_4_to_0_02_at_a_thousand_steps() -> None:
    beta = array(SCHEDULES["linear"].beta)
    expected = 1e-4 + np.arange(1000) / 999 * (0.02 - 1e-4)
    np.testing.assert_allclose(beta, expected, rtol=1e-10)


def test_linear_beta_of_fewer_steps_destroys_as_much_in_all() -> None:
    assert array(SCHEDULES["linear of 30"].beta)[-1] == pytest.approx(0.02 * 1000 / 30)
    few, many = (
        linear(LinearConfig(steps=steps), CONTEXT).beta.sum().item() for steps in (200, 1000)
    )
    assert few == pytest.approx(many)


def test_karras_sigma_is_that_of_equation_5() -> None:
    config = KarrasConfig(steps=12, sigma_min=0.002, sigma_max=80.0, rho=7.0)
    published = [
        (80 ** (1 / 7) + i / 11 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7 for i in range(12)
    ]
    np.testing.assert_allclose(array(karras(config, CONTEXT).sigma), published[::-1], rtol=1e-9)


@every_schedule
def test_alpha_bar_is_the_product_of_one_minus_beta(levels: NoiseLevels) -> None:
    np.testing.assert_allclose(
        np.cumprod(1 - array(levels.beta)), array(levels.alpha_bar), rtol=1e-9
    )


@every_schedule
def test_sigma_is_noise_over_signal_and_rises(levels: NoiseLevels) -> None:
    sigma, alpha_bar = array(levels.sigma), array(levels.alpha_bar)
    np.testing.assert_allclose(1 / (1 + sigma**2), alpha_bar, rtol=1e-12)
    assert (np.diff(sigma) > 0).all()


@every_schedule
def test_the_posterior_conditions_the_joint_gaussian_of_the_chain(levels: NoiseLevels) -> None:
    """q(x_{t−1} | x_t, x0) from the covariance of (x_{t−1}, x_t), built by one forward step."""
    alpha_bar, beta = array(levels.alpha_bar), array(levels.beta)
    for t in range(1, len(beta), max(1, len(beta) // 100)):
        previous = np.array([[math.sqrt(alpha_bar[t - 1])], [1.0]])
        step = np.array([[1.0, 0.0], [math.sqrt(1 - beta[t]), math.sqrt(beta[t])]])
        mean = step @ np.array([previous[0, 0], 0.0])  # of (x_{t−1}, x_t), per unit of x0
        cov = step @ np.diag([1 - alpha_bar[t - 1], 1.0]) @ step.T
        gain = cov[0, 1] / cov[1, 1]
        np.testing.assert_allclose(
            [
                levels.posterior_x0[t].item(),
                levels.posterior_xt[t].item(),
                levels.posterior_variance[t].item(),
            ],
            [mean[0] - gain * mean[1], gain, np.linalg.det(cov) / cov[1, 1]],
            rtol=1e-6,
        )


@every_schedule
def test_the_posterior_of_the_first_level_is_the_clean_pose(levels: NoiseLevels) -> None:
    coefficients = levels.posterior_x0, levels.posterior_xt, levels.posterior_variance
    assert [c[0].item() for c in coefficients] == pytest.approx([1, 0, 0])


@every_schedule
def test_levels_are_float64(levels: NoiseLevels) -> None:
    assert {t.dtype for t in (levels.alpha_bar, levels.beta, levels.sigma)} == {torch.float64}


def test_ddim20_of_50_levels_keeps_the_published_ones() -> None:
    levels = SCHEDULES["cosine"]
    kept = [0, 2, 5, 7, 10, 12, 15, 18, 20, 23, 25, 28, 30, 33, 36, 38, 41, 43, 46, 49]
    assert torch.equal(levels.respace("ddim20").alpha_bar, levels.alpha_bar[kept])


@pytest.mark.parametrize("count", [2, 7, 25, 49, 50])
def test_ddim_n_truncates_even_spacing(count: int) -> None:
    kept = [int(index) for index in np.linspace(0, 49, count)]
    levels = SCHEDULES["cosine"]
    assert torch.equal(levels.respace(f"ddim{count}").alpha_bar, levels.alpha_bar[kept])


def test_respacing_takes_indices() -> None:
    levels = SCHEDULES["karras"].respace((3, 4, 40))
    assert torch.equal(levels.sigma, SCHEDULES["karras"].sigma[[3, 4, 40]])


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("ddim51", '"ddim51".*has 50 noise levels.*from 2 to 50'),
        ("ddim1", "from 2 to 50"),
        ("ddim", '"ddim" are unknown.*"ddimN"'),
        ("20", '"20" are unknown'),
        ([], "ascending indices from 0 to 49"),
        ([1, 1], "ascending"),
        ([4, 2], "ascending"),
        ([-1, 2], "ascending"),
        ([0, 50], "from 0 to 49"),
    ],
)
def test_levels_that_are_not_there_are_refused(steps: str | list[int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SCHEDULES["cosine"].respace(steps)


@pytest.mark.parametrize(
    ("config", "fields", "message"),
    [
        (CosineConfig, {"steps": 0}, "at least 1"),
        (CosineConfig, {"offset": -0.1}, "at least 0"),
        (LinearConfig, {"steps": 20}, "above 20"),
        (KarrasConfig, {"steps": 1}, "at least 2"),
        (KarrasConfig, {"sigma_min": 0.0}, "above 0"),
        (KarrasConfig, {"sigma_min": 3.0, "sigma_max": 2.0}, "sigma_max is 2.0 but needs"),
        (KarrasConfig, {"rho": float("nan")}, "above 0"),
    ],
)
def test_impossible_schedules_are_refused(
    config: type, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        config(**fields)
