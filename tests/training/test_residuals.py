"""The residual covariance against closed forms: for Gaussian people the best denoiser is linear."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from platypose.api import UserError
from platypose.checkpoint import read_header
from platypose.checkpoint.prior import load_prior
from platypose.checkpoint.residual import cosine_transform
from platypose.cli.app import build_app
from platypose.config import unstructure, write_yaml
from platypose.skeleton import H36M_17
from platypose.training import TrainConfig
from platypose.training.residuals import averaged_over_symmetries, measure_residuals

SIZE = 48
SCALE = 0.3


def _covariance(seed: int = 0) -> Tensor:
    """A correlated covariance of 16 joints, (48, 48), with unit mean variance."""
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn((SIZE, SIZE), generator=generator, dtype=torch.float64)
    root = root * torch.linspace(0.2, 2.0, SIZE, dtype=torch.float64)
    covariance = root @ root.mT + 0.02 * root.square().sum() / SIZE * torch.eye(SIZE).double()
    return covariance * SIZE / covariance.trace()


class GaussianPeople:
    """Clips whose cosine coefficients are independent, coefficient k with power[k] · covariance."""

    def __init__(self, covariance: Tensor, power: Tensor) -> None:
        self.covariance, self.power = covariance, power
        self.factor = torch.linalg.cholesky(covariance)
        self.generator = torch.Generator().manual_seed(1)

    def draw(self, batch: int, frames: int) -> Tensor:
        normal = torch.randn((batch, frames, SIZE), generator=self.generator, dtype=torch.float64)
        coefficients = (normal @ self.factor.mT) * self.power[:frames, None].sqrt()
        return SCALE * _with_root(_cosines(frames).mT @ coefficients)

    def __call__(self, x: Tensor, sigma: Tensor, mask: Tensor | None = None) -> Tensor:
        """The Wiener filter: each coefficient times Σ (Σ + σ²)⁻¹."""
        frames = x.shape[1]
        coefficients = _cosines(frames) @ x[:, :, 1:].flatten(2)
        parts = []
        for k in range(frames):
            gain = self.power[k] * self.covariance
            gain = gain @ torch.linalg.inv(gain + sigma[0] ** 2 * torch.eye(SIZE).double())
            parts.append(coefficients[:, k] @ gain.mT)
        return _with_root(_cosines(frames).mT @ torch.stack(parts, 1))

    def parameters(self, recurse: bool = True) -> object: ...

    def state_dict(self) -> object: ...

    def load_state_dict(self, state_dict: object, strict: bool = True) -> object: ...


def _cosines(frames: int) -> Tensor:
    return cosine_transform(frames, dtype=torch.float64)


def _with_root(coordinates: Tensor) -> Tensor:
    joints = coordinates.reshape(*coordinates.shape[:2], 16, 3)
    return torch.cat([torch.zeros_like(joints[:, :, :1]), joints], 2)


def _expected(covariance: Tensor, sigma: float) -> Tensor:
    """Σ σ² (Σ + σ²)⁻¹."""
    noisy = covariance + sigma**2 * torch.eye(SIZE).double()
    expected: Tensor = covariance @ torch.linalg.inv(noisy) * sigma**2
    return expected


def _distance(measured: Tensor, truth: Tensor) -> float:
    """Of the measured from the true covariance, in standard deviations along every direction."""
    whitening = torch.linalg.inv(torch.linalg.cholesky(truth))
    ratio = torch.linalg.eigvalsh(whitening @ measured.double() @ whitening.mT)
    return float((ratio.sqrt() - 1).abs().max())


@pytest.mark.parametrize("level", [0, 1, 2])
def test_of_gaussian_poses_the_closed_form_is_found(level: int) -> None:
    people = GaussianPeople(_covariance(), torch.ones(1).double())
    sigmas = (0.1, 1.0, 10.0)
    residual = measure_residuals(
        people,  # type: ignore[arg-type]
        people.draw,
        SCALE,
        skeleton=H36M_17,
        longest=1,
        generator=torch.Generator().manual_seed(0),
        sigmas=sigmas,
        frames_per_level=30_000,
        symmetric=False,
    )
    truth = _expected(people.covariance, sigmas[level])
    assert residual.lengths == (1,)
    assert _distance(residual.at(sigmas[level], 1)[0], truth) < 0.06
    # Frames of a prior of single frames are independent.
    torch.testing.assert_close(residual.at(sigmas[level], 5)[4], residual.at(sigmas[level], 1)[0])


def test_of_stationary_motion_each_cosine_coefficient_has_its_own_covariance() -> None:
    """An autoregressive motion: its spectrum falls with the frequency."""
    frames, memory = 16, 0.8
    angle = torch.pi * torch.arange(frames).double() / frames
    power = (1 - memory**2) / (1 + memory**2 - 2 * memory * angle.cos())
    people = GaussianPeople(_covariance(), power)
    residual = measure_residuals(
        people,  # type: ignore[arg-type]
        people.draw,
        SCALE,
        skeleton=H36M_17,
        longest=frames,
        generator=torch.Generator().manual_seed(0),
        sigmas=(0.5,),
        frames_per_level=frames * 5000,
        symmetric=False,
    )
    assert residual.lengths == (1, 4, 16)
    measured = residual.at(0.5, frames)
    for k in (0, 1, 4, 9, 15):
        truth = _expected(power[k] * people.covariance, 0.5)
        assert _distance(measured[k], truth) < 0.15, k
    for k in (6, 8, 10, 13):  # between the coefficients that are kept
        truth = _expected(power[k] * people.covariance, 0.5)
        assert float(measured[k].trace() / truth.trace()) == pytest.approx(1, abs=0.06), k


def test_few_clips_are_shrunk_and_stay_usable() -> None:
    """With fewer clips than coordinates the second moment itself has no inverse."""
    people = GaussianPeople(_covariance(), torch.ones(1).double())
    residual = measure_residuals(
        people,  # type: ignore[arg-type]
        people.draw,
        SCALE,
        skeleton=H36M_17,
        longest=1,
        generator=torch.Generator().manual_seed(0),
        sigmas=(1.0,),
        frames_per_level=30,
        symmetric=False,
    )
    measured, truth = residual.at(1.0, 1)[0].double(), _expected(people.covariance, 1.0)
    assert _divergence(truth, measured) < _divergence(truth, measured.diagonal().diag())


def _divergence(truth: Tensor, other: Tensor) -> float:
    """Kullback and Leibler's, of two Gaussians with mean 0, nats."""
    ratio = torch.linalg.solve(other, truth)
    return float(ratio.trace() - SIZE - ratio.logdet()) / 2


def test_the_symmetric_covariance_is_the_mean_over_turns_and_mirrors() -> None:
    covariance = _covariance(3)
    mirror = torch.zeros(SIZE, SIZE).double()
    for joint, other in enumerate(H36M_17.mirror[1:]):
        for axis, sign in enumerate((-1.0, 1.0, 1.0)):
            mirror[3 * joint + axis, 3 * (other - 1) + axis] = sign
    mean = torch.zeros_like(covariance)
    for step in range(8):  # second moments have turns up to order 2 in them: 8 angles suffice
        angle = torch.tensor(2 * torch.pi * step / 8).double()
        c, s = angle.cos(), angle.sin()
        turn = torch.stack([c, -s, 0 * c, s, c, 0 * c, 0 * c, 0 * c, 0 * c + 1]).view(3, 3)
        turn = torch.kron(torch.eye(16).double(), turn)
        for change in (turn, turn @ mirror):
            mean += change @ covariance @ change.mT / 16
    torch.testing.assert_close(averaged_over_symmetries(covariance[None], H36M_17)[0], mean)


def test_the_command_adds_it_to_a_checkpoint(
    config: TrainConfig, tiny_prior: Path, tmp_path: Path
) -> None:
    write_yaml(unstructure(config), tmp_path / "config.yaml")
    for name in ("a", "b"):
        done = CliRunner().invoke(
            build_app(),
            [
                *("measure-residuals", str(tiny_prior), "--config", str(tmp_path / "config.yaml")),
                *("--out", str(tmp_path / name), "--frames", "500"),
            ],
        )
        assert done.exit_code == 0, done.output
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    header = attrs.evolve(read_header(tiny_prior), residual_frames=(1,))
    assert read_header(tmp_path / "a") == header
    before, after = (
        load_prior(path, torch.device("cpu"), torch.float32)
        for path in (tiny_prior, tmp_path / "a")
    )
    for name, weight in before.denoiser.state_dict().items():
        assert torch.equal(after.denoiser.state_dict()[name], weight)
    assert before.residual is None and after.residual is not None
    assert after.residual.at(0.3, 1).shape == (1, 48, 48)


def test_the_command_wants_frames(config: TrainConfig, tiny_prior: Path, tmp_path: Path) -> None:
    write_yaml(unstructure(config), tmp_path / "config.yaml")
    command = ["measure-residuals", str(tiny_prior), "--config", str(tmp_path / "config.yaml")]
    done = CliRunner().invoke(build_app(), [*command, "--out", "a", "--frames", "0"])
    assert isinstance(done.exception, UserError)
    assert "--frames 0 must be" in str(done.exception)
