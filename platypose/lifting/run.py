"""A whole lifting run: evidence file in, folder of results out."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api import Energy, UserError, Writer
from platypose.api.kinds.writer import KIND as WRITER
from platypose.config import choose, unstructure, write_yaml
from platypose.evidence import Evidence
from platypose.evidence.guess import description
from platypose.files import NewFolder, require_new
from platypose.lifting.config import LiftConfig, SampleConfig
from platypose.lifting.found_camera import found_before, found_camera
from platypose.lifting.ground import floor_of
from platypose.lifting.noise import noise_report
from platypose.lifting.people import read_people, resolved
from platypose.lifting.pipeline import Platypose
from platypose.lifting.pretrained import absolute
from platypose.lifting.result import Result
from platypose.lifting.unfinished import UnfinishedFolder
from platypose.lifting.windows import SAMPLES, LongLift, Progress, lifted
from platypose.registry import plugins

MOST = 2048
"""Frames that the figures of a summary are taken from."""


def lift(
    config: LiftConfig, out: Path, *, progress: Callable[[Progress], None] = lambda step: None
) -> dict[str, Any]:
    """Lift evidence to 3D and write `out`, a new folder that appears whole or not at all.

    Arguments:
        config: the run.
        out: receives samples.safetensors, summary.json, config.yaml and the writers' files; of
            all people, each in a folder of its own.
        progress: called after each noise level.

    Returns:
        the summary, as written.

    Raises:
        UserError: something in the configuration or the evidence is wrong.
    """
    require_new(out)
    people = read_people(config)
    config = _resolve(config, next(iter(people.values())))
    pose = Platypose.from_pretrained(config.prior, device=config.device, precision=config.precision)
    writers = [plugins().registry(WRITER).build(chosen, pose.context()) for chosen in config.write]
    done, left_out = {}, {}
    with UnfinishedFolder(out, _of_run(config)) as folder:
        for name, evidence in people.items():
            inner = folder
            if config.person == "all":
                inner = folder / re.sub(r"[^\w.-]", "_", f"person-{name}")
            one = attrs.evolve(config, person=name)
            try:
                run = _lift_one(one, evidence, pose, inner, progress)
            except UserError as error:
                left_out[name] = str(error)
                if inner != folder:
                    shutil.rmtree(inner, ignore_errors=True)
                if len(left_out) == len(people):
                    raise
                continue
            done[name] = run
        if config.person != "all":
            (run,) = done.values()
            _write(attrs.evolve(run, config=config), writers)
            return run.summary
        for run in done.values():
            _write(run, writers)
        summary = {
            "people": {name: run.summary for name, run in done.items()},
            "left_out": left_out,
        }
        _write_yaml_and_json(config, summary, folder)
    return summary


@attrs.frozen(kw_only=True, eq=False)
class _Lifted:
    """One person's hypotheses, in a folder."""

    config: LiftConfig
    evidence: Evidence
    folder: Path
    summary: dict[str, Any]


def _lift_one(
    config: LiftConfig,
    evidence: Evidence,
    pose: Platypose,
    folder: Path,
    progress: Callable[[Progress], None],
) -> _Lifted:
    long = LongLift(config, evidence, pose)
    folder.mkdir(exist_ok=True)
    done = long.run(folder, progress)
    result = Result.read(folder / SAMPLES)
    frames = _looked_at(evidence.num_frames)
    some = result.at(frames)
    summary = summarise(some, seconds=done.seconds, denoiser_calls=done.denoiser_calls)
    summary["frames"] = evidence.num_frames
    summary["noise"] = noise_report(some, long.guidance(frames), config.energy_scale)
    summary["floor"] = floor_of(some, _velocity(result, frames))
    summary["first_frame"] = evidence.first_frame
    summary["effective_samples"] = done.effective_samples
    summary["cameras"] = {
        camera.name: {
            "taken": description(camera),
            "found": found_before(camera)
            if len(evidence.cameras) > 1
            else (found_camera(camera, done.camera) if done.camera.size else None),
        }
        for camera in evidence.cameras
    }
    summary["guessed_cameras"] = [
        camera.name
        for camera in evidence.cameras
        if camera.focal_deviation > 0 or camera.tilt_deviation > 0
    ]
    return _Lifted(config=config, evidence=evidence, folder=folder, summary=summary)


def _looked_at(frames: int) -> NDArray[np.int64]:
    """Those that the figures of the summary are taken from: all, or some at even distances."""
    return np.unique(np.linspace(0, frames - 1, min(frames, MOST)).round().astype(np.int64))


def _velocity(result: Result, frames: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """(H, N, J, 3) m/s of joints in the world, from the frames on either side of each.

    None where all frames are there, and are such themselves.
    """
    last = result.samples.shape[1] - 1
    if len(frames) == last + 1:
        return None
    before, after = np.maximum(frames - 1, 0), np.minimum(frames + 1, last)
    way = result.at(after).joints - result.at(before).joints
    velocity: NDArray[np.float32] = way * (result.frame_rate / (after - before))[:, None, None]
    return velocity


def _of_run(config: LiftConfig) -> dict[str, Any]:
    """All that the samples depend on: the configuration, but for writers, and the files."""
    files = [*config.evidence, *([] if config.camera is None else [Path(config.camera)])]
    times = [path.stat().st_mtime_ns for path in files if path.exists()]
    content = unstructure(config)
    del content["write"]
    return {**content, "time of its files": times}


def _write(lifted: _Lifted, writers: Sequence[Writer]) -> None:
    folder = lifted.folder
    _write_yaml_and_json(lifted.config, lifted.summary, folder)
    for writer in writers:
        writer.write(Result.read(folder / SAMPLES), lifted.evidence, folder)


def _write_yaml_and_json(config: LiftConfig, summary: dict[str, Any], folder: Path) -> None:
    write_yaml(unstructure(config), folder / "config.yaml")
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def sample(config: SampleConfig, out: Path) -> None:
    """Draw from a prior alone and write `out`, a new folder that appears whole or not at all.

    Arguments:
        config: the run.
        out: receives samples.safetensors, config.yaml and the writers' files.

    Raises:
        UserError: something in the configuration is wrong.
    """
    require_new(out)
    config = attrs.evolve(config, prior=absolute(config.prior))
    pose = Platypose.from_pretrained(config.prior, device=config.device, precision=config.precision)
    writers = [plugins().registry(WRITER).build(chosen, pose.context()) for chosen in config.write]
    *_, step = pose.sample(
        config.samples,
        config.frames,
        sampler=config.sampler,
        seed=config.seed,
        chunk=config.chunk,
    )
    result = lifted(pose, step, None)
    with NewFolder(out) as folder:
        result.write(folder / "samples.safetensors")
        write_yaml(unstructure(config), folder / "config.yaml")
        for writer in writers:
            writer.write(result, None, folder)


def summarise(result: Result, *, seconds: float, denoiser_calls: int) -> dict[str, Any]:
    """What summary.json says.

    Arguments:
        result: the hypotheses.
        seconds: that sampling took.
        denoiser_calls: that it made.
    """
    distance = np.linalg.norm(result.projected - result.observed, axis=-1)
    distance = distance[:, result.weights > 0]
    # The spread of a joint is the root of the trace of its covariance over hypotheses.
    variance = result.samples.var(axis=0).sum(-1).mean(0)
    root_variance = result.root.var(axis=0).sum(-1).mean()
    return {
        "frames": result.samples.shape[1],
        "hypotheses": result.samples.shape[0],
        "seconds": round(seconds, 3),
        "denoiser_calls": denoiser_calls,
        "reprojection_error_px": {
            "median": round(float(np.median(distance)), 2) if distance.size else None,
            "p95": round(float(np.percentile(distance, 95)), 2) if distance.size else None,
        },
        "spread_mm": {
            joint: round(1000 * float(value) ** 0.5, 1)
            for joint, value in zip(result.skeleton.joints, variance)
        },
        "root_spread_mm": round(1000 * float(root_variance) ** 0.5, 1),
    }


def _resolve(config: LiftConfig, evidence: Evidence) -> LiftConfig:
    """Fill in what depends on the evidence, so that the saved configuration says it."""
    energies = config.energies
    if not energies:
        energies = (choose(Energy, _default_energy(evidence)),)
    return attrs.evolve(resolved(config), prior=absolute(config.prior), energies=energies)


def _default_energy(evidence: Evidence) -> str:
    if evidence.heatmaps is not None:
        return "heatmap"
    return "joints-3d" if evidence.keypoints is None else "reprojection"
