"""The schedule suite accepts a right schedule, and each of its checks refuses a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import pytest
import torch
from torch import Tensor

from platypose.api import BuildContext, Config, Schedule, UserError, field
from platypose.testing import ScheduleContract
from platypose.testing.noise_levels import NoiseLevels, geometric


@attrs.frozen(kw_only=True)
class Parameters(Config):
    steps: int = field(40, doc="Number of noise levels.")


@attrs.frozen(kw_only=True)
class Undocumented(Config):
    steps: int = 40


def doubled(value: int) -> int:
    return 2 * value


@attrs.frozen(kw_only=True)
class Doubling(Config):
    steps: int = attrs.field(
        default=20, converter=doubled, metadata={"doc": "Number of noise levels."}
    )


def right(config: Any, context: BuildContext) -> Schedule:
    return geometric(config.steps)


def altered(name: str, change: Callable[[Any, Tensor], Tensor]) -> Any:
    """A factory of the right schedule with one property changed, also after respacing."""

    class Altered(NoiseLevels):
        def respace(self, steps: str | Sequence[int]) -> Schedule:
            return Altered(NoiseLevels.respace(self, steps).alpha_bar)

    original = getattr(NoiseLevels, name)
    setattr(Altered, name, property(lambda self: change(self, original.fget(self))))
    return lambda config, context: Altered(geometric(config.steps).alpha_bar)


def respaced(change: Callable[[NoiseLevels, Any], Tensor]) -> Any:
    """A factory of the right schedule that respaces otherwise: (schedule, steps) → ᾱ."""

    class Altered(NoiseLevels):
        def respace(self, steps: str | Sequence[int]) -> Schedule:
            return Altered(change(self, steps))

    return lambda config, context: Altered(geometric(config.steps).alpha_bar)


def rising(config: Any, context: BuildContext) -> Schedule:
    return NoiseLevels(geometric(config.steps).alpha_bar.flip(0))


def ends_at_zero(config: Any, context: BuildContext) -> Schedule:
    alpha_bar = geometric(config.steps).alpha_bar.clone()
    alpha_bar[-1] = 0
    return NoiseLevels(alpha_bar)


def random(config: Any, context: BuildContext) -> Schedule:
    return geometric(config.steps, highest=20 + float(torch.rand((), generator=context.generator)))


def without_check(schedule: NoiseLevels, steps: Any) -> Tensor:
    try:
        return NoiseLevels.respace(schedule, steps).alpha_bar
    except UserError:
        return schedule.alpha_bar


def recomputed(schedule: NoiseLevels, steps: Any) -> Tensor:
    """New levels over the same range, instead of those of the schedule."""
    return geometric(len(NoiseLevels.respace(schedule, steps).alpha_bar)).alpha_bar


def strided(schedule: NoiseLevels, steps: Any) -> Tensor:
    """Stops short of the last level."""
    right = NoiseLevels.respace(schedule, steps).alpha_bar
    if not isinstance(steps, str):
        return right
    return schedule.alpha_bar[:: len(schedule.alpha_bar) // len(right)][: len(right)]


WRONG: dict[str, tuple[Any, set[str]]] = {
    "float32": (
        altered("sigma", lambda s, sigma: sigma.float()),
        {"test_all_properties_are_float64_of_one_length", "test_sigma_is_noise_over_signal"},
    ),
    "a β fewer": (
        altered("posterior_variance", lambda s, v: v[1:]),
        {"test_all_properties_are_float64_of_one_length", "test_posterior_keeps_the_noise"},
    ),
    "rising": (
        rising,
        {"test_alpha_bar_falls_between_1_and_0", "test_ddim_levels_run_from_the_first_to_the_last"},
    ),
    "σ of the variance-preserving form": (
        altered("sigma", lambda s, sigma: (1 - s.alpha_bar).sqrt()),
        {"test_sigma_is_noise_over_signal"},
    ),
    "β one level late": (
        altered("beta", lambda s, beta: beta.roll(1)),
        {
            "test_beta_is_what_a_step_loses",
            "test_posterior_mean_keeps_the_signal",
            "test_posterior_keeps_the_noise",
            "test_posterior_is_that_of_the_forward_steps",
        },
    ),
    "posterior mean with ᾱ_t for ᾱ_{t−1}": (
        altered("posterior_x0", lambda s, a: s.alpha_bar.sqrt() * s.beta / (1 - s.alpha_bar)),
        {"test_posterior_mean_keeps_the_signal"},
    ),
    "posterior variance β": (
        altered("posterior_variance", lambda s, v: s.beta),
        {"test_posterior_keeps_the_noise"},
    ),
    "deterministic posterior": (
        altered("posterior_xt", lambda s, b: ((1 - s._before) / (1 - s.alpha_bar)).sqrt()),
        {
            "test_posterior_mean_keeps_the_signal",
            "test_posterior_keeps_the_noise",
            "test_posterior_is_that_of_the_forward_steps",
        },
    ),
    "respaced by new levels": (
        respaced(recomputed),
        {
            "test_respacing_keeps_alpha_bar",
            "test_ddim_levels_run_from_the_first_to_the_last",
        },
    ),
    "stops short of the last level": (
        respaced(strided),
        {"test_ddim_levels_run_from_the_first_to_the_last"},
    ),
    "takes any levels": (
        respaced(without_check),
        {"test_levels_that_do_not_exist_are_refused"},
    ),
    "random": (
        random,
        {"test_same_configuration_gives_the_same_levels"},
    ),
    "ends at zero": (
        ends_at_zero,
        {
            "test_alpha_bar_falls_between_1_and_0",
            "test_all_properties_are_float64_of_one_length",
            "test_sigma_is_noise_over_signal",
        },
    ),
}
WRONG_CONFIGURATIONS: dict[type[Config], set[str]] = {
    Doubling: {"test_configuration_survives_a_round_trip"},
    Undocumented: {"test_every_option_is_documented"},
}


def test_a_right_schedule_passes(failing: Callable[..., set[str]]) -> None:
    assert failing(ScheduleContract, right, Parameters) == set()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_schedule_fails_where_it_is_wrong(
    name: str, failing: Callable[..., set[str]]
) -> None:
    factory, expected = WRONG[name]
    assert failing(ScheduleContract, factory, Parameters) == expected


@pytest.mark.parametrize("config", WRONG_CONFIGURATIONS, ids=lambda config: config.__name__)
def test_a_wrong_configuration_fails(
    config: type[Config], failing: Callable[..., set[str]]
) -> None:
    assert failing(ScheduleContract, right, config) == WRONG_CONFIGURATIONS[config]


def test_every_check_has_a_wrong_schedule(checks: Callable[[type[Any]], set[str]]) -> None:
    refused = set().union(*(expected for _, expected in WRONG.values()))
    assert refused.union(*WRONG_CONFIGURATIONS.values()) == checks(ScheduleContract)
