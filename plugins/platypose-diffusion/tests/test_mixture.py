"""The denoiser `gaussian-mixture` against conditional means of the same mixture, written out."""

from __future__ import annotations

import attrs
import torch
from platypose_diffusion.config import GaussianMixtureConfig
from platypose_diffusion.mixture import GaussianMixture
from torch import Tensor

from platypose.api import BuildContext
from platypose.checkpoint.residual import cosine_transform
from platypose.skeleton import H36M_17, Skeleton
from platypose.testing.mixture import Mixture

FRAMES, MEMORY = 3, 0.7
SKELETON = attrs.evolve(
    H36M_17,
    joints=H36M_17.joints[:4],
    parents=H36M_17.parents[:4],
    standing=H36M_17.standing[:4],
)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def network(skeleton: Skeleton = SKELETON) -> GaussianMixture:
    context = BuildContext(
        skeleton=skeleton,
        device=torch.device("cpu"),
        dtype=torch.float64,
        generator=generator(),
    )
    net = GaussianMixture(GaussianMixtureConfig(components=3, memory=MEMORY), context)
    net.load_state_dict(
        {
            "log_weight": torch.tensor([0.5, 0.0, 1.0]).double(),
            "mean": net.mean,
            "factor": torch.randn(net.factor.shape, generator=generator()).double() / 3,
        }
    )
    return net.requires_grad_(False)


def dense(net: GaussianMixture, frames: int) -> Mixture:
    """Of the F · D numbers of a clip."""
    T = cosine_transform(frames, dtype=torch.float64)
    angle = torch.pi * torch.arange(frames).double() / frames
    power = (1 - MEMORY**2) / (1 + MEMORY**2 - 2 * MEMORY * angle.cos())
    over_time = T.mT @ (power[:, None] * T)
    parts = [torch.kron(over_time, factor @ factor.mT) for factor in net.factor]
    return Mixture(
        weight=net.log_weight.softmax(0),
        mean=net.mean.repeat(1, frames),
        covariance=torch.stack(parts) + 1e-9 * torch.eye(frames * net.mean.shape[1]),
    )


def noisy(mixture: Mixture, sigma: float, count: int) -> tuple[Tensor, Tensor]:
    clean = mixture.draw(count, generator())
    noise = torch.randn(clean.shape, generator=generator().manual_seed(1), dtype=clean.dtype)
    return clean, clean + sigma * noise


def test_it_is_the_conditional_mean() -> None:
    net = network()
    mixture = dense(net, FRAMES)
    for sigma in (0.1, 1.0, 10.0):
        _, x = noisy(mixture, sigma, 4)
        clip = torch.nn.functional.pad(x.reshape(4, FRAMES, 3, 3), (0, 0, 1, 0))
        clip[:, :, 0] = 7.0  # whatever is there
        found = net(clip, torch.full((4,), sigma, dtype=torch.float64))
        every = torch.eye(x.shape[1], dtype=x.dtype)
        expected = [mixture.given(every, seen, sigma).moments()[0] for seen in x]
        torch.testing.assert_close(found[:, :, 1:].flatten(1), torch.stack(expected))
        assert (found[:, :, 0] == 0).all()


def test_its_residual_has_the_covariance_that_goes_with_it() -> None:
    net, sigma = network(), 0.8
    clean, x = noisy(dense(net, FRAMES), sigma, 20_000)
    clip = torch.nn.functional.pad(x.reshape(-1, FRAMES, 3, 3), (0, 0, 1, 0))
    answer = net(clip, torch.full((len(clip),), sigma, dtype=torch.float64))[:, :, 1:]
    error = (clean - answer.flatten(1)).reshape(-1, FRAMES, 9)
    error = torch.einsum("kf,bfd->bkd", cosine_transform(FRAMES).double(), error)
    expected = net.residual([0.5, sigma, 2.0], FRAMES).at(sigma, FRAMES).double()
    found = torch.einsum("bkd,bke->kde", error, error) / len(error)
    assert (found - expected).abs().max() < 0.05 * expected.abs().max()


def test_it_draws_what_it_knows() -> None:
    net = network()
    mean, covariance = dense(net, FRAMES).moments()
    drawn = net.draw(20_000, FRAMES, generator()).flatten(1)
    white = torch.linalg.solve_triangular(
        torch.linalg.cholesky(covariance), (drawn - mean).mT, upper=False
    )
    assert white.mean(1).abs().max() < 5 / 20_000**0.5
    assert (white @ white.mT / 20_000 - torch.eye(len(white))).abs().max() < 0.06


def test_a_mixture_is_updated_by_bayes() -> None:
    """Posterior density times evidence is prior density times likelihood, at any point."""
    mixture = dense(network(), 1)
    rows = torch.randn(4, 9, generator=generator()).double()
    seen, deviation = torch.tensor([0.3, -1.0, 0.5, 2.0]).double(), 0.4
    after = mixture.given(rows, seen, deviation)
    x = mixture.draw(10, generator())
    error = (x @ rows.mT - seen) / deviation
    joint = mixture.log_density(x) - error.square().sum(-1) / 2
    constant = joint - after.log_density(x)
    torch.testing.assert_close(constant, constant[:1].expand_as(constant))
