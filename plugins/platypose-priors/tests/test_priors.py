"""Every packaged prior is found, read, small enough, and described."""

from __future__ import annotations

import math
from pathlib import Path

import platypose_priors
import pytest
import torch
from platypose_priors.packaged import PackagedWeights
from platypose_priors.plugin import PRIORS

from platypose.api import UserError
from platypose.api.kinds.weights import KIND
from platypose.checkpoint import Header, read_header
from platypose.checkpoint.prior import load_prior
from platypose.lifting.pretrained import locate
from platypose.registry import plugins

LARGEST = 12_000_000
"""Bytes of a checkpoint."""


@pytest.fixture(params=PRIORS)
def prior(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def checkpoint(prior: str) -> Path:
    return locate(prior)


@pytest.fixture
def header(checkpoint: Path) -> Header:
    return read_header(checkpoint)


@pytest.fixture
def card(checkpoint: Path) -> str:
    return (checkpoint.parent / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_the_name_stands_for_this_package(prior: str) -> None:
    assert plugins().registry(KIND).find(prior).distribution == "platypose-priors"


def test_a_finished_average_of_weights_is_shipped(header: Header) -> None:
    assert header.ema
    assert header.step > 0


def test_a_checkpoint_is_small(checkpoint: Path) -> None:
    assert checkpoint.stat().st_size <= LARGEST


def test_the_residual_covariance_was_measured_and_is_one(checkpoint: Path, header: Header) -> None:
    prior = load_prior(checkpoint, torch.device("cpu"), torch.float32)
    assert prior.residual is not None
    small, large = (prior.residual.at(sigma, header.frames) for sigma in (0.1, 1.0))
    assert small.shape == (header.frames, 48, 48)
    assert (torch.linalg.eigvalsh(small) > 0).all()
    mean = [c.diagonal(dim1=-2, dim2=-1).mean().item() for c in (small, large)]
    assert 0 < mean[0] < 0.1**2 < mean[1] < 1  # it removes noise, and more of less noise


def test_the_denoiser_removes_noise_at_every_level(header: Header) -> None:
    for name, error in header.measures.items():
        sigma = float(name.rpartition(" ")[2])
        assert error < 1000 * header.scale * sigma / math.sqrt(1 + sigma**2)


def test_the_network_and_its_schedule_come_with_this_package(header: Header) -> None:
    made_by = {component.distribution for component in header.components.values()}
    assert made_by == {"platypose-adaptive", "platypose-diffusion"}


def test_the_card_gives_the_credit_of_the_data(card: str, header: Header) -> None:
    assert header.credit
    assert _words(header.credit) in _words(card)


def test_the_card_says_how_to_train_it_again(card: str) -> None:
    assert "platypose data prepare" in card
    assert "platypose train" in card


def test_the_card_gives_the_error_at_each_noise_level(card: str, header: Header) -> None:
    assert header.measures
    absent = [name for name, error in header.measures.items() if f"{error:.1f}" not in card]
    assert not absent


def test_every_folder_of_weights_is_listed() -> None:
    package = Path(platypose_priors.__file__).parent
    assert sorted(path.parent.name for path in package.glob("*/MODEL_CARD.md")) == sorted(PRIORS)


def test_a_lost_checkpoint_is_named_with_its_remedy() -> None:
    with pytest.raises(UserError, match=r"lost/model\.safetensors.*pip install"):
        PackagedWeights("lost").locate()


def _words(text: str) -> str:
    return " ".join(text.replace(">", " ").split())
