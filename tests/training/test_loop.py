from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import torch
from safetensors.torch import load_file

from platypose import Platypose
from platypose.api import UserError
from platypose.checkpoint import read_header
from platypose.training import TrainConfig
from platypose.training.loop import Progress, learning_rate, train


@pytest.fixture(autouse=True)
def _frequent_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platypose.training.loop.LOG_EVERY", 5)


def _steps(config: TrainConfig, **changes: object) -> TrainConfig:
    return attrs.evolve(config, train=attrs.evolve(config.train, **changes))


def _run(
    config: TrainConfig, folder: Path, *, until: int | None = None, resume: bool = False
) -> list[Progress]:
    folder.mkdir(exist_ok=True)
    reports = []
    run = train(config, folder, resume=resume)
    for report in run:
        reports.append(report)
        if report.step == until:
            run.close()
            break
    return reports


def _lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_an_interrupted_and_resumed_run_ends_with_the_same_weights_bit_for_bit(
    config: TrainConfig, tmp_path: Path
) -> None:
    _run(config, tmp_path / "whole")
    _run(config, tmp_path / "halves", until=10)
    assert read_header(tmp_path / "halves" / "model.safetensors").step == 10
    torch.manual_seed(999)  # another process has another state
    _run(config, tmp_path / "halves", resume=True)
    for name in ("model.safetensors", "state.safetensors"):
        whole, halves = (load_file(tmp_path / run / name) for run in ("whole", "halves"))
        assert whole.keys() == halves.keys()
        for key, tensor in whole.items():
            assert torch.equal(tensor, halves[key]), key
    keep = ("step", "loss", "learning_rate")
    whole_lines, half_lines = (
        [{key: line[key] for key in keep} for line in _lines(tmp_path / run)]
        for run in ("whole", "halves")
    )
    assert whole_lines == half_lines


def test_the_same_seed_trains_the_same_weights_and_another_others(
    config: TrainConfig, tmp_path: Path
) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        _run(attrs.evolve(_steps(config, steps=5), seed=seed), tmp_path / name)
    a, b, c = (load_file(tmp_path / name / "model.safetensors") for name in "abc")
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert not torch.allclose(a["frame_in.weight"], c["frame_in.weight"])


def test_a_run_reports_logs_and_describes_itself(config: TrainConfig, tmp_path: Path) -> None:
    reports = _run(config, tmp_path / "run")
    assert [(r.step, r.saved) for r in reports] == [
        *((step, False) for step in (5, 10, 15, 20)),
        (20, True),
    ]
    assert {r.steps for r in reports} == {20}
    assert [line["step"] for line in _lines(tmp_path / "run")] == [5, 10, 15, 20]
    assert all(
        line["loss"] > 0 and line["steps_per_second"] > 0 for line in _lines(tmp_path / "run")
    )
    header = read_header(tmp_path / "run" / "model.safetensors")
    assert (header.step, header.seed, header.frames, header.ema) == (20, 3, 3, True)
    assert header.credit == "Nobody was recorded." and header.licence == "MIT"
    assert header.data == ("made up; split 'train'",)
    assert len(header.measures) == 7 and all(0 < v < 2000 for v in header.measures.values())
    sample = list(Platypose.from_pretrained(tmp_path / "run", device="cpu").sample(2, 3))[-1]
    assert torch.isfinite(sample.sample).all()


def test_training_lowers_the_loss(config: TrainConfig, tmp_path: Path) -> None:
    reports = _run(_steps(config, steps=150, frames=1, batch=64), tmp_path / "run")
    losses = [report.loss for report in reports if not report.saved]
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])


def test_the_checkpoint_holds_the_average_of_the_weights(
    config: TrainConfig, tmp_path: Path
) -> None:
    _run(config, tmp_path / "run")
    state = load_file(tmp_path / "run" / "state.safetensors")
    model = load_file(tmp_path / "run" / "model.safetensors")
    for name, tensor in model.items():
        assert torch.equal(tensor, state[f"average.{name}"])
    assert not torch.equal(state["average.frame_in.weight"], state["network.frame_in.weight"])


def test_a_finished_run_goes_on_as_if_it_had_not_finished(
    config: TrainConfig, tmp_path: Path
) -> None:
    constant = _steps(config, steps=5, warm_up=1000)  # a rate that does not depend on the end
    _run(constant, tmp_path / "run")
    _run(_steps(constant, steps=10), tmp_path / "run", resume=True)
    _run(_steps(constant, steps=10), tmp_path / "whole")
    whole, parts = (load_file(tmp_path / run / "model.safetensors") for run in ("whole", "run"))
    assert all(torch.equal(whole[key], parts[key]) for key in whole)


def test_checkpoints_come_by_time(config: TrainConfig, tmp_path: Path) -> None:
    reports = _run(_steps(config, steps=3, checkpoint_minutes=1e-9), tmp_path / "run")
    assert [report.step for report in reports if report.saved] == [1, 2, 3, 3]


def test_lines_that_the_checkpoint_does_not_know_are_dropped(
    config: TrainConfig, tmp_path: Path
) -> None:
    _run(config, tmp_path / "run", until=10)
    metrics = tmp_path / "run" / "metrics.jsonl"
    with metrics.open("a") as file:
        file.write('{"step": 15, "loss": 1.0}\n{"step": 20, "lo')
    _run(config, tmp_path / "run", resume=True)
    assert [line["step"] for line in _lines(tmp_path / "run")] == [5, 10, 15, 20]
    assert all("learning_rate" in line for line in _lines(tmp_path / "run"))


def test_bfloat16_trains_the_weights_in_float32(config: TrainConfig, tmp_path: Path) -> None:
    _run(attrs.evolve(_steps(config, steps=2), precision="bfloat16"), tmp_path / "run")
    weights = load_file(tmp_path / "run" / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}


def test_the_rate_warms_up_and_falls_to_zero_along_a_cosine(config: TrainConfig) -> None:
    plan = _steps(config, steps=104, warm_up=4, learning_rate=0.1)
    assert [learning_rate(plan, step) for step in range(4)] == pytest.approx(
        [0.025, 0.05, 0.075, 0.1]
    )
    assert learning_rate(plan, 54) == pytest.approx(0.05)
    assert learning_rate(plan, 29) == pytest.approx(0.05 * (1 + math.sqrt(0.5)))
    assert learning_rate(plan, 104) == pytest.approx(0.0, abs=1e-9)
    assert learning_rate(_steps(config, steps=5, warm_up=9, learning_rate=1.0), 4) < 1


def _damage(folder: Path) -> None:
    (folder / "state.safetensors").write_bytes(b"no state")


def _other_kind(folder: Path) -> None:
    (folder / "state.safetensors").write_bytes((folder / "model.safetensors").read_bytes())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "state.safetensors").unlink(), "nothing to resume: .* not exist"),
        (_damage, "state.safetensors is damaged"),
        (_other_kind, "is no training state"),
    ],
)
def test_a_state_that_cannot_be_resumed_is_one_sentence(
    damage: Callable[[Path], object], message: str, config: TrainConfig, tmp_path: Path
) -> None:
    _run(_steps(config, steps=2), tmp_path / "run")
    damage(tmp_path / "run")
    with pytest.raises(UserError, match=message):
        _run(config, tmp_path / "run", resume=True)


def test_the_state_of_another_network_is_one_sentence(config: TrainConfig, tmp_path: Path) -> None:
    from platypose.api import Denoiser
    from platypose.config import choose

    _run(_steps(config, steps=2), tmp_path / "run")
    wider = choose(Denoiser, "mdm:layers=1,width=18,heads=2,feed_forward=16")
    with pytest.raises(UserError, match="the state of another network"):
        _run(attrs.evolve(config, denoiser=wider), tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: attrs.evolve(c, split="trian"), 'no split "trian"; its splits are: test, train'),
        (lambda c: attrs.evolve(c, held_out="valid"), 'no split "valid"'),
        (lambda c: _steps(c, frames=41), "split 'train' has 41 frames; train.frames must be small"),
        (lambda c: _steps(c, frames=35), "split 'test' has 35 frames"),
        (lambda c: attrs.evolve(c, precision="float16"), "training knows float32 and bfloat16"),
        (lambda c: attrs.evolve(c, data=(Path("absent"),)), "absent does not exist"),
        (lambda c: _steps(c, learning_rate=1e30, gradient_norm=1e30), "lower train.learning_rate"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence_and_leaves_nothing(
    change: Callable[[TrainConfig], TrainConfig], message: str, config: TrainConfig, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        _run(change(config), tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


def test_a_run_needs_data(config: TrainConfig) -> None:
    with pytest.raises(ValueError, match="needs at least one file"):
        attrs.evolve(config, data=())
