"""The sampler suite accepts right samplers, and each of its checks refuses a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Any

import attrs
import pytest
import torch
from torch import Tensor

from platypose.api import BuildContext, Config, Level, Problem, Schedule, field
from platypose.testing import SamplerContract
from platypose.testing.noise_levels import geometric

Energy = Callable[[Tensor], Tensor]


@attrs.frozen(kw_only=True)
class Parameters(Config):
    rate: float = field(0.1, doc="Step length of the descent.")


@attrs.frozen(kw_only=True)
class Undocumented(Config):
    rate: float = 0.1


def doubled(value: float) -> float:
    return 2 * value


@attrs.frozen(kw_only=True)
class Doubling(Config):
    rate: float = attrs.field(default=0.05, converter=doubled, metadata={"doc": "Step length."})


class Sampler:
    """DDPM with a few gradient steps on the energy at every level."""

    def __init__(self, config: Any, context: BuildContext) -> None:
        self.config = config

    def guide(self, energy: Energy, x0: Tensor) -> Tensor:
        for _ in range(5):
            with torch.enable_grad():
                leaf = x0.detach().requires_grad_()
                (slope,) = torch.autograd.grad(energy(leaf).sum(), leaf)
            x0 = x0 - self.config.rate * slope
        return x0

    def renoise(self, x0: Tensor, sigma: float, generator: torch.Generator) -> Tensor:
        return x0 + sigma * torch.randn(x0.shape, generator=generator, dtype=x0.dtype)

    def level(self, level: Level) -> Level:
        return level

    def __call__(
        self,
        denoise: Callable[[Tensor, float], Tensor],
        schedule: Schedule,
        noise: Tensor,
        *,
        energy: Energy | None,
        generator: torch.Generator,
        initial: Tensor | None = None,
        problem: Problem | None = None,
    ) -> Iterator[Level]:
        sigma = schedule.sigma.tolist()
        x = noise * sigma[-1] + (0 if initial is None else initial)
        total = len(sigma)
        for t in reversed(range(total)):
            x0 = denoise(x, sigma[t])
            if energy is not None:
                x0 = self.guide(energy, x0)
            nats = None if energy is None else energy(x0)
            yield self.level(
                Level(
                    x0=x0,
                    sigma=sigma[t],
                    index=total - t,
                    total=total,
                    energy=nats,
                    calls=total - t,
                )
            )
            if t > 0:
                share = (sigma[t - 1] / sigma[t]) ** 2
                deviation = sigma[t - 1] * sqrt(1 - share)
                x = self.renoise(share * x + (1 - share) * x0, deviation, generator)


def altered(**changes: Callable[[Level], Any]) -> type[Sampler]:
    """The right sampler with some of what it reports changed."""

    class Altered(Sampler):
        def level(self, level: Level) -> Level:
            return attrs.evolve(level, **{name: f(level) for name, f in changes.items()})

    return Altered


class NoLevels(Sampler):
    def __call__(self, *arguments: Any, **options: Any) -> Iterator[Level]:
        return iter(list(super().__call__(*arguments, **options))[:0])


class AllAtOnce(Sampler):
    """Yields when everything is done."""

    def __call__(self, *arguments: Any, **options: Any) -> Iterator[Level]:
        return iter(list(super().__call__(*arguments, **options)))


class OneByOne(Sampler):
    """Calls the denoiser for each hypothesis by itself."""

    def __call__(self, denoise: Any, *arguments: Any, **options: Any) -> Iterator[Level]:
        def each(x: Tensor, sigma: float) -> Tensor:
            return torch.cat([denoise(x[h : h + 1], sigma) for h in range(len(x))])

        return super().__call__(each, *arguments, **options)


class AlwaysFloat64(Sampler):
    def __call__(self, denoise: Any, schedule: Any, noise: Tensor, **options: Any) -> Any:
        return super().__call__(denoise, schedule, noise.double(), **options)


class NeedsTwo(Sampler):
    """Standardises over the hypotheses' deviation, which one alone does not have."""

    def renoise(self, x0: Tensor, sigma: float, generator: torch.Generator) -> Tensor:
        if x0.shape[:2] == (1, 1):
            raise ValueError
        return super().renoise(x0, sigma, generator)


class ForgetsTheLevel(Sampler):
    """Stays near the zero pose."""

    def __call__(self, denoise: Any, *arguments: Any, **options: Any) -> Iterator[Level]:
        return super().__call__(lambda x, sigma: 0.5 * denoise(x, sigma), *arguments, **options)


class Climbs(Sampler):
    def guide(self, energy: Energy, x0: Tensor) -> Tensor:
        return 2 * x0 - super().guide(energy, x0)


class Shared(Sampler):
    """Moves all hypotheses by their mean gradient."""

    def guide(self, energy: Energy, x0: Tensor) -> Tensor:
        return x0 + (super().guide(energy, x0) - x0).mean(0)


class GlobalRandomness(Sampler):
    def renoise(self, x0: Tensor, sigma: float, generator: torch.Generator) -> Tensor:
        return x0 + sigma * torch.randn_like(x0)


class IgnoresInitial(Sampler):
    def __call__(self, *arguments: Any, initial: Any = None, **options: Any) -> Iterator[Level]:
        return super().__call__(*arguments, **options)


class StartsFromOnes(Sampler):
    """Has another default than the zero pose."""

    def __call__(
        self, denoise: Any, schedule: Any, noise: Tensor, *, initial: Any = None, **options: Any
    ) -> Iterator[Level]:
        initial = torch.ones_like(noise) if initial is None else initial
        return super().__call__(denoise, schedule, noise, initial=initial, **options)


class OneRootForAll(Sampler):
    def __call__(self, *arguments: Any, problem: Any = None, **options: Any) -> Iterator[Level]:
        for level in super().__call__(*arguments, **options):
            yield level if problem is None else attrs.evolve(level, root=level.x0[0, :, 0])


class SpoilsTheNoise(Sampler):
    def __call__(self, denoise: Any, schedule: Any, noise: Tensor, **options: Any) -> Any:
        yield from super().__call__(denoise, schedule, noise.clone(), **options)
        noise.zero_()


class SpoilsItsLevels(Sampler):
    """Reuses the memory of the last level's poses."""

    def __call__(self, *arguments: Any, **options: Any) -> Iterator[Level]:
        for level in super().__call__(*arguments, **options):
            yield level
            level.x0.add_(1e-9)


WRONG: dict[str, tuple[type[Sampler], set[str]]] = {
    "yields nothing": (
        NoLevels,
        {
            "test_yields_a_level_for_each_noise_level",
            "test_one_hypothesis_of_one_frame_will_do",
            "test_samples_the_prior_without_an_energy",
            "test_guidance_lowers_the_energy",
            "test_same_seed_gives_the_same_samples",
            "test_starts_from_the_initial_poses",
        },
    ),
    "counts from 0": (
        altered(index=lambda level: level.index - 1),
        {"test_yields_a_level_for_each_noise_level"},
    ),
    "changes the total": (
        altered(total=lambda level: level.index),
        {"test_yields_a_level_for_each_noise_level"},
    ),
    "σ rises": (
        altered(sigma=lambda level: 1 / level.sigma),
        {"test_yields_a_level_for_each_noise_level"},
    ),
    "always float64": (
        AlwaysFloat64,
        {"test_clean_poses_are_like_the_noise", "test_serves_poses_with_a_root"},
    ),
    "keeps a graph": (
        altered(x0=lambda level: level.x0.clone().requires_grad_()),
        {"test_clean_poses_are_like_the_noise"},
    ),
    "needs two hypotheses": (NeedsTwo, {"test_one_hypothesis_of_one_frame_will_do"}),
    "counts calls from 0": (
        altered(calls=lambda level: level.calls - 1),
        {"test_counts_the_calls_of_the_denoiser"},
    ),
    "yields when all is done": (AllAtOnce, {"test_counts_the_calls_of_the_denoiser"}),
    "one call for each hypothesis": (OneByOne, {"test_counts_the_calls_of_the_denoiser"}),
    "reports the energy of other poses": (
        altered(energy=lambda level: None if level.energy is None else level.energy + 1e-3),
        {"test_reports_the_energy_of_its_poses"},
    ),
    "reports an energy that it was not given": (
        altered(energy=lambda level: torch.zeros(3, 4) if level.energy is None else level.energy),
        {"test_reports_the_energy_of_its_poses"},
    ),
    "stays near the zero pose": (ForgetsTheLevel, {"test_samples_the_prior_without_an_energy"}),
    "climbs the energy": (Climbs, {"test_guidance_lowers_the_energy"}),
    "ignores the energy": (
        type("Ignores", (Sampler,), {"guide": lambda self, energy, x0: x0}),
        {"test_guidance_lowers_the_energy"},
    ),
    "moves all hypotheses together": (Shared, {"test_hypotheses_are_not_coupled"}),
    "draws from the global generator": (
        GlobalRandomness,
        {
            "test_same_seed_gives_the_same_samples",
            "test_hypotheses_are_not_coupled",
            "test_starts_from_the_initial_poses",
        },
    ),
    "has more effective samples than samples": (
        altered(effective_samples=lambda level: 4.0),
        {"test_effective_samples_are_from_one_to_all"},
    ),
    "ignores the initial poses": (IgnoresInitial, {"test_starts_from_the_initial_poses"}),
    "starts from another pose": (StartsFromOnes, {"test_starts_from_the_initial_poses"}),
    "draws one root for all": (OneRootForAll, {"test_serves_poses_with_a_root"}),
    "spoils the noise": (SpoilsTheNoise, {"test_leaves_tensors_as_they_are"}),
    "spoils its levels": (SpoilsItsLevels, {"test_leaves_tensors_as_they_are"}),
}
WRONG_CONFIGURATIONS: dict[type[Config], set[str]] = {
    Doubling: {"test_configuration_survives_a_round_trip"},
    Undocumented: {"test_every_option_is_documented"},
}


def few_levels(suite: SamplerContract) -> Schedule:
    return geometric(12)


def test_a_right_sampler_passes(failing: Callable[..., set[str]]) -> None:
    assert failing(SamplerContract, Sampler, Parameters, schedule=few_levels) == set()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_sampler_fails_where_it_is_wrong(
    name: str, failing: Callable[..., set[str]]
) -> None:
    factory, expected = WRONG[name]
    assert failing(SamplerContract, factory, Parameters, schedule=few_levels) == expected


@pytest.mark.parametrize("config", WRONG_CONFIGURATIONS, ids=lambda config: config.__name__)
def test_a_wrong_configuration_fails(
    config: type[Config], failing: Callable[..., set[str]]
) -> None:
    assert (
        failing(SamplerContract, Sampler, config, schedule=few_levels)
        == WRONG_CONFIGURATIONS[config]
    )


def test_every_check_has_a_wrong_sampler(checks: Callable[[type[Any]], set[str]]) -> None:
    refused = set().union(*(expected for _, expected in WRONG.values()))
    assert refused.union(*WRONG_CONFIGURATIONS.values()) == checks(SamplerContract)
