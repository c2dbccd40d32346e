from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from platypose import __version__
from platypose.lifting import Result

Run = Callable[..., Any]

MAIN = "import platypose.cli; platypose.cli.main()"
TRAINING = """\
data: [{motion}]
denoiser: {{name: mdm, layers: 1, width: 16, heads: 2, feed_forward: 16}}
schedule: cosine
train: {{steps: 4, batch: 8, warm_up: 2, frames: 2}}
residual_frames: 0
pictures: false
device: cpu
"""


@pytest.fixture
def training(tiny_motion: Path, tmp_path: Path) -> Path:
    path = tmp_path / "training.yaml"
    path.write_text(TRAINING.format(motion=tiny_motion))
    return path


def test_version(run: Run) -> None:
    done = run("--version")
    assert (done.code, done.out) == (0, f"platypose {__version__}\n")


def test_help_names_every_command(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    for command in ("lift", "sample", "train", "data", "plugins", "show", "checkpoint"):
        assert f" {command} " in done.out


def test_show_prints_every_option_with_type_default_and_meaning(run: Run) -> None:
    done = run("show", "energy", "reprojection")
    assert done.code == 0 and done.out.startswith("energy reprojection (platypose-keypoints ")
    line = next(line for line in done.out.splitlines() if line.startswith("sigma"))
    assert "float" in line and "5.0" in line and "px" in line
    assert "required" in run("show", "projection", "pinhole").out
    assert "It has no options." in run("show", "projection", "orthographic").out


def test_checkpoint_prints_the_header(run: Run, tiny_prior: Path) -> None:
    done = run("checkpoint", tiny_prior)
    header = json.loads(done.out)
    assert done.code == 0 and header["kind"] == "prior" and header["scale"] == 0.3
    assert header["components"]["denoiser"]["config"]["width"] == 16


def test_sample_draws_from_the_prior_alone(run: Run, tiny_prior: Path, tmp_path: Path) -> None:
    words = ("sample", "--prior", tiny_prior, "-n", "5", "--write", "none", "--device", "cpu")
    sampler = ("--sampler", "ancestral:levels=ddim4")
    done = run(*words, *sampler, "--out", tmp_path / "out")
    assert (done.code, done.out) == (0, f"Wrote {tmp_path / 'out'}\n")
    result = Result.read(tmp_path / "out" / "samples.safetensors")
    assert result.samples.shape == (5, 1, 17, 3) and result.credit == "Nobody was recorded."
    assert (tmp_path / "out" / "config.yaml").is_file()


def test_data_report_says_what_a_motion_set_holds(run: Run, tiny_motion: Path) -> None:
    done = run("data", "report", tiny_motion)
    assert done.code == 0 and "3 clips at 30 Hz" in done.out and "Nobody was recorded." in done.out
    content = json.loads(run("data", "report", tiny_motion, "--json").out)
    assert content["subjects"]["05"]["split"] == "test"
    assert content["hours"] == {"train": pytest.approx(64 / 30 / 3600, abs=1e-4), "test": 0.0003}
    assert len(content["subjects"]["01"]["bone_lengths_mm"]) == 16


def test_train_makes_a_prior_and_goes_on_with_it(run: Run, training: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs" / "one"
    done = run("train", "--config", training, "--out", out)
    assert done.code == 0, done.err
    names = {path.name for path in out.iterdir()}
    assert names == {"config.yaml", "metrics.jsonl", "model.safetensors", "state.safetensors"}
    refused = run("train", "--config", training, "--out", out)
    assert refused.code == 2 and "exists and is not empty; add --resume" in refused.err
    before = (out / "model.safetensors").read_bytes()
    done = run("train", "--out", out, "--resume", "--set", "train.steps=6")
    assert done.code == 0, done.err
    assert (out / "model.safetensors").read_bytes() != before
    assert json.loads(run("checkpoint", out / "model.safetensors").out)["step"] == 6
    steps = [json.loads(line)["step"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert steps == [4, 6]


def test_a_resume_that_is_refused_keeps_the_run_s_configuration(
    run: Run, training: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert run("train", "--config", training, "--out", out).code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    done = run("train", "--out", out, "--resume", "--set", "denoiser.width=18")
    assert done.code == 2 and "the state of another network" in done.err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_killed_run_goes_on_from_its_last_checkpoint(training: Path, tmp_path: Path) -> None:
    out, command = tmp_path / "run", [sys.executable, "-c", MAIN, "train"]
    words = ["--config", str(training), "--out", str(out), "--set", "train.steps=1000000"]
    killed = subprocess.Popen(
        [*command, *words, "--set", "train.checkpoint_minutes=0.0001"],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        deadline = time.monotonic() + 60
        while not (out / "model.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    done = load_file(out / "state.safetensors")
    steps = int(done["optimiser.0.step"])
    assert steps >= 1
    again = subprocess.run(
        [*command, "--out", str(out), "--resume", "--set", f"train.steps={steps + 3}"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert again.returncode == 0, again.stderr
    state = load_file(out / "state.safetensors")
    assert int(state["optimiser.0.step"]) == steps + 3
