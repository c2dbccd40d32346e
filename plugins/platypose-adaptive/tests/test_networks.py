"""What the networks compute."""

from __future__ import annotations

import math

import pytest
import torch
from platypose_adaptive.config import MLPConfig, TransformerConfig
from platypose_adaptive.mlp import MLP
from platypose_adaptive.preconditioned import Preconditioned
from platypose_adaptive.transformer import Transformer
from torch import Tensor

from platypose.api import BuildContext, Denoiser, UserError
from platypose.config import choose
from platypose.skeleton import H36M_17

SMALL = {"blocks": 2, "width": 32, "hidden": 48, "levels": 8}


def context(*, seed: int = 0, dtype: torch.dtype = torch.float64) -> BuildContext:
    return BuildContext(
        skeleton=H36M_17,
        device=torch.device("cpu"),
        dtype=dtype,
        generator=torch.Generator().manual_seed(seed),
    )


def mlp(**options: object) -> MLP:
    return MLP(MLPConfig(**(SMALL | options)), context()).eval()


def transformer(**options: object) -> Transformer:
    return Transformer(TransformerConfig(**(SMALL | {"reach": 3} | options)), context()).eval()


BOTH = pytest.mark.parametrize("make", [mlp, transformer])


def clip(batch: int, frames: int) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(batch, frames, 17, 3, dtype=torch.float64, generator=generator)
    return x - x[:, :, :1]


def levels(*sigma: float) -> Tensor:
    return torch.tensor(sigma, dtype=torch.float64)


@pytest.mark.parametrize(
    ("network", "config", "count"),
    [(MLP, MLPConfig(), 4_654_704), (Transformer, TransformerConfig(), 2_535_264)],
)
def test_the_default_sizes_fit_a_shipped_prior(
    network: type[Preconditioned], config: MLPConfig, count: int
) -> None:
    model = network(config, context(dtype=torch.float32))
    assert sum(p.numel() for p in model.parameters()) == count
    assert 2 * count < 12e6


@BOTH
def test_the_output_is_preconditioned(make: type[Preconditioned]) -> None:
    """A network that says nothing leaves the best linear guess for data of unit variance."""
    model = make()
    torch.nn.init.zeros_(model.pose_out.weight)
    x = clip(3, 4)
    sigma = levels(0.1, 1.0, 20.0)
    expected = x / (1 + sigma**2)[:, None, None, None]
    torch.testing.assert_close(model(x, sigma), expected)


@BOTH
@pytest.mark.parametrize("sigma", [0.01, 1.0, 100.0])
def test_the_network_sees_unit_variance_and_corrects_by_its_share(
    make: type[Preconditioned], sigma: float
) -> None:
    model = make()
    seen: list[Tensor] = []
    model.pose_in.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    generator = torch.Generator().manual_seed(0)
    x0, noise = torch.randn(2, 2, 300, 17, 3, dtype=torch.float64, generator=generator)
    x = x0 + sigma * noise
    torch.nn.init.zeros_(model.pose_out.weight)
    torch.nn.init.ones_(model.pose_out.bias)
    change = model(x, levels(sigma, sigma)) - x / (1 + sigma**2)
    assert seen[0].std().item() == pytest.approx(1, abs=0.02)
    expected = torch.full_like(change[:, :, 1:], sigma / math.sqrt(1 + sigma**2))
    torch.testing.assert_close(change[:, :, 1:], expected)


@BOTH
def test_the_root_stays_the_origin_and_is_not_read(make: type[Preconditioned]) -> None:
    model = make()
    x, sigma = clip(2, 3), levels(0.3, 2.0)
    other = x.clone()
    other[:, :, 0] = 7.0
    assert model(x, sigma)[:, :, 0].count_nonzero() == 0
    torch.testing.assert_close(model(other, sigma), model(x, sigma), rtol=0, atol=0)


@BOTH
def test_frames_that_do_not_exist_have_no_influence(make: type[Preconditioned]) -> None:
    model = make()
    x, sigma = clip(2, 6), levels(0.3, 2.0)
    mask = torch.ones(2, 6, dtype=torch.bool)
    mask[0, 3:] = False
    other = x.clone()
    other[0, 3] = 1e6
    other[0, 4:] = math.nan
    assert torch.equal(model(x, sigma, mask)[mask], model(other, sigma, mask)[mask])
    alone = model(x[:1, :3], sigma[:1])
    torch.testing.assert_close(model(x, sigma, mask)[:1, :3], alone)


def test_the_mlp_looks_at_one_frame_alone() -> None:
    model, x, sigma = mlp(), clip(1, 5), levels(0.5)
    torch.testing.assert_close(model(x, sigma)[:, 3:4], model(x[:, 3:4], sigma))


def test_the_transformer_looks_at_all_frames_and_their_order() -> None:
    model, x, sigma = transformer(), clip(1, 5), levels(0.5)
    torch.nn.init.normal_(model.blocks[0].f.bias, generator=torch.Generator().manual_seed(0))
    moved = x.clone()
    moved[0, 4, 1:] += 1
    assert ((model(moved, sigma) - model(x, sigma)).abs().amax((0, 2, 3)) > 0).all()
    assert not torch.allclose(model(x.flip(1), sigma).flip(1), model(x, sigma))


def test_of_two_frames_the_transformer_knows_how_far_apart_they_are_up_to_its_reach() -> None:
    model, x, sigma = transformer(blocks=1, reach=3), clip(1, 12), levels(0.5)
    torch.nn.init.normal_(model.blocks[0].f.bias, generator=torch.Generator().manual_seed(0))
    clean = model(x, sigma)
    far = list(range(4, 12))
    shuffled = x[:, [0, 1, 2, 3, *reversed(far)]]
    torch.testing.assert_close(model(shuffled, sigma)[:, 0], clean[:, 0])
    near = x[:, [0, 2, 1, *range(3, 12)]]
    assert not torch.allclose(model(near, sigma)[:, 0], clean[:, 0])


@pytest.mark.parametrize("frames", [1, 2, 300])
def test_clips_of_any_length_keep_their_shape(frames: int) -> None:
    result = transformer()(clip(2, frames), levels(0.1, 10.0))
    assert result.shape == (2, frames, 17, 3) and result.isfinite().all()


@BOTH
def test_every_parameter_learns(make: type[Preconditioned]) -> None:
    model = make()
    model(clip(2, 3), levels(0.2, 3.0)).square().sum().backward()
    idle = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@BOTH
def test_the_noise_level_matters_beyond_the_scale_of_the_input(make: type[Preconditioned]) -> None:
    model = make()
    x = clip(1, 3)
    network = [
        (model(x * math.sqrt(1 + s**2), levels(s)) - x / math.sqrt(1 + s**2)) / s
        * math.sqrt(1 + s**2)
        for s in (0.1, 2.0)
    ]  # fmt: skip
    assert not torch.allclose(*network)


@BOTH
def test_weights_follow_from_the_generator_alone(make: type[Preconditioned]) -> None:
    state = torch.random.get_rng_state()
    first, second = make().state_dict(), make().state_dict()
    other = type(make())(
        MLPConfig(**SMALL) if make is mlp else TransformerConfig(**SMALL), context(seed=1)
    )
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not torch.equal(first["pose_in.weight"], other.state_dict()["pose_in.weight"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("network", [MLP, Transformer])
def test_poses_keep_the_type_of_the_context(
    network: type[Preconditioned], dtype: torch.dtype
) -> None:
    config = MLPConfig(**SMALL) if network is MLP else TransformerConfig(**SMALL)
    model = network(config, context(dtype=dtype)).eval()
    assert model(clip(1, 2).to(dtype), levels(0.5).to(dtype)).dtype == dtype


def test_heads_that_do_not_divide_the_width_are_one_sentence() -> None:
    with pytest.raises(UserError, match="heads is 5 but needs a divisor of width 256"):
        choose(Denoiser, "transformer:heads=5")
