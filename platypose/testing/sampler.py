"""The contract of samplers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor

from platypose.api import Kind, Level, Problem, RootPrior, Sampler, Schedule
from platypose.api.kinds.sampler import KIND
from platypose.lifting.problem import LiftingProblem
from platypose.testing.comparison import assert_finite, assert_like, assert_same
from platypose.testing.component import ComponentContract
from platypose.testing.gaussian import GaussianPrior
from platypose.testing.noise_levels import geometric

_SHAPE = (3, 4, 17, 3)
_WIDTH = 0.5


def quadratic(joints: Tensor) -> Tensor:
    """−log N(x0; 1, 0.5²) up to a constant, per hypothesis and frame."""
    return ((joints - 1) / _WIDTH).square().sum((-1, -2)) / 2


class SamplerContract(ComponentContract[Sampler]):
    """Subclass it and give `name`.

    The prior is a standard normal, whose denoiser is known: D(x, σ) = x / (1 + σ²). The energy is
    quadratic, so that the posterior is normal too.

    Attributes:
        weighs: whether it weighs hypotheses against one another, which ties them together.
    """

    kind: ClassVar[Kind[Sampler]] = KIND
    weighs: ClassVar[bool] = False

    def schedule(self) -> Schedule:
        """The noise levels that the sampler may use: 30, of σ from 0.01 to 50."""
        return geometric(30)

    def noise(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Standard normal, (H, F, J, 3)."""
        generator = torch.Generator().manual_seed(3)
        noise = torch.randn(_SHAPE, generator=generator, dtype=torch.float64)
        return noise.to(self.device, dtype)

    def sample(
        self,
        noise: Tensor | None = None,
        *,
        energy: Callable[[Tensor], Tensor] | None = quadratic,
        initial: Tensor | None = None,
        denoise: Callable[[Tensor, float], Tensor] | None = None,
        problem: Problem | None = None,
    ) -> Iterator[Level]:
        """Sample with everything else as it is in all tests."""
        noise = self.noise() if noise is None else noise
        context = self.context(dtype=noise.dtype)
        return self.build(context)(
            denoise or _denoise,
            self.schedule(),
            noise,
            energy=energy,
            generator=context.generator,
            initial=initial,
            problem=problem,
        )

    def problem(self, noise: Tensor) -> Problem:
        """Poses with joint 0 at 0, of a standard normal otherwise; the root is anywhere."""
        prior = standing_still(noise.shape[2])
        mean = torch.zeros_like(noise[0, :, 0])
        return LiftingProblem(
            energies=((1.0, quadratic),),
            scale=1.0,
            solve=None,
            root=RootPrior(mean=mean, deviation=2.0),
            residual=prior.residual(self.schedule().sigma.tolist()),
            motion=False,
        )

    def test_yields_a_level_for_each_noise_level(self) -> None:
        """Counted from 1 to the total, with falling σ."""
        for energy in (None, quadratic):
            levels = list(self.sample(energy=energy))
            assert levels, "a sampler yields at least one level"
            found = [(level.index, level.total) for level in levels]
            wanted = [(index, len(levels)) for index in range(1, len(levels) + 1)]
            assert found == wanted, f"(index, total) run {found} instead of {wanted}"
            sigma = [level.sigma for level in levels]
            assert sorted(sigma, reverse=True) == sigma, f"σ must fall from level to level: {sigma}"
            assert all(value >= 0 for value in sigma), f"σ must not be negative: {sigma}"

    def test_clean_poses_are_like_the_noise(self) -> None:
        """With its shape, dtype and device, finite, and free of any graph, at every level."""
        for dtype in (torch.float32, torch.float64):
            noise = self.noise(dtype)
            for level in self.sample(noise):
                assert_like(level.x0, noise.shape, noise, f"x0 is like the noise in {dtype}")
                assert_finite(level.x0, "x0 is finite")
                assert not level.x0.requires_grad, "x0 holds on to no graph"

    def test_one_hypothesis_of_one_frame_will_do(self) -> None:
        """Also without an energy."""
        noise = self.noise()[:1, :1]
        for energy in (None, quadratic):
            *_, last = self.sample(noise, energy=energy)
            assert_like(last.x0, noise.shape, noise, "one hypothesis of one frame will do")

    def test_counts_the_calls_of_the_denoiser(self) -> None:
        """`Level.calls` is how often it was called so far, each time for all hypotheses."""
        calls = 0

        def counted(x: Tensor, sigma: float) -> Tensor:
            nonlocal calls
            calls += 1
            assert x.shape == _SHAPE, f"the denoiser is called with {tuple(x.shape)}"
            return _denoise(x, sigma)

        for level in self.sample(denoise=counted):
            assert level.calls == calls, f"calls is {level.calls} after {calls} calls"
        assert calls, "a sampler calls the denoiser"

    def test_reports_the_energy_of_its_poses(self) -> None:
        """`Level.energy` is that of `Level.x0`, or None where there is none."""
        for level in self.sample():
            assert level.energy is not None, "a guided sampler reports the energy"
            assert_same(level.energy, quadratic(level.x0), "the energy is that of x0")
        for level in self.sample(energy=None):
            assert level.energy is None, "without an energy, Level.energy is None"

    def test_samples_the_prior_without_an_energy(self) -> None:
        """Mean 0 and standard deviation 1, roughly: the limits are ±0.3 and a factor of 1.5."""
        *_, last = self.sample(energy=None)
        x0 = last.x0.detach()
        mean, deviation = float(x0.mean()), float(x0.std())
        assert abs(mean) < 0.3, f"the mean of samples of N(0, 1) is {mean:.2f}"
        assert 1 / 1.5 < deviation < 1.5, f"the deviation of samples of N(0, 1) is {deviation:.2f}"

    def test_guidance_lowers_the_energy(self) -> None:
        """Of every hypothesis, compared with the prior's samples."""
        *_, guided = self.sample()
        *_, free = self.sample(energy=None)
        lower = quadratic(guided.x0).mean(1) < quadratic(free.x0).mean(1)
        assert bool(lower.all()), "guidance lowers the energy of every hypothesis"

    def test_hypotheses_are_not_coupled(self) -> None:
        """Other noise for one hypothesis changes that one alone, guided or not.

        A sampler that weighs hypotheses is asked for this without an energy.
        """
        other = self.noise()
        other[0] = 3 * other[0] - 1
        for energy in (None,) if self.weighs else (None, quadratic):
            for before, after in zip(self.sample(energy=energy), self.sample(other, energy=energy)):
                claim = "a hypothesis is the same whatever the others are"
                assert_same(after.x0[1:], before.x0[1:], claim)

    def test_effective_samples_are_from_one_to_all(self) -> None:
        """They are told by a sampler that weighs hypotheses, while an energy does, and no other."""
        for energy in (None, quadratic):
            for level in self.sample(energy=energy):
                number, told = level.effective_samples, self.weighs and energy is not None
                if not told:
                    assert number is None, f"{number} effective samples without weights"
                else:
                    assert number is not None, "a sampler that weighs tells its effective samples"
                    claim = f"{number} effective samples of {_SHAPE[0]}"
                    assert 1 - 1e-9 <= number <= _SHAPE[0] + 1e-9, claim

    def test_same_seed_gives_the_same_samples(self) -> None:
        """Whatever PyTorch's global generator is at."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            *_, first = self.sample()
            torch.manual_seed(2)
            *_, second = self.sample()
        assert_same(second.x0, first.x0, "the same seed gives the same samples", tolerance=0.0)

    def test_starts_from_the_initial_poses(self) -> None:
        """They make a difference, and zeros are the default."""
        *_, default = self.sample()
        *_, zero = self.sample(initial=torch.zeros_like(self.noise()))
        assert_same(zero.x0, default.x0, "the zero pose is the default start", tolerance=0.0)
        first = next(iter(self.sample(energy=None)))
        moved = next(iter(self.sample(energy=None, initial=torch.full_like(self.noise(), 1e4))))
        shift = float((moved.x0 - first.x0).detach().mean())
        assert shift > 1, f"initial poses of 10000 shift the first level by {shift:.3g} only"

    def test_serves_poses_with_a_root(self) -> None:
        """Given the problem: root joint at 0, and roots, if any, for each pose; guided or not."""
        for dtype in (torch.float32, torch.float64):
            noise = self.noise(dtype)
            for energy in (None, quadratic):
                levels = self.sample(
                    noise,
                    energy=energy,
                    denoise=standing_still(noise.shape[2]),
                    problem=self.problem(noise),
                )
                for level in levels:
                    claim = f"with a problem, x0 is like the noise in {dtype}"
                    assert_like(level.x0, noise.shape, noise, claim)
                    assert_finite(level.x0, "with a problem, x0 is finite")
                    if level.root is not None:
                        claim = f"roots are (H, F, 3) in {dtype}"
                        assert_like(level.root, (*noise.shape[:2], 3), noise, claim)
                        assert_finite(level.root, "roots are finite")

    def test_leaves_tensors_as_they_are(self) -> None:
        """The noise that it was given, and the levels that it has yielded."""
        noise = self.noise()
        levels, copies = [], []
        for level in self.sample(noise):
            levels.append(level)
            copies.append(level.x0.clone())
        assert_same(noise, self.noise(), "the noise stays as it is", tolerance=0.0)
        for level, copy in zip(levels, copies):
            assert_same(level.x0, copy, "a level stays as it was yielded", tolerance=0.0)


def standing_still(joints: int) -> GaussianPrior:
    """Single frames of a standard normal, joint 0 at 0; also its denoiser."""
    size = 3 * (joints - 1)
    covariance = torch.eye(size, dtype=torch.float64)[None]
    return GaussianPrior(mean=torch.zeros(size, dtype=torch.float64), covariance=covariance)


def _denoise(x: Tensor, sigma: float) -> Tensor:
    """The posterior mean of a standard normal prior."""
    return x / (1 + sigma**2)
