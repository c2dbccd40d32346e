"""Noise levels follow their laws; weights are the formulas of the papers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from platypose.training import Optimisation
from platypose.training.noise import draw_noise_levels, loss_weights

SCHEDULE = torch.tensor([0.1, 0.5, 2.0, 30.0])
COUNT = 20_000


def drawn(**options: Any) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return draw_noise_levels(Optimisation(**options), SCHEDULE, COUNT, generator)


def test_the_schedule_s_levels_come_equally_often() -> None:
    sigma = drawn()
    shares = [(sigma == level).double().mean().item() for level in SCHEDULE]
    assert shares == pytest.approx([0.25] * 4, abs=0.01)


def test_log_uniform_levels_fill_their_range_evenly() -> None:
    sigma = drawn(noise="log-uniform", noise_low=0.02, noise_high=50.0)
    place = (sigma.log() - math.log(0.02)) / math.log(50 / 0.02)
    assert place.min() >= 0 and place.max() <= 1
    quantiles = torch.quantile(place, torch.tensor([0.1, 0.5, 0.9])).tolist()
    assert quantiles == pytest.approx([0.1, 0.5, 0.9], abs=0.01)


def test_log_normal_levels_have_their_median_and_spread_and_keep_to_the_range() -> None:
    sigma = drawn(noise="log-normal", noise_median=0.4, noise_spread=0.8)
    assert sigma.median().item() == pytest.approx(0.4, rel=0.03)
    assert sigma.log().std().item() == pytest.approx(0.8, rel=0.02)
    narrow = drawn(noise="log-normal", noise_low=0.3, noise_high=0.5)
    assert narrow.min().item() == pytest.approx(0.3) and narrow.max().item() == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1.0, 1.0, 1.0]),
        ({"weighting": "edm"}, [101.0, 2.0, 1.25]),
        ({"weighting": "min-snr"}, [5.0, 1.0, 0.25]),
        ({"weighting": "min-snr", "min_snr_gamma": 0.5}, [0.5, 0.5, 0.25]),
    ],
)
def test_errors_count_as_the_papers_say(options: dict[str, Any], expected: list[float]) -> None:
    weights = loss_weights(Optimisation(**options), torch.tensor([0.1, 1.0, 2.0]))
    assert weights.tolist() == pytest.approx(expected)


def test_under_edm_weights_the_best_linear_estimate_costs_the_same_at_every_level() -> None:
    """Of unit data, the best linear estimate errs by σ² / (1 + σ²)."""
    sigma = torch.tensor([0.05, 0.4, 1.0, 7.0])
    error = sigma**2 / (1 + sigma**2)
    weighted = loss_weights(Optimisation(weighting="edm"), sigma) * error
    assert weighted.tolist() == pytest.approx([1.0] * 4)


def test_a_range_has_its_ends_in_order() -> None:
    with pytest.raises(ValueError, match=r"noise_low is 3.0 but needs at most noise_high, 2.0"):
        Optimisation(noise_low=3.0, noise_high=2.0)
