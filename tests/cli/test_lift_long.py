"""Evidence longer than a window, on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from platypose.lifting.windows import LongLift
from platypose.testing import scene


def test_ctrl_c_keeps_the_windows_that_are_done_and_the_same_command_goes_on(
    run: Callable[..., Any], tiny_prior: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.evidence(6).write(tmp_path / "seen.safetensors")
    words = ("lift", tmp_path / "seen.safetensors", "--prior", tiny_prior, "--samples", "2")
    quick = ("--sampler", "guided-ddim:levels=ddim3,skip=0,substeps=1", "--device", "cpu")
    command = (*words, *quick, "--write", "none", "--window", "2", "--out")
    assert run(*command, tmp_path / "whole").code == 0

    sample = LongLift._sample

    def stopped(self: LongLift, window: Any, *rest: Any) -> Any:
        if window.index == 1:
            raise KeyboardInterrupt
        return sample(self, window, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(LongLift, "_sample", stopped)
        done = run(*command, tmp_path / "out")
    assert done.code == 130
    assert "Stopped; the same command goes on with the next window." in done.err
    assert not (tmp_path / "out").exists()

    other = run(*command, tmp_path / "out", "--seed", "1")
    assert other.code == 2 and "had another seed; remove it, or repeat" in other.err
    assert run(*command, tmp_path / "out").code == 0
    samples = [(tmp_path / name / "samples.safetensors").read_bytes() for name in ("whole", "out")]
    assert samples[0] == samples[1]


def test_a_window_that_the_prior_does_not_know_is_one_sentence(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    scene.evidence(2).write(tmp_path / "seen.safetensors")
    words = ("lift", tmp_path / "seen.safetensors", "--out", tmp_path / "out")
    done = run(*words, "--prior", "motion-17", "--window", "100")
    assert done.code == 2
    assert "--window must be from 4 to 64 frames with this prior." in done.err
    done = run(*words, "--prior", "pose-17", "--overlap", "4")
    assert done.code == 2 and "--overlap is for priors of clips" in done.err
    assert not list(tmp_path.glob("*out*"))
