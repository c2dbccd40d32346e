"""The contract of noise schedules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from platypose.api import Kind, Schedule, UserError
from platypose.api.kinds.schedule import KIND
from platypose.testing.comparison import assert_finite, assert_same
from platypose.testing.component import ComponentContract

_PROPERTIES = ("alpha_bar", "beta", "sigma", "posterior_x0", "posterior_xt", "posterior_variance")


class ScheduleContract(ComponentContract[Schedule]):
    """Subclass it and give `name`, with `options` for at least 12 levels."""

    kind: ClassVar[Kind[Schedule]] = KIND

    def each(self) -> list[Schedule]:
        """The schedule, and two made of fewer of its levels."""
        schedule = self.build()
        return [schedule, schedule.respace("ddim5"), schedule.respace([0, 3, 4, 9])]

    def test_all_properties_are_float64_of_one_length(self) -> None:
        """A number for each level, in double precision."""
        for schedule in self.each():
            for name in _PROPERTIES:
                values = getattr(schedule, name)
                assert values.dtype == torch.float64, f"{name} is {values.dtype}, not float64"
                assert values.shape == (len(schedule.alpha_bar),), f"{name} is {values.shape}"
                assert_finite(values, f"{name} is finite")

    def test_alpha_bar_falls_between_1_and_0(self) -> None:
        """From almost clean to almost pure noise, strictly."""
        alpha_bar = self.build().alpha_bar
        assert bool(((alpha_bar > 0) & (alpha_bar < 1)).all()), "ᾱ lies between 0 and 1"
        assert bool((alpha_bar.diff() < 0).all()), "ᾱ falls from level to level"

    def test_sigma_is_noise_over_signal(self) -> None:
        """σ² ᾱ = 1 − ᾱ."""
        for schedule in self.each():
            product = schedule.sigma.square() * schedule.alpha_bar
            assert_same(product, 1 - schedule.alpha_bar, "σ² = (1 − ᾱ) / ᾱ")

    def test_beta_is_what_a_step_loses(self) -> None:
        """ᾱ_t = Π (1 − β_s) over s ≤ t."""
        for schedule in self.each():
            product = (1 - schedule.beta).cumprod(0)
            assert_same(product, schedule.alpha_bar, "ᾱ is the product of 1 − β")

    def test_posterior_mean_keeps_the_signal(self) -> None:
        """E[x_{t−1} | x0] = √ᾱ_{t−1} x0, hence a_t + b_t √ᾱ_t = √ᾱ_{t−1}."""
        for schedule in self.each():
            signal = schedule.posterior_x0 + schedule.posterior_xt * schedule.alpha_bar.sqrt()
            assert_same(signal, _before(schedule).sqrt(), "a + b √ᾱ_t = √ᾱ_{t−1}")

    def test_posterior_keeps_the_noise(self) -> None:
        """Var[x_{t−1} | x0] = 1 − ᾱ_{t−1}, hence b_t² (1 − ᾱ_t) + v_t = 1 − ᾱ_{t−1}."""
        for schedule in self.each():
            noise = schedule.posterior_xt.square() * (1 - schedule.alpha_bar)
            noise = noise + schedule.posterior_variance
            assert_same(noise, 1 - _before(schedule), "b² (1 − ᾱ_t) + v = 1 − ᾱ_{t−1}")

    def test_posterior_is_that_of_the_forward_steps(self) -> None:
        """x_{t−1} and x_t have the covariance √(ᾱ_t / ᾱ_{t−1}) (1 − ᾱ_{t−1}) given x0."""
        for schedule in self.each():
            covariance = schedule.posterior_xt * (1 - schedule.alpha_bar)
            before = _before(schedule)
            expected = (schedule.alpha_bar / before).sqrt() * (1 - before)
            assert_same(covariance, expected, "b (1 − ᾱ_t) = √(ᾱ_t / ᾱ_{t−1}) (1 − ᾱ_{t−1})")

    def test_respacing_keeps_alpha_bar(self) -> None:
        """The levels named, and no others, exactly."""
        schedule = self.build()
        kept = [0, 3, 4, 9]
        found = schedule.respace(kept).alpha_bar
        assert_same(found, schedule.alpha_bar[kept], "respacing keeps ᾱ", tolerance=0.0)

    def test_ddim_levels_run_from_the_first_to_the_last(self) -> None:
        """N of the schedule's own levels, falling."""
        alpha_bar = self.build().alpha_bar
        for count in (2, 5, len(alpha_bar)):
            found = self.build().respace(f"ddim{count}").alpha_bar
            assert len(found) == count, f"ddim{count} has {len(found)} levels"
            assert bool(torch.isin(found, alpha_bar).all()), f"ddim{count} invents levels"
            assert bool((found.diff() < 0).all()), f"ddim{count} does not fall"
            ends = (float(found[0]), float(found[-1]))
            assert ends == (float(alpha_bar[0]), float(alpha_bar[-1])), f"ddim{count} drops an end"

    def test_levels_that_do_not_exist_are_refused(self) -> None:
        """With an error that a user can read."""
        schedule = self.build()
        total = len(schedule.alpha_bar)
        wrong: list[str | Sequence[int]] = ["every other", f"ddim{total + 1}"]
        wrong += [[0, total], [-1, 2], [3, 3], [4, 3], []]
        for steps in wrong:
            try:
                schedule.respace(steps)
            except UserError:
                continue
            raise AssertionError(f"respace({steps!r}) must raise UserError")

    def test_same_configuration_gives_the_same_levels(self) -> None:
        """Whatever generator it is built with."""
        first, second = self.build(), self.build(self.context(seed=1))
        assert_same(first.alpha_bar, second.alpha_bar, "ᾱ is not random", tolerance=0.0)


def _before(schedule: Schedule) -> Tensor:
    """ᾱ_{t−1}, with ᾱ_{−1} = 1."""
    return torch.cat([schedule.alpha_bar.new_ones(1), schedule.alpha_bar[:-1]])
