"""The contract of denoisers."""

from __future__ import annotations

from typing import ClassVar

import safetensors.torch
import torch
from torch import Tensor, nn

from platypose.api import Denoiser, Kind
from platypose.api.kinds.denoiser import KIND
from platypose.testing.comparison import (
    assert_finite,
    assert_gradient,
    assert_like,
    assert_same,
)
from platypose.testing.component import ComponentContract

_SIGMAS = (0.02, 0.7, 20.0)
_FRAMES = 6


class DenoiserContract(ComponentContract[Denoiser]):
    """Subclass it and give `name`, with `options` that make the network small."""

    kind: ClassVar[Kind[Denoiser]] = KIND

    def network(self, *, seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Module:
        """The denoiser in evaluation mode."""
        network = self.build(self.context(seed=seed, dtype=dtype))
        assert isinstance(network, nn.Module), "a denoiser is a torch.nn.Module"
        return network.eval()

    def clips(
        self, frames: int = _FRAMES, dtype: torch.dtype = torch.float64
    ) -> tuple[Tensor, Tensor]:
        """A noisy clip at each of three noise levels: (B, F, J, 3) and (B)."""
        generator = torch.Generator().manual_seed(5)
        sigma = torch.tensor(_SIGMAS, dtype=torch.float64)
        joints = len(self.context().skeleton.joints)
        x = torch.randn(len(sigma), frames, joints, 3, dtype=torch.float64, generator=generator)
        x = x * (1 + sigma.square()).sqrt()[:, None, None, None]
        return x.to(self.device, dtype), sigma.to(self.device, dtype)

    def test_gives_clips_like_those_it_takes(self) -> None:
        """With their shape, dtype and device, for any number of frames."""
        for dtype in (torch.float32, torch.float64):
            network = self.network(dtype=dtype)
            for frames in (1, 2, 13):
                x, sigma = self.clips(frames, dtype)
                claim = f"{frames} frames in {dtype} become as many"
                assert_like(network(x, sigma), x.shape, x, claim)

    def test_is_finite_at_any_noise_level(self) -> None:
        """Also for clips at rest or far out, at σ from 0.001 to 1000."""
        network = self.network()
        x, _ = self.clips()
        for level in (1e-3, 1.0, 1e3):
            sigma = torch.full((len(x),), level, dtype=x.dtype, device=x.device)
            for factor in (0.0, 1.0, 1e4):
                claim = f"the result is finite at σ = {level:g} and {factor:g} times the clip"
                assert_finite(network(factor * x, sigma), claim)

    def test_gradient_agrees_with_finite_differences(self) -> None:
        """Autograd gives the derivative by the clip, in float64."""
        network = self.network()
        x, sigma = self.clips()
        claim = "autograd gives the derivative by the clip"
        assert_gradient(lambda clip: network(clip, sigma), x, claim)

    def test_every_parameter_is_trained(self) -> None:
        """The gradient by the parameters is finite, and is not left out for any of them."""
        network = self.network().requires_grad_()
        network(*self.clips()).square().sum().backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, f"the parameter {name} has no influence"
            assert_finite(parameter.grad, f"the gradient by {name} is finite")

    def test_clips_of_a_batch_are_not_coupled(self) -> None:
        """A clip is denoised as it is alone, at its own noise level."""
        network = self.network()
        x, sigma = self.clips()
        whole = network(x, sigma)
        for b in range(len(x)):
            alone = network(x[b : b + 1], sigma[b : b + 1])
            assert_same(whole[b : b + 1], alone, "a clip is denoised as it is alone")

    def test_frames_outside_the_mask_have_no_influence(self) -> None:
        """A clip that was padded is denoised as without its padding, whatever the padding holds."""
        network = self.network()
        x, sigma = self.clips()
        existing = x[:, :-2]
        expected = network(existing, sigma)
        mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        assert_same(network(x, sigma, mask), network(x, sigma), "a full mask is as good as none")
        mask[:, -2:] = False
        for padding in (0.0, 1e3):
            padded = torch.cat([existing, torch.full_like(x[:, -2:], padding)], 1)
            found = network(padded, sigma, mask)[:, :-2]
            assert_same(found, expected, "frames outside the mask have no influence")

    def test_same_seed_gives_the_same_network(self) -> None:
        """Weights and result, whatever PyTorch's global generator is at."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            first = self.network()(*self.clips())
            torch.manual_seed(2)
            network = self.network()
            claim = "the same seed gives the same weights"
            assert_same(network(*self.clips()), first, claim)
            claim = "in evaluation mode, a second call gives the same"
            assert_same(network(*self.clips()), first, claim)

    def test_state_survives_a_round_trip(self) -> None:
        """Saved as safetensors and loaded into a network of another seed, it gives the same."""
        network, other = self.network(seed=0), self.network(seed=1)
        saved = safetensors.torch.save(dict(network.state_dict()))
        other.load_state_dict(safetensors.torch.load(saved))
        claim = "the state is all that makes the result"
        assert_same(other(*self.clips()), network(*self.clips()), claim)

    def test_leaves_the_clip_as_it_is(self) -> None:
        """The sampler goes on with it."""
        x, sigma = self.clips()
        self.network()(x, sigma)
        assert_same(x, self.clips()[0], "a denoiser leaves the clip as it is", tolerance=0.0)
