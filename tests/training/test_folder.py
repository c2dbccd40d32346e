"""Whatever stops a run, its folder holds a whole checkpoint or nothing, and one run at a time."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import attrs
import pytest
import torch
from safetensors.torch import load_file

from platypose.api import UserError
from platypose.config import unstructure, write_yaml
from platypose.training import TrainConfig, state
from platypose.training.folder import RunFolder, claimed
from platypose.training.loop import train

MAIN = "from platypose.cli.app import main; main()"


def with_plan(config: TrainConfig, **changes: Any) -> TrainConfig:
    return attrs.evolve(config, train=attrs.evolve(config.train, **changes))


def command(config: TrainConfig, out: Path, *words: str) -> list[str]:
    file = out.with_suffix(".yaml")
    write_yaml(unstructure(config), file)
    return [sys.executable, "-c", MAIN, "train", "--config", str(file), "--out", str(out), *words]


def begin(config: TrainConfig, out: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(config, out, *words),
        env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert path.exists()


def assert_same_weights(one: Path, other: Path) -> None:
    for name in ("model.safetensors", "state.safetensors"):
        a, b = load_file(one / name), load_file(other / name)
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a)


def test_a_run_that_is_killed_at_any_moment_ends_with_the_same_weights(
    config: TrainConfig, tmp_path: Path
) -> None:
    plan = with_plan(config, steps=200, checkpoint_minutes=1e-9)
    killed = begin(plan, tmp_path / "halves")
    wait_for(tmp_path / "halves" / "state.previous.safetensors")
    killed.kill()
    killed.wait()
    again = begin(with_plan(plan, checkpoint_minutes=5.0), tmp_path / "halves", "--resume")
    assert again.wait(90) == 0
    list(train(with_plan(plan, checkpoint_minutes=5.0), tmp_path / "whole"))
    assert_same_weights(tmp_path / "whole", tmp_path / "halves")


def test_sigterm_ends_with_a_checkpoint_and_the_command_that_goes_on(
    config: TrainConfig, tmp_path: Path
) -> None:
    run = begin(with_plan(config, steps=1_000_000), tmp_path / "run")
    wait_for(tmp_path / "run" / "metrics.jsonl")
    run.send_signal(signal.SIGTERM)
    text, _ = run.communicate(timeout=60)
    assert run.returncode == 130
    if (tmp_path / "run" / "state.safetensors").exists():
        assert f"go on with: platypose train --out {tmp_path / 'run'} --resume" in text
        assert {path.name for path in (tmp_path / "run").iterdir()} == {
            *("config.yaml", "metrics.jsonl", "model.safetensors", "state.safetensors"),
        }
    else:
        assert "Stopped before the first step" in text and not (tmp_path / "run").exists()
    assert "nan" not in text


def test_asked_to_stop_before_the_first_step_a_run_leaves_nothing(
    config: TrainConfig, tmp_path: Path
) -> None:
    assert list(train(config, tmp_path / "new" / "run", stop=lambda: True)) == []
    assert not (tmp_path / "new").exists()


def test_asked_to_stop_a_run_writes_a_checkpoint_of_a_whole_step(
    config: TrainConfig, tmp_path: Path
) -> None:
    asked = iter([False] * 7 + [True])
    (report,) = train(config, tmp_path / "run", stop=lambda: next(asked))
    assert (report.step, report.saved) == (7, True)
    list(train(config, tmp_path / "run", resume=True))
    list(train(config, tmp_path / "whole"))
    assert_same_weights(tmp_path / "whole", tmp_path / "run")


def test_a_run_that_died_before_its_first_checkpoint_can_be_begun_again(
    config: TrainConfig, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    (folder / "loggers").mkdir(parents=True)
    (folder / "metrics.jsonl").write_text('{"step": 50, "loss": 1.0}\n')
    (folder / "run.lock").write_text("process 1 on elsewhere")
    (folder / ".state.safetensors.abc").write_bytes(b"half")
    list(train(with_plan(config, steps=2), folder))
    assert {path.name for path in folder.iterdir()} == {
        *("config.yaml", "metrics.jsonl", "model.safetensors", "state.safetensors"),
    }


@pytest.mark.parametrize("name", ["loggers", "config.yaml", "notes.txt", "model.safetensors"])
def test_a_folder_of_something_else_is_not_touched(
    name: str, config: TrainConfig, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).write_text("mine")
    with pytest.raises(UserError, match="exists and is not empty; add --resume or name a new"):
        list(train(config, tmp_path / "run"))
    assert [path.name for path in (tmp_path / "run").iterdir()] == [name]


def test_a_second_run_in_a_folder_is_told_who_has_it(config: TrainConfig, tmp_path: Path) -> None:
    first = train(with_plan(config, checkpoint_minutes=1e-9), tmp_path / "run")
    next(first)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    for resume in (False, True):
        with pytest.raises(UserError, match=rf"run is in use by process {os.getpid()} on "):
            list(train(config, tmp_path / "run", resume=resume))
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    first.close()
    with claimed(RunFolder(tmp_path / "run"), resume=True):
        pass


def test_the_lock_of_a_dead_process_holds_nobody(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path;"
        "from platypose.training.folder import RunFolder, claimed\n"
        f"with claimed(RunFolder(Path({str(tmp_path / 'run')!r})), resume=False):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(UserError, match=f"in use by process {holder.pid} on "):
        claimed(RunFolder(tmp_path / "run"), resume=False).__enter__()
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with claimed(RunFolder(tmp_path / "run"), resume=False):
        pass


def test_a_state_cut_short_gives_way_to_the_one_before(config: TrainConfig, tmp_path: Path) -> None:
    run = train(with_plan(config, checkpoint_minutes=1e-9), tmp_path / "run")
    for report in run:
        if report.saved and report.step == 8:
            break
    run.close()  # saves step 8 again
    list(train(with_plan(config, steps=12), tmp_path / "run", resume=True))
    path = tmp_path / "run" / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    told: list[str] = []
    list(train(config, tmp_path / "run", resume=True, tell=told.append))
    (sentence,) = told
    assert "state.safetensors is damaged" in sentence
    assert sentence.endswith("going on from state.previous.safetensors, step 8.")
    list(train(config, tmp_path / "whole"))
    assert_same_weights(tmp_path / "whole", tmp_path / "run")


def test_a_full_disk_ends_the_run_with_a_sentence_and_loses_no_checkpoint(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = with_plan(config, checkpoint_minutes=1e-9)
    run = train(plan, tmp_path / "run")
    assert next(run).step == 1
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}

    @contextmanager
    def full(path: Path) -> Iterator[IO[bytes]]:
        raise UserError(f"{path} cannot be written ({os.strerror(errno.ENOSPC)}).")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(state, "write_atomically", full)
        with pytest.raises(UserError) as caught:
            next(run)
    assert str(caught.value) == (
        f"{tmp_path / 'run' / 'state.safetensors'} cannot be written (No space left on device). "
        "What was saved before is whole: see to the disk and add --resume."
    )
    after = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    assert after == {name: content for name, content in before.items() if name != "run.lock"}
    list(train(with_plan(config), tmp_path / "run", resume=True))
    list(train(config, tmp_path / "whole"))
    assert_same_weights(tmp_path / "whole", tmp_path / "run")


def test_a_resume_to_fewer_steps_than_are_done_is_one_sentence(
    config: TrainConfig, tmp_path: Path
) -> None:
    list(train(with_plan(config, steps=4), tmp_path / "run"))
    with pytest.raises(UserError) as caught:
        list(train(with_plan(config, steps=3), tmp_path / "run", resume=True))
    assert str(caught.value) == (
        f"The run in {tmp_path / 'run'} has done 4 steps already; train.steps is 3 but needs at "
        "least as many."
    )
