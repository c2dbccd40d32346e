from __future__ import annotations

import math
from pathlib import Path

import attrs
import pytest
import scipy.fft
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from platypose.api import UserError
from platypose.checkpoint import read_header
from platypose.checkpoint.prior import load_prior, save_prior
from platypose.checkpoint.residual import ResidualCovariance, cosine_transform

CPU = torch.device("cpu")
SIGMAS = torch.tensor([0.1, 1.0, 10.0]).double()
ROWS = [(1, 0), *((8, k) for k in (0, 1, 2, 4, 7))]


def _residual(size: int = 48) -> ResidualCovariance:
    """Of Gaussian motion with a falling spectrum: Σσ²/(Σ + σ²)."""
    generator = torch.Generator().manual_seed(0)
    root = torch.randn((size, size), generator=generator).double() / size**0.5
    base = root @ root.mT + 0.1 * torch.eye(size).double()
    levels = []
    for sigma in SIGMAS.tolist():
        parts = [base * (1.0 if frames == 1 else 4 / (1 + k) ** 2) for frames, k in ROWS]
        noise = sigma**2 * torch.eye(size).double()
        levels.append(torch.stack([c @ torch.linalg.inv(c + noise) @ noise for c in parts]))
    return ResidualCovariance.from_covariance(
        sigma=SIGMAS,
        frames=torch.tensor([frames for frames, _ in ROWS]),
        coefficient=torch.tensor([k for _, k in ROWS]),
        covariance=torch.stack(levels),
    )


RESIDUAL = _residual(6)


@pytest.mark.parametrize("frames", [1, 2, 7, 64])
def test_the_cosine_transform_is_the_orthonormal_dct(frames: int) -> None:
    x = torch.randn(frames, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    transform = cosine_transform(frames, dtype=torch.float64)
    expected = torch.from_numpy(scipy.fft.dct(x.numpy(), norm="ortho"))
    torch.testing.assert_close(transform @ x, expected)
    torch.testing.assert_close(transform.mT @ transform, torch.eye(frames).double())


def test_what_was_measured_comes_back() -> None:
    for level, sigma in enumerate(SIGMAS.tolist()):
        at = RESIDUAL.at(sigma, 8)
        for row, (frames, k) in enumerate(ROWS):
            factor = RESIDUAL.scale[level, row] * RESIDUAL.factor[level, row]
            measured = factor @ factor.mT
            got = RESIDUAL.at(sigma, 1)[0] if frames == 1 else at[k]
            torch.testing.assert_close(got, measured, rtol=1e-4, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(sigma=st.floats(1e-4, 1e3), frames=st.integers(1, 40))
def test_every_interpolated_covariance_is_positive_definite(sigma: float, frames: int) -> None:
    covariance = RESIDUAL.at(sigma, frames)
    assert covariance.shape == (frames, 6, 6)
    assert float(torch.linalg.eigvalsh(covariance.double())[:, 0].min()) > 0
    factor = RESIDUAL.factor_at(sigma, frames)
    torch.testing.assert_close(factor @ factor.mT, covariance)
    assert torch.equal(factor, factor.tril())


@settings(max_examples=60, deadline=None)
@given(
    sigma=st.floats(1e-3, 100.0), factor=st.floats(1.0, 3.0), frames=st.sampled_from([1, 5, 8, 20])
)
def test_more_noise_leaves_no_less_uncertain(sigma: float, factor: float, frames: int) -> None:
    less, more = (RESIDUAL.at(s, frames).diagonal(dim1=1, dim2=2) for s in (sigma, factor * sigma))
    assert bool((more >= 0.99 * less).all())


def test_below_the_lowest_level_the_covariance_falls_with_its_square() -> None:
    torch.testing.assert_close(RESIDUAL.at(0.05, 8), RESIDUAL.at(0.1, 8) / 4)
    torch.testing.assert_close(RESIDUAL.at(40.0, 8), RESIDUAL.at(10.0, 8))


def test_a_clip_between_two_lengths_has_covariances_between_theirs() -> None:
    """√8 is halfway between 1 and 8; its first coefficient is the mean frame of either."""
    low, high = (math.log(RESIDUAL.at(1.0, frames)[0].trace()) for frames in (1, 8))
    middle = math.log(RESIDUAL.at(1.0, 3)[0].trace())
    assert low < middle < high
    assert middle == pytest.approx(low + (high - low) * math.log(3) / math.log(8), abs=0.05)


def test_frequencies_are_those_of_the_clip_that_was_measured() -> None:
    """Coefficient 8 of 16 frames oscillates as coefficient 4 of 8."""
    torch.testing.assert_close(RESIDUAL.at(1.0, 16)[8], RESIDUAL.at(1.0, 8)[4])


@pytest.fixture
def with_residual(tiny_prior: Path, tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_prior(path, load_file(tiny_prior), read_header(tiny_prior), residual=_residual())
    return path


def test_it_is_saved_beside_the_weights(with_residual: Path) -> None:
    assert read_header(with_residual).residual_frames == (1, 8)
    prior = load_prior(with_residual, CPU, torch.float64)
    assert prior.residual is not None and prior.residual.factor.dtype == torch.float64
    for sigma in (0.1, 0.7, 5.0):
        before, after = _residual().at(sigma, 8), prior.residual.at(sigma, 8)
        whitening = torch.linalg.inv(torch.linalg.cholesky(before.double()))
        ratio = torch.linalg.eigvalsh(whitening @ after @ whitening.mT)
        assert float((ratio - 1).abs().max()) < 0.01


def test_a_checkpoint_without_it_has_none(tiny_prior: Path) -> None:
    assert read_header(tiny_prior).residual_frames == ()
    assert load_prior(tiny_prior, CPU, torch.float32).residual is None


def test_factors_of_a_prior_of_64_frames_take_little_room() -> None:
    rows = [(64, k) for k in range(15)] + [(16, k) for k in range(10)] + [(4, 0), (1, 0)]
    rows.sort()
    residual = ResidualCovariance(
        sigma=torch.arange(1.0, 15.0),
        frames=torch.tensor([frames for frames, _ in rows]),
        coefficient=torch.tensor([k for _, k in rows]),
        scale=torch.ones(14, len(rows)),
        factor=torch.eye(48).expand(14, len(rows), 48, 48),
    )
    size = sum(t.numel() * t.element_size() for t in residual.to_tensors().values())
    assert size < 1_000_000


def test_half_precision_neither_under_nor_overflows() -> None:
    """Standard deviations from 1e-6 to 1e3 units come back; the scale is stored apart."""
    deviation = torch.tensor([1e-6, 1.0, 1e3]).double()
    eye = torch.eye(48).double()
    residual = ResidualCovariance.from_covariance(
        sigma=SIGMAS,
        frames=torch.tensor([1]),
        coefficient=torch.tensor([0]),
        covariance=(deviation.square()[:, None, None, None] * eye),
    )
    again = ResidualCovariance.from_tensors(residual.to_tensors(), 48)
    torch.testing.assert_close(again.scale[:, 0].double(), deviation)
    torch.testing.assert_close(again.factor[:, 0], residual.factor[:, 0], rtol=1e-3, atol=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sigma", torch.tensor([1.0, 0.5, 2.0]).double()),
        ("sigma", torch.tensor([0.0, 0.5, 2.0]).double()),
        ("frames", torch.ones(6)),
        ("coefficient", torch.tensor([0, 0, 0, 2, 4, 7])),
        ("coefficient", torch.tensor([0, 0, 1, 2, 4, 8])),
        ("scale", torch.full((3, 6), torch.nan)),
        ("scale", torch.zeros(3, 6)),
        ("factor", torch.zeros(3, 6, 7, dtype=torch.half)),
        ("factor", None),
    ],
)
def test_a_damaged_covariance_is_one_sentence_that_names_the_file(
    name: str, value: Tensor | None, with_residual: Path
) -> None:
    header, tensors = read_header(with_residual), load_file(with_residual)
    tensors.pop(f"residual.{name}")
    if value is not None:
        tensors[f"residual.{name}"] = value
    save_file(tensors, with_residual, metadata=header.to_metadata())
    with pytest.raises(UserError, match=r"model.safetensors is damaged. The residual"):
        load_prior(with_residual, CPU, torch.float32)


def test_what_is_no_covariance_is_refused() -> None:
    def make(covariance: Tensor) -> ResidualCovariance:
        return ResidualCovariance.from_covariance(
            sigma=SIGMAS[:1],
            frames=torch.tensor([1]),
            coefficient=torch.tensor([0]),
            covariance=covariance[None, None],
        )

    with pytest.raises(UserError, match="not positive semi-definite"):
        make(torch.tensor([[1.0, 2.0], [2.0, 1.0]]))
    for wrong in (torch.zeros(2, 2), torch.full((2, 2), torch.nan)):
        with pytest.raises(UserError, match="not finite, or is zero"):
            make(wrong)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_may_be_stored_in_half_precision(
    dtype: torch.dtype, tiny_prior: Path, tmp_path: Path
) -> None:
    weights, header = load_file(tiny_prior), read_header(tiny_prior)
    path = tmp_path / "half.safetensors"
    save_prior(path, weights, header, dtype=dtype)
    assert path.stat().st_size < 0.75 * tiny_prior.stat().st_size
    assert read_header(path) == attrs.evolve(header, weights=str(dtype).removeprefix("torch."))
    loaded = load_prior(path, CPU, torch.float32).denoiser.state_dict()
    for name, weight in weights.items():
        torch.testing.assert_close(loaded[name], weight.to(dtype).float(), rtol=0, atol=0)


def test_a_weight_that_half_precision_cannot_hold_is_refused(
    tiny_prior: Path, tmp_path: Path
) -> None:
    weights = load_file(tiny_prior)
    weights["frame_in.bias"][0] = 1e6
    with pytest.raises(UserError, match=r"'frame_in.bias' is too large for torch.float16"):
        save_prior(tmp_path / "a", weights, read_header(tiny_prior), dtype=torch.float16)


def test_a_denoiser_cannot_use_the_reserved_names(tiny_prior: Path, tmp_path: Path) -> None:
    weights = load_file(tiny_prior) | {"residual.scale": torch.ones(1)}
    with pytest.raises(UserError, match=r"reserved name 'residual\.scale'"):
        save_prior(tmp_path / "a", weights, read_header(tiny_prior), residual=_residual())
