"""Evidence longer than the prior's clips: windows, what joins them, and runs that go on."""

from __future__ import annotations

import os
import signal
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from platypose import Evidence, Platypose
from platypose.api import CurvedEnergy, Energy, PerHypothesis, RootPrior, Sampler, UserError
from platypose.checkpoint.prior import save_prior
from platypose.config import choose
from platypose.lifting import Result, Step
from platypose.lifting.config import LiftConfig
from platypose.lifting.problem import LiftingProblem
from platypose.lifting.run import lift
from platypose.lifting.unfinished import unfinished
from platypose.lifting.windows import (
    SAMPLES,
    Done,
    Held,
    LongLift,
    Progress,
    Window,
    plan,
    windows_of,
)
from platypose.testing import scene

LONGEST = 8
QUICK = "guided-ddim:levels=ddim3,skip=0,substeps=1"
EXAMPLE = Path(__file__).parents[2] / "examples" / "data" / "balancing-4-cameras.safetensors"


@pytest.fixture(scope="module")
def clips(pose: Platypose, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny prior, said to know clips."""
    path = tmp_path_factory.mktemp("prior") / "clips.safetensors"
    header = attrs.evolve(pose.prior.header, frames=LONGEST)
    save_prior(path, pose.prior.denoiser.state_dict(), header)
    return path


@pytest.fixture
def config(clips: Path, tmp_path: Path) -> LiftConfig:
    """Twenty frames in four windows."""
    scene.evidence(20).write(tmp_path / "seen.safetensors")
    return LiftConfig(
        evidence=(tmp_path / "seen.safetensors",),
        prior=str(clips),
        sampler=choose(Sampler, QUICK),
        energies=(choose(Energy, "reprojection"),),
        samples=3,
        device="cpu",
    )


def long(config: LiftConfig, **changes: Any) -> LongLift:
    config = attrs.evolve(config, **changes)
    pose = Platypose.from_pretrained(config.prior, device="cpu")
    return LongLift(config, Evidence.read(config.evidence[0]), pose)


def samples(out: Path) -> bytes:
    return (out / SAMPLES).read_bytes()


@given(st.integers(1, 400), st.integers(4, 64), st.integers(2, 63))
def test_windows_cover_every_frame_and_go_on_from_the_one_before(
    frames: int, length: int, overlap: int
) -> None:
    overlap = min(overlap, length - 1)
    windows = windows_of(frames, length, overlap)
    assert (windows[0].start, windows[-1].end) == (0, frames)
    assert {w.end - w.start for w in windows} == {min(length, frames)}
    for before, window in pairwise(windows):
        assert before.start < window.start and before.end < window.end
        assert window.start + window.fade <= window.fresh < before.end
        assert before.end - window.start >= overlap


@given(st.integers(1, 400), st.integers(1, 64))
def test_windows_of_single_frames_do_not_overlap(frames: int, length: int) -> None:
    windows = windows_of(frames, length, 0)
    every = np.concatenate([window.frames for window in windows])
    np.testing.assert_array_equal(every, np.arange(frames))


@pytest.mark.parametrize(
    ("longest", "options", "words"),
    [
        (1, {"overlap": 4}, "--overlap is for priors of clips"),
        (64, {"window": 65}, "--window must be from 4 to 64 frames"),
        (64, {"window": 3}, "--window must be from 4 to 64 frames"),
        (64, {"window": 10, "overlap": 10}, "--overlap 10 must be less than the window's 10"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    config: LiftConfig, longest: int, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        plan(attrs.evolve(config, **options), longest, 100)


def test_what_is_held_costs_half_a_nat_a_coordinate_at_its_deviation() -> None:
    random = torch.Generator().manual_seed(0)
    stood = torch.randn(2, 2, 2, 3, generator=random, dtype=torch.float64)
    held = Held(joints=stood, deviation=0.02)
    assert isinstance(held, CurvedEnergy) and isinstance(held, PerHypothesis)
    joints = torch.cat([stood + 0.02, torch.zeros(2, 1, 2, 3, dtype=torch.float64)], 1)
    expected = torch.tensor([3.0, 3.0, 0.0], dtype=torch.float64)
    torch.testing.assert_close(held(joints), expected.expand(2, -1))

    quadratic = held.quadratic(joints)
    leaf = joints.clone().requires_grad_()
    slope = torch.autograd.grad(held(leaf).sum(), leaf)[0]
    torch.testing.assert_close(quadratic.gradient, slope)
    move = torch.randn(joints.shape, generator=random, dtype=torch.float64)
    bent = (quadratic.curvature @ move[..., None])[..., 0]
    torch.testing.assert_close(held.quadratic(joints + move).gradient - slope, bent)
    torch.testing.assert_close(held.part(slice(1, 2))(joints[1:]), held(joints)[1:])


def test_hypotheses_that_are_given_in_parts_meet_their_own_energy() -> None:
    random = torch.Generator().manual_seed(0)
    x0, root, stood = torch.randn(3, 5, 4, 17, 3, generator=random)
    problem = LiftingProblem(
        energies=((1.0, Held(joints=stood[:, :2])),),
        scale=0.3,
        solve=None,
        root=RootPrior(mean=torch.zeros(4, 3), deviation=1.0),
        residual=None,
        motion=True,
    )
    parts = attrs.evolve(problem, chunk=8)  # two hypotheses of four frames
    place = root[:, :, 0]
    torch.testing.assert_close(parts.energy(x0, place), problem.energy(x0, place))
    some, whole = parts.expand(x0, place), problem.expand(x0, place)
    for name in ("energy", "gradient", "curvature", "strength"):
        torch.testing.assert_close(getattr(some, name), getattr(whole, name))


def test_one_window_is_what_the_prior_draws_bit_for_bit(config: LiftConfig, tmp_path: Path) -> None:
    evidence = scene.evidence(LONGEST)
    evidence.write(tmp_path / "short.safetensors")
    short = attrs.evolve(config, evidence=(tmp_path / "short.safetensors",), seed=5)
    lift(short, tmp_path / "out")
    pose = Platypose.from_pretrained(config.prior, device="cpu")
    guidance = pose.energy(evidence, *config.energies)
    *_, last = pose.sample(3, LONGEST, energy=guidance, sampler=config.sampler, seed=5)
    result = Result.read(tmp_path / "out" / SAMPLES)
    np.testing.assert_array_equal(result.samples, last.sample.numpy())
    np.testing.assert_array_equal(result.root, last.root.numpy())


def test_single_frames_in_windows_are_as_in_one(
    tiny_prior: Path, config: LiftConfig, tmp_path: Path
) -> None:
    seen = scene.evidence(20)
    assert seen.confidence is not None
    confidence = seen.confidence.copy()
    confidence[7:13] = 0  # nobody is there in the whole of the third window
    attrs.evolve(seen, confidence=confidence).write(tmp_path / "gap.safetensors")
    single = attrs.evolve(
        config, prior=str(tiny_prior), evidence=(tmp_path / "gap.safetensors",), window=20
    )
    lift(single, tmp_path / "one")
    lift(attrs.evolve(single, window=3), tmp_path / "seven")
    one, seven = (Result.read(tmp_path / name / SAMPLES) for name in ("one", "seven"))
    np.testing.assert_allclose(seven.joints, one.joints, atol=2e-4)


@pytest.mark.parametrize("root", ["unknown", "known"])
def test_somebody_who_leaves_for_longer_than_a_window_is_lifted(
    config: LiftConfig, tmp_path: Path, root: Any
) -> None:
    seen = scene.evidence(40)
    assert seen.confidence is not None
    confidence = seen.confidence.copy()
    confidence[10:30] = 0
    attrs.evolve(seen, confidence=confidence).write(tmp_path / "gap.safetensors")
    gap = attrs.evolve(config, evidence=(tmp_path / "gap.safetensors",), root=root)
    summary = lift(gap, tmp_path / "out")
    assert summary["frames"] == 40
    result = Result.read(tmp_path / "out" / SAMPLES)
    # The first guess lies between where the person left and where the person came back.
    assert np.abs(result.root - scene.person(40)[:, 0]).max() < 3.0


def kill(window: int, level: int) -> Callable[[Progress], None]:
    """Kills the process without warning."""

    def report(step: Progress) -> None:
        if (step.window, step.index) == (window, level):
            os.kill(os.getpid(), signal.SIGKILL)

    return report


def in_a_child(action: Callable[[], object]) -> int:
    """The signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def test_a_run_that_was_killed_goes_on_to_the_same_samples(
    config: LiftConfig, tmp_path: Path
) -> None:
    lift(config, tmp_path / "whole")
    out = tmp_path / "out"
    assert in_a_child(lambda: lift(config, out, progress=kill(3, 2))) == signal.SIGKILL
    assert not out.exists() and unfinished(out).is_dir()
    windows: list[int] = []
    lift(config, out, progress=lambda step: windows.append(step.window))
    assert windows[0] == 3
    assert samples(out) == samples(tmp_path / "whole")
    names = sorted(path.name for path in out.iterdir())
    assert names == ["config.yaml", SAMPLES, "summary.json"] and not unfinished(out).exists()


def test_a_window_that_was_written_but_not_noted_is_written_again(
    config: LiftConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lift(config, tmp_path / "whole")
    written = 0

    def interrupted(*_: Any) -> None:
        nonlocal written
        written += 1
        if written == 3:
            raise KeyboardInterrupt
        write(*_)

    write = Done.write
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("platypose.lifting.windows.Done.write", interrupted)
        lift(config, tmp_path / "out")
    lift(config, tmp_path / "out")
    assert samples(tmp_path / "out") == samples(tmp_path / "whole")


def interrupt(step: Progress) -> None:
    if step.window == 2:
        raise KeyboardInterrupt


def test_what_another_run_left_is_neither_used_nor_lost(config: LiftConfig, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        lift(config, out, progress=interrupt)
    before = {path: path.read_bytes() for path in unfinished(out).iterdir()}
    with pytest.raises(UserError, match=r"had another samples, seed; remove it, or repeat"):
        lift(attrs.evolve(config, samples=4, seed=1), out)
    assert {path: path.read_bytes() for path in unfinished(out).iterdir()} == before
    os.utime(config.evidence[0])
    with pytest.raises(UserError, match="had another time of its files"):
        lift(config, out)
    (unfinished(out) / "run.json").write_text("{")
    with pytest.raises(UserError, match=r"out\.unfinished is damaged; remove it to begin anew"):
        lift(config, out)


def test_an_interruption_before_the_first_window_is_done_leaves_nothing(
    config: LiftConfig, tmp_path: Path
) -> None:
    def at_once(step: Progress) -> None:
        raise KeyboardInterrupt

    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(KeyboardInterrupt):
        lift(config, tmp_path / "deep" / "out", progress=at_once)
    assert sorted(tmp_path.rglob("*")) == before


def test_two_runs_do_not_share_a_folder(config: LiftConfig, tmp_path: Path) -> None:
    def second(step: Progress) -> None:
        with pytest.raises(UserError, match="is in use by process"):
            lift(config, tmp_path / "out")

    lift(config, tmp_path / "out", progress=second)


def test_reports_count_windows_and_frames(config: LiftConfig, tmp_path: Path) -> None:
    steps: list[Progress] = []
    lift(config, tmp_path / "out", progress=steps.append)
    assert [(s.window, s.index) for s in steps] == [(w, i) for w in (1, 2, 3, 4) for i in (1, 2, 3)]
    assert {(s.windows, s.total, s.of) for s in steps} == {(4, 3, 20)}
    assert steps[-1].frames == 20


def test_memory_does_not_grow_with_the_number_of_frames(
    config: LiftConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_rest(self: LongLift, window: Window, *_: object) -> Step:
        sample = torch.zeros(3, window.end - window.start, 17, 3)
        return Step(
            sample=sample,
            root=sample[:, :, 0],
            seen=sample,
            energy=None,
            sigma=0.0,
            index=1,
            total=1,
            denoiser_calls=1,
        )

    monkeypatch.setattr(LongLift, "_sample", at_rest)
    peaks = []
    for frames in (20, 68):  # 4 and 16 windows
        seen = scene.evidence(frames)
        assert seen.heatmaps is not None
        size = seen.heatmaps.nbytes
        seen.write(tmp_path / f"{frames}.safetensors")
        del seen
        folder = tmp_path / str(frames)
        folder.mkdir()
        run = long(config, evidence=(tmp_path / f"{frames}.safetensors",))
        run.guidance(np.arange(LONGEST))  # imports what it needs
        tracemalloc.start()
        run.run(folder, lambda step: None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] and peaks[1] < size / 2


def test_seams_are_as_smooth_as_the_rest(tmp_path: Path) -> None:
    seen = Evidence.read(EXAMPLE)
    config = LiftConfig(
        evidence=(EXAMPLE,),
        prior="motion-17",
        sampler=choose(Sampler, "posterior:calls=2"),
        energies=(choose(Energy, "reprojection"),),
        samples=2,
        device="cpu",
        window=34,
        overlap=8,
    )
    run = long(config)
    run.run(tmp_path, lambda step: None)
    joints = Result.read(tmp_path / SAMPLES).joints.astype(np.float64)
    size = np.linalg.norm(np.diff(joints, 2, axis=1), axis=-1).mean((0, 2)) * seen.frame_rate**2
    centre = np.arange(1, seen.num_frames - 1)
    near = np.zeros(len(centre), bool)
    for window in run.windows[1:]:
        near |= (centre >= window.fresh - window.fade - 2) & (centre < window.fresh + 2)
    assert 0 < near.sum() < len(near)
    assert size[near].mean() < 1.25 * size[~near].mean()
    assert size[near].max() < 1.5 * size[~near].max()
