"""The examples that check samplers: a prior of known posteriors, and ranks of truths."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from platypose import Platypose

EXAMPLES = Path(__file__).parents[2] / "examples"


def _example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


sbc = _example("simulation_based_calibration")


@pytest.fixture(scope="module")
def bending(tmp_path_factory: pytest.TempPathFactory) -> Path:
    exact = _example("exact_prior")
    path: Path = tmp_path_factory.mktemp("prior") / "bending.safetensors"
    exact.write(path, exact.bending_both_ways(exact.SCALE))
    return path


def ranks(spread: float, draws: int = 4_000) -> sbc.Ranks:  # type: ignore[name-defined]
    """Of truths that are so many times as far out as hypotheses from a standard normal."""
    generator = torch.Generator().manual_seed(0)
    truth = spread * torch.randn(draws, 2, 3, generator=generator)
    hypotheses = torch.randn(99, draws, 2, 3, generator=generator)
    found = (hypotheses < truth).sum(0)
    return sbc.Ranks(joints=("a", "b"), hypotheses=99, ranks=found)


def test_ranks_of_draws_like_the_truth_are_uniform() -> None:
    found = ranks(1.0)
    spread, error = found.spread()
    lean, shift = found.lean()
    assert found.histogram(10).sum(-1).eq(4_000).all()
    assert ((spread - 1).abs() < 4 * error).all() and (error < 0.03).all()
    assert (lean.abs() < 4 * shift).all() and (shift < 0.01).all()
    assert found.uniformity(10)[1].min() > 0.001


@pytest.mark.parametrize(("spread", "sign"), [(1.3, 1), (0.7, -1)])
def test_hypotheses_too_sure_or_too_unsure_show_in_the_spread(spread: float, sign: int) -> None:
    found = ranks(spread)
    off, error = found.spread()
    assert (sign * (off - 1) > 5 * error).all()
    assert found.uniformity(10)[1].max() < 1e-3


def test_of_a_known_prior_ranks_are_taken_and_written(
    bending: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["--draws", "2", "--hypotheses", "9", "--root", "known", "unknown"]
    command += ["--sampler", "posterior:calls=2", "--prior-sampler", "posterior:calls=4"]
    paths = ["--prior", str(bending), "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["simulation_based_calibration", *command, *paths])
    sbc.main()
    results = json.loads((tmp_path / "ranks.json").read_text(encoding="utf-8"))["results"]
    assert set(results) == {"root known", "root unknown"}
    for found in results.values():
        assert len(found["joints"]) == 16 * 3
        assert all(sum(row["histogram"]) == 2 for row in found["joints"])
    assert (tmp_path / "ranks.png").stat().st_size > 1_000


def test_depth_is_along_the_line_of_sight(bending: Path) -> None:
    """Moving a joint towards the camera moves its depth alone."""
    pose = Platypose.from_pretrained(bending, device="cpu")
    person = torch.tensor(pose.prior.skeleton.standing)
    ((joints, evidence),) = sbc.scenes(pose, person[None], 1e-6, 0)
    axes = sbc.sight_axes(pose.energy(evidence, "reprojection", root="known"))
    camera = evidence.cameras[0]
    centre = torch.from_numpy(-camera.rotation.T @ camera.translation)
    nearer = joints.double() + 0.1 * torch.nn.functional.normalize(centre - joints, dim=-1)
    change = torch.einsum("jac,jc->ja", axes, nearer - joints.double())
    expected = torch.tensor([-0.1, 0.0, 0.0]).double().expand_as(change)
    torch.testing.assert_close(change, expected, atol=2e-4, rtol=0)
