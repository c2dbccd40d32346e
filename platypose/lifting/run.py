"""A whole lifting run: evidence file in, folder of results out."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch

from platypose.api import Energy, UserError, Writer
from platypose.api.kinds.writer import KIND as WRITER
from platypose.config import choose, unstructure, write_yaml
from platypose.evidence import Evidence
from platypose.files import make_folders
from platypose.lifting.config import LiftConfig, SampleConfig
from platypose.lifting.ground import floor_of
from platypose.lifting.guidance import Guidance
from platypose.lifting.noise import noise_report
from platypose.lifting.people import read_people, resolved
from platypose.lifting.pipeline import Platypose, Step
from platypose.lifting.pretrained import absolute
from platypose.lifting.result import Result
from platypose.registry import plugins


def lift(
    config: LiftConfig, out: Path, *, progress: Callable[[Step], None] = lambda step: None
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
    lifted, left_out = [], {}
    for name, evidence in people.items():
        one = attrs.evolve(config, person=name)
        try:
            lifted.append(_lift_one(one, evidence, pose, progress))
        except UserError as error:
            left_out[name] = str(error)
            if len(left_out) == len(people):
                raise
    with NewFolder(out) as folder:
        if config.person != "all":
            _write(attrs.evolve(lifted[0], config=config), folder, writers)
            return lifted[0].summary
        for run in lifted:
            inner = folder / re.sub(r"[^\w.-]", "_", f"person-{run.config.person}")
            inner.mkdir()
            _write(run, inner, writers)
        summary = {
            "people": {run.config.person: run.summary for run in lifted},
            "left_out": left_out,
        }
        _write_yaml_and_json(config, summary, folder)
    return summary


@attrs.frozen(kw_only=True, eq=False)
class _Lifted:
    """One person's hypotheses."""

    config: LiftConfig
    evidence: Evidence
    result: Result
    summary: dict[str, Any]


def _lift_one(
    config: LiftConfig, evidence: Evidence, pose: Platypose, progress: Callable[[Step], None]
) -> _Lifted:
    try:
        guidance = pose.energy(evidence, *config.energies, root=config.root)
    except UserError as error:
        raise UserError(f"{', '.join(map(str, config.evidence))}: {error}") from None
    began = time.perf_counter()
    steps = pose.sample(
        config.samples,
        evidence.num_frames,
        energy=guidance,
        energy_scale=config.energy_scale,
        sampler=config.sampler,
        seed=config.seed,
        chunk=config.chunk,
    )
    for step in steps:
        progress(step)
    seconds = time.perf_counter() - began
    result = _result(pose, step, guidance)
    summary = summarise(result, seconds=seconds, denoiser_calls=step.denoiser_calls)
    summary["noise"] = noise_report(result, guidance, config.energy_scale)
    summary["floor"] = floor_of(result)
    summary["first_frame"] = evidence.first_frame
    summary["guessed_cameras"] = [camera.name for camera in evidence.cameras if camera.guessed]
    return _Lifted(config=config, evidence=evidence, result=result, summary=summary)


def _write(lifted: _Lifted, folder: Path, writers: Sequence[Writer]) -> None:
    lifted.result.write(folder / "samples.safetensors")
    _write_yaml_and_json(lifted.config, lifted.summary, folder)
    for writer in writers:
        writer.write(lifted.result, lifted.evidence, folder)


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
    result = _result(pose, step, None)
    with NewFolder(out) as folder:
        result.write(folder / "samples.safetensors")
        write_yaml(unstructure(config), folder / "config.yaml")
        for writer in writers:
            writer.write(result, None, folder)


def require_new(out: Path) -> None:
    """Refuse an output that exists or cannot be made, before any work is done for it.

    Raises:
        UserError: `out` is a file, or a folder with something in it, or lies where none can be.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"--out {out} exists already; name a new folder.")
    above = next(parent for parent in out.absolute().parents if parent.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise UserError(f"--out {out} cannot be written: {above} is no folder that allows it.")


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


def _result(pose: Platypose, step: Step, guidance: Guidance | None) -> Result:
    header = pose.prior.header
    hypotheses, frames = step.root.shape[:2]
    energy = torch.zeros(hypotheses, frames)
    projected = torch.zeros(hypotheses, frames, 0, 0, 2)
    points, weights = np.zeros((frames, 0, 0, 2)), np.zeros((frames, 0, 0))
    names: tuple[str, ...] = ()
    frame_rate, credits = header.frame_rate, [header.credit]
    if guidance is not None:
        observed = guidance.observed
        energy = guidance(step.joints)
        points, weights = observed.points, observed.weights
        projected = torch.zeros(hypotheses, *points.shape)
        if guidance.views is not None:
            projected = guidance.views(step.joints)
        names = observed.evidence.keypoint_names
        frame_rate, credits = observed.evidence.frame_rate, [observed.evidence.credit, *credits]
    return Result(
        samples=_numpy(step.sample),
        root=_numpy(step.root),
        energy=_numpy(energy),
        skeleton=pose.prior.skeleton,
        frame_rate=frame_rate,
        credit=" ".join(credits).strip(),
        projected=_numpy(projected),
        observed=points.astype(np.float32),
        weights=weights.astype(np.float32),
        keypoint_names=names,
    )


def _numpy(tensor: torch.Tensor) -> Any:
    return tensor.detach().cpu().to(torch.float32).contiguous().numpy()


class NewFolder:
    """A temporary folder beside `out` that takes its name at the end, or vanishes."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def __enter__(self) -> Path:
        self.made = make_folders(self.out.parent)
        try:
            self.folder = Path(tempfile.mkdtemp(dir=self.out.parent, prefix=f".{self.out.name}."))
        except OSError as error:
            raise UserError(f"--out {self.out} cannot be written ({error.strerror}).") from None
        return self.folder

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            self.folder.chmod(0o755)
            if self.out.is_dir():
                self.out.rmdir()
            self.folder.rename(self.out)
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in self.made:
            folder.rmdir()
        if isinstance(error, OSError):
            raise UserError(f"--out {self.out} cannot be written ({error.strerror}).") from None
