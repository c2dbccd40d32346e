"""The curve does not depend on how a batch is shared among processes and parts."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from safetensors.torch import load_file

from platypose.api import Denoiser, UserError
from platypose.config import choose, unstructure, write_yaml
from platypose.training import TrainConfig
from platypose.training.loop import train

MAIN = (
    "from platypose.training import loop; loop.LOG_EVERY = 5; loop.AGREE_EVERY = 2;"
    "from platypose.cli.app import main; main()"
)


@pytest.fixture
def plain(config: TrainConfig) -> TrainConfig:
    """Without dropout, which draws other features in each process."""
    network = "mdm:layers=1,width=16,heads=2,feed_forward=16,dropout=0.0"
    return attrs.evolve(config, denoiser=choose(Denoiser, network))


@pytest.fixture(autouse=True)
def _frequent_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platypose.training.loop.LOG_EVERY", 5)


def curve(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "metrics.jsonl").open()]


def with_plan(config: TrainConfig, **changes: Any) -> TrainConfig:
    return attrs.evolve(config, train=attrs.evolve(config.train, **changes))


def assert_same_run(one: Path, other: Path) -> None:
    assert curve(one) == pytest.approx(curve(other), rel=1e-5) and len(curve(one)) == 4
    a, b = (load_file(run / "model.safetensors") for run in (one, other))
    # Attention does not depend on the keys' bias; Adam makes steps of its gradient's rounding.
    for name in [name for name in a if not name.endswith("query_key_value.bias")]:
        torch.testing.assert_close(a[name], b[name], rtol=1e-4, atol=1e-5)


def torchrun(config: TrainConfig, out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`platypose train` in two processes, as torchrun begins them."""
    file = out.with_suffix(".yaml")
    write_yaml(unstructure(config), file)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    shared |= {"LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", MAIN, "train", "--config", str(file), "--out", str(out)]
    runs = [
        subprocess.Popen(
            [*command, *words],
            env=os.environ | shared | {"RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in "01"
    ]
    texts = [run.communicate(timeout=90)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], texts
    assert "saved" in texts[0] and "saved" not in texts[1]
    return subprocess.CompletedProcess(command, 0, texts[0], texts[1])


def test_two_processes_train_as_one_does(plain: TrainConfig, tmp_path: Path) -> None:
    list(train(plain, tmp_path / "one"))
    torchrun(plain, tmp_path / "two")
    assert_same_run(tmp_path / "one", tmp_path / "two")


def test_a_batch_in_parts_trains_as_the_whole_does(plain: TrainConfig, tmp_path: Path) -> None:
    weighted = with_plan(plain, weighting="min-snr")
    list(train(weighted, tmp_path / "whole"))
    list(train(with_plan(weighted, accumulate=4), tmp_path / "parts"))
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


def test_the_network_is_compiled_on_request(
    plain: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []

    def compile_(model: Any, *, backend: str, **options: Any) -> Any:
        compiled.append(backend)
        return model  # the compiler would take a minute

    monkeypatch.setattr(torch, "compile", compile_)
    list(train(with_plan(plain, steps=1), tmp_path / "plain"))
    assert compiled == []
    list(train(with_plan(plain, steps=1, compile=True), tmp_path / "compiled"))
    assert compiled == ["inductor"]


def test_a_batch_that_cannot_be_shared_evenly_is_one_sentence(
    plain: TrainConfig, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"train\.batch is 16 but needs a multiple of 3"):
        list(train(with_plan(plain, accumulate=3), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_training_without_accelerate_says_what_to_install(
    plain: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(UserError) as caught:
        list(train(plain, tmp_path / "run"))
    assert str(caught.value) == 'Training needs accelerate: pip install "platypose[train]"'
