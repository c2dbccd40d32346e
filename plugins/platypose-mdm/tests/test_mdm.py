"""What the transformer computes."""

from __future__ import annotations

import math

import pytest
import torch
from platypose_mdm.config import MDMConfig
from platypose_mdm.encoder import EncoderLayer
from platypose_mdm.mdm import MDM, diffusion_time
from platypose_mdm.sinusoids import sinusoids
from torch import Tensor, nn

from platypose.api import BuildContext
from platypose.skeleton import H36M_17

SMALL = MDMConfig(layers=2, width=32, heads=4, feed_forward=48)


def context(*, seed: int = 0, dtype: torch.dtype = torch.float64) -> BuildContext:
    return BuildContext(
        skeleton=H36M_17,
        device=torch.device("cpu"),
        dtype=dtype,
        generator=torch.Generator().manual_seed(seed),
    )


def clip(batch: int, frames: int) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(batch, frames, 17, 3, dtype=torch.float64, generator=generator)


def levels(*sigma: float) -> Tensor:
    return torch.tensor(sigma, dtype=torch.float64)


def test_the_published_size_has_17_4_million_parameters() -> None:
    model = MDM(MDMConfig(), context(dtype=torch.float32))
    w, f = 512, 1024
    layer = 4 * (w * w + w) + (w * f + f) + (f * w + w) + 2 * 2 * w
    expected = 8 * layer + 2 * (w * w + w) + (51 * w + w) + (w * 51 + 51)
    assert sum(p.numel() for p in model.parameters()) == expected == 17_400_371


def test_a_layer_is_the_post_norm_encoder_layer_of_pytorch() -> None:
    ours = EncoderLayer(width=32, heads=4, feed_forward=48, dropout=0.1).double().eval()
    theirs = nn.TransformerEncoderLayer(
        32, 4, 48, 0.1, activation="gelu", batch_first=True, dtype=torch.float64
    ).eval()
    names = {
        "query_key_value.weight": "self_attn.in_proj_weight",
        "query_key_value.bias": "self_attn.in_proj_bias",
        **{
            f"{mine}.{kind}": f"{other}.{kind}"
            for mine, other in {
                "attention_out": "self_attn.out_proj",
                "attention_norm": "norm1",
                "hidden": "linear1",
                "hidden_out": "linear2",
                "hidden_norm": "norm2",
            }.items()
            for kind in ("weight", "bias")
        },
    }
    theirs.load_state_dict({names[key]: value for key, value in ours.state_dict().items()})
    tokens = torch.randn(3, 7, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    attend = torch.ones(3, 7, dtype=torch.bool)
    attend[1, 4:] = False
    expected = theirs(tokens, src_key_padding_mask=~attend)
    actual = ours(tokens, attend[:, None, None])
    torch.testing.assert_close(actual[attend], expected[attend])


def test_frames_that_do_not_exist_have_exactly_no_influence() -> None:
    model = MDM(SMALL, context()).eval()
    x, sigma = clip(2, 6), levels(0.3, 2.0)
    mask = torch.ones(2, 6, dtype=torch.bool)
    mask[0, 3:] = False
    other = x.clone()
    other[0, 3] = 1e6
    other[0, 4:] = math.nan
    assert torch.equal(model(x, sigma, mask)[mask], model(other, sigma, mask)[mask])


def test_frames_that_do_not_exist_get_no_gradient_and_give_none() -> None:
    model = MDM(SMALL, context()).eval()
    x = clip(1, 4).requires_grad_()
    mask = torch.tensor([[True, True, False, False]])
    (gradient,) = torch.autograd.grad(model(x, levels(0.5), mask)[mask].sum(), x)
    assert gradient[:, 2:].count_nonzero() == 0
    assert gradient[:, :2].count_nonzero() == 2 * 51


def test_a_padded_clip_is_denoised_like_the_clip_alone() -> None:
    model = MDM(SMALL, context()).eval()
    x, sigma = clip(1, 9), levels(0.7)
    mask = (torch.arange(9) < 4)[None]
    torch.testing.assert_close(model(x, sigma, mask)[:, :4], model(x[:, :4], sigma))


@pytest.mark.parametrize("frames", [1, 2, 700])
def test_clips_of_any_length_keep_their_shape(frames: int) -> None:
    model = MDM(SMALL, context()).eval()
    result = model(clip(2, frames), levels(0.1, 10.0))
    assert result.shape == (2, frames, 17, 3)
    assert result.isfinite().all()


def test_the_order_of_frames_matters() -> None:
    model = MDM(SMALL, context()).eval()
    x, sigma = clip(1, 5), levels(0.5)
    assert not torch.allclose(model(x.flip(1), sigma).flip(1), model(x, sigma))


def test_every_frame_sees_every_other() -> None:
    model = MDM(SMALL, context()).eval()
    x, sigma = clip(1, 5), levels(0.5)
    moved = x.clone()
    moved[0, 4, 0, 0] += 1
    assert ((model(moved, sigma) - model(x, sigma)).abs().amax((0, 2, 3)) > 0).all()


@pytest.mark.parametrize("sigma", [0.0, 0.01, 1.0, 100.0])
def test_the_network_sees_unit_variance_at_every_noise_level(sigma: float) -> None:
    model = MDM(SMALL, context()).eval()
    seen: list[Tensor] = []
    model.frame_in.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x0, noise = clip(2, 400).chunk(2)
    model(x0 + sigma * noise, levels(sigma))
    assert seen[0].std().item() == pytest.approx(1, abs=0.02)


def test_the_noise_level_matters_beyond_the_scale_of_the_input() -> None:
    model = MDM(SMALL, context()).eval()
    x, sigma = clip(1, 3), levels(0.1)
    same_scale = x / (1 + sigma**2).sqrt() * math.sqrt(1 + 4)
    assert not torch.allclose(model(x, sigma), model(same_scale, levels(2.0)))


def test_diffusion_time_is_the_time_step_of_the_cosine_schedule_without_offset() -> None:
    step = torch.arange(1000, dtype=torch.float64)
    alpha_bar = torch.cos(math.pi / 2 * step / 1000) ** 2
    sigma = ((1 - alpha_bar) / alpha_bar).sqrt()
    torch.testing.assert_close(diffusion_time(sigma), step, rtol=1e-9, atol=1e-5)


def test_sinusoids_are_those_of_the_transformer() -> None:
    position = torch.tensor([0.0, 1.0, 17.5], dtype=torch.float64)
    result = sinusoids(position, 6)
    for row, p in zip(result.tolist(), position.tolist(), strict=True):
        for i in range(3):
            angle = p / 10_000 ** (2 * i / 6)
            assert row[2 * i] == pytest.approx(math.sin(angle))
            assert row[2 * i + 1] == pytest.approx(math.cos(angle))


def test_dropout_acts_in_training_only() -> None:
    model = MDM(SMALL, context())
    x, sigma = clip(1, 3), levels(0.5)
    assert not torch.equal(model.train()(x, sigma), model(x, sigma))
    assert torch.equal(model.eval()(x, sigma), model(x, sigma))


def test_every_parameter_learns() -> None:
    model = MDM(SMALL, context()).eval()
    model(clip(2, 3), levels(0.2, 3.0)).square().sum().backward()
    idle = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_weights_follow_from_the_generator_alone() -> None:
    state = torch.random.get_rng_state()
    first, second, other = (MDM(SMALL, context(seed=s)).state_dict() for s in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not torch.equal(first["frame_in.weight"], other["frame_in.weight"])


def test_the_state_holds_parameters_only() -> None:
    model = MDM(SMALL, context())
    assert set(model.state_dict()) == {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_poses_keep_the_type_of_the_context(dtype: torch.dtype) -> None:
    model = MDM(SMALL, context(dtype=dtype)).eval()
    assert model(clip(1, 2).to(dtype), levels(0.5).to(dtype)).dtype == dtype
