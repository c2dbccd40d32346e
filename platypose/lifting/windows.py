"""Evidence of any length, lifted in windows one after another.

A prior of clips knows clips of some length. A longer motion is drawn in windows that overlap, each
hypothesis of one going on from the same hypothesis of the last: in the first half of the overlap
it is held to where it stood, the second half, whose future the last window had not seen, is drawn
again. A prior of single frames needs no overlap; with the same noise in every window a hypothesis
goes on as itself.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save
from torch import Tensor

from platypose.api import Energy, Quadratic, UserError
from platypose.evidence import Evidence, Observed, observe
from platypose.files import write_atomically
from platypose.lifting.config import LiftConfig
from platypose.lifting.guidance import Guidance
from platypose.lifting.pipeline import Platypose, Step
from platypose.lifting.result import Result, ResultStream
from platypose.lifting.root import Placement, placed, solved_root
from platypose.lifting.unfinished import PROGRESS
from platypose.lifting.views import Views

FRAMES = 256
"""Of a window, where the prior knows single frames."""
OVERLAP = 16
"""Frames that a window shares with the last, unless told otherwise, or half of short windows."""
HELD = 0.01
"""Standard deviation of a coordinate of a held joint about where it stood, metres."""
SAMPLES = "samples.safetensors"


@attrs.frozen(kw_only=True)
class Window:
    """Frames that are lifted at once: `start` to `end`, without the last.

    Attributes:
        index: from 0.
        start: the first frame.
        fresh: the first frame that is not held to the last window.
        end: the frame after the last.
        fade: frames before `fresh` over which the last window goes over into this one.
    """

    index: int
    start: int
    fresh: int
    end: int
    fade: int = 0

    @property
    def frames(self) -> NDArray[np.int64]:
        """Their indices."""
        return np.arange(self.start, self.end)


def windows_of(frames: int, length: int, overlap: int) -> tuple[Window, ...]:
    """Windows that cover so many frames.

    Each shares `overlap` frames with the last, and is as long as the first; so the last window
    shares more with the one before it, or, without an overlap, is shorter.
    """
    windows = [Window(index=0, start=0, fresh=0, end=min(length, frames))]
    while (done := windows[-1].end) < frames:
        start = done - overlap
        if overlap:
            start = min(start, frames - length)
        fade = overlap // 2
        windows.append(
            Window(
                index=len(windows),
                start=start,
                fresh=done - overlap + fade,
                end=min(start + length, frames),
                fade=fade,
            )
        )
    return tuple(windows)


def plan(config: LiftConfig, longest: int, frames: int) -> tuple[Window, ...]:
    """The windows of a run.

    Arguments:
        config: has the window and the overlap, or None.
        longest: frames of a clip that the prior knows.
        frames: F of the evidence.

    Raises:
        UserError: the options do not suit the prior, or one another.
    """
    if longest == 1:
        if config.overlap is not None:
            raise UserError("--overlap is for priors of clips; this one knows single frames.")
        return windows_of(frames, config.window or FRAMES, 0)
    length = longest if config.window is None else config.window
    if not 4 <= length <= longest:
        raise UserError(f"--window must be from 4 to {longest} frames with this prior.")
    overlap = min(OVERLAP, length // 2) if config.overlap is None else config.overlap
    if overlap >= length:
        raise UserError(f"--overlap {overlap} must be less than the window's {length} frames.")
    return windows_of(frames, length, overlap)


@attrs.frozen(kw_only=True, eq=False)
class Held:
    """A `CurvedEnergy` that holds each hypothesis, in its first frames, to where it stood.

    Attributes:
        joints: (H, N, J, 3) where it stood in the first N frames, in the world, metres.
        deviation: of each coordinate about that, metres.
    """

    joints: Float[Tensor, "H N J 3"]
    deviation: float = HELD

    def part(self, hypotheses: slice) -> Held:
        """The same of some hypotheses."""
        return attrs.evolve(self, joints=self.joints[hypotheses])

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame of joints in the world, metres."""
        nats = self._error(joints).square().sum((2, 3)) / 2
        return torch.nn.functional.pad(nats, (0, joints.shape[1] - nats.shape[1]))

    @torch.no_grad()
    def quadratic(self, joints: Float[Tensor, "H F J 3"]) -> Quadratic:
        """It is one everywhere."""
        hypotheses, frames, number = joints.shape[:3]
        held = self.joints.shape[1]
        slope = self._error(joints) / self.deviation
        each = torch.zeros(frames).to(joints)
        each[:held] = self.deviation**-2
        block = each[:, None, None, None] * torch.eye(3).to(joints)
        return Quadratic(
            energy=self(joints),
            gradient=torch.nn.functional.pad(slope, (0, 0, 0, 0, 0, frames - held)),
            combination=torch.eye(number).to(joints),
            curvature=block.expand(hypotheses, -1, number, -1, -1),
        )

    def _error(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H N J 3"]:
        """In deviations."""
        return (joints[:, : self.joints.shape[1]] - self.joints) / self.deviation


@attrs.frozen(kw_only=True, eq=False)
class Progress:
    """How far a lift is, after one noise level.

    Attributes:
        index: levels of this window that are done, from 1.
        total: levels of a window.
        energy: the mean, nats a frame, or None.
        window: this window, from 1.
        windows: in all.
        frames: that are done.
        of: frames in all.
        person: who is lifted.
    """

    index: int
    total: int
    energy: float | None
    window: int
    windows: int
    frames: int
    of: int
    person: str


@attrs.frozen(kw_only=True, eq=False)
class Done:
    """What an interrupted run needs to go on.

    Attributes:
        windows: that are done.
        seconds: that they took.
        denoiser_calls: of one window.
        effective_samples: as of `Step`, of the last window.
        samples: (H, N, J, 3) of the frames that the next window is held in, metres.
        root: (H, N, 3) of these, metres.
        seen: (H, N, J, 3) of these, as of `Step`, metres.
        camera: (H, 3) as of `Step`, or (H, 0) where nothing is unknown of it.
    """

    windows: int
    seconds: float
    denoiser_calls: int
    effective_samples: float | None
    samples: NDArray[np.float32]
    root: NDArray[np.float32]
    seen: NDArray[np.float32]
    camera: NDArray[np.float32]

    def write(self, folder: Path) -> None:
        """Beside the samples of a run."""
        figures = attrs.asdict(self, filter=attrs.filters.exclude(*_ARRAYS))
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        with write_atomically(folder / PROGRESS) as file:
            file.write(save(arrays, metadata={"platypose": json.dumps(figures)}))

    @classmethod
    def read(cls, folder: Path) -> Done | None:
        """None where no window is done."""
        path = folder / PROGRESS
        if not path.is_file():
            return None
        with safe_open(path, framework="numpy") as file:
            figures = json.loads(file.metadata()["platypose"])
            arrays = {name: file.get_tensor(name) for name in _ARRAYS}
        return cls(**arrays, **figures)


_ARRAYS = ("samples", "root", "seen", "camera")


class LongLift:
    """One person's evidence, to be lifted window by window.

    Arguments:
        config: the run.
        evidence: of that person; heatmaps may lie on the disk.
        pose: the prior.

    Raises:
        UserError: the options do not go together, or the evidence shows too little.
    """

    def __init__(self, config: LiftConfig, evidence: Evidence, pose: Platypose) -> None:
        self.config, self.evidence, self.pose = config, evidence, pose
        self.windows = plan(config, pose.prior.header.frames, evidence.num_frames)
        self.placement: Placement | None = None
        if len(self.windows) > 1 and config.root == "unknown":
            self._place()

    def guidance(self, frames: NDArray[np.int64]) -> Guidance:
        """The energies of some frames.

        Raises:
            UserError: the evidence lacks what they need.
        """
        try:
            return self.pose.energy(
                self.evidence.at(frames),
                *self.config.energies,
                root=self.config.root,
                placement=None if self.placement is None else self.placement.at(frames),
            )
        except UserError as error:
            raise self._of_evidence(error) from None

    def run(self, folder: Path, progress: Callable[[Progress], None]) -> Done:
        """Write the samples of all windows, from where an earlier run in that folder stopped.

        Arguments:
            folder: has or receives samples.safetensors and what is needed to go on.
            progress: called after each noise level.
        """
        done = Done.read(folder)
        for window in self.windows[0 if done is None else done.windows :]:
            guidance = self.guidance(window.frames)
            began = time.perf_counter()
            step = self._sample(window, guidance, done, progress)
            seconds = time.perf_counter() - began
            if done is not None and window.fade:
                step = _faded(step, done, window)
            result = lifted(self.pose, step, guidance)
            written = max(window.start, window.fresh - window.fade)
            with (folder / SAMPLES).open("wb" if done is None else "r+b") as file:
                stream = ResultStream(file, result, self.evidence.num_frames)
                stream.write(written, result.at(np.arange(written, window.end) - window.start))
                os.fsync(file.fileno())
            done = self._done(window, step, result, done, seconds)
            if len(self.windows) > 1:
                done.write(folder)
        assert done is not None, "there is a window at least"
        return done

    def _place(self) -> None:
        """Find the first guess of the root: where nothing is seen it depends on other windows."""
        evidence, context = self.evidence, self.pose.context()
        try:
            if evidence.joints_3d is not None:
                bare = attrs.evolve(evidence, heatmaps=None, cell_to_pixel=None)
                solved_root(observe(bare, context.skeleton), None, context)  # it checks every frame
            elif evidence.cameras:
                self.placement = placed(self._pieces(), context)
        except UserError as error:
            raise self._of_evidence(error) from None

    def _pieces(self) -> Iterator[tuple[Observed, Views]]:
        context = self.pose.context()
        for piece in windows_of(self.evidence.num_frames, FRAMES, 0):
            observed = observe(self.evidence.at(piece.frames), context.skeleton)
            yield observed, Views.of(observed, context)

    def _sample(
        self,
        window: Window,
        guidance: Guidance,
        done: Done | None,
        progress: Callable[[Progress], None],
    ) -> Step:
        config = self.config
        energy, scale, seed = guidance, config.energy_scale, config.seed
        if done is not None and guidance.unknown is not None and done.camera.size:
            drawn = torch.from_numpy(done.camera).to(self.pose.prior.device, self.pose.dtype)
            energy = attrs.evolve(guidance, unknown=guidance.unknown.fixed(drawn))
        if window.fade:
            assert done is not None, "windows come in their order"
            joints = torch.from_numpy(done.seen).to(self.pose.prior.device, self.pose.dtype)
            held: Energy = Held(joints=joints)
            scaled = [(scale * share, term) for share, term in guidance.energies]
            energy, scale = attrs.evolve(energy, energies=(*scaled, (1.0, held))), 1.0
            seed = seed_of(config.seed, window.index)
        steps = self.pose.sample(
            config.samples,
            window.end - window.start,
            energy=energy,
            energy_scale=scale,
            sampler=config.sampler,
            seed=seed,
            chunk=config.chunk,
        )
        for step in steps:
            progress(
                Progress(
                    index=step.index,
                    total=step.total,
                    energy=None if step.energy is None else float(step.energy.mean()),
                    window=window.index + 1,
                    windows=len(self.windows),
                    frames=window.fresh if step.index < step.total else window.end,
                    of=self.evidence.num_frames,
                    person=config.person,
                )
            )
        return step

    def _done(
        self, window: Window, step: Step, result: Result, before: Done | None, seconds: float
    ) -> Done:
        following = self.windows[window.index + 1 : window.index + 2]
        held = slice(0, 0)
        for next_window in following:
            held = slice(next_window.start - window.start, next_window.fresh - window.start)
        return Done(
            windows=window.index + 1,
            seconds=seconds + (0.0 if before is None else before.seconds),
            denoiser_calls=step.denoiser_calls,
            effective_samples=step.effective_samples,
            samples=np.ascontiguousarray(result.samples[:, held]),
            root=np.ascontiguousarray(result.root[:, held]),
            seen=_numpy(step.seen[:, held]),
            camera=_numpy(step.root[:, 0, :0] if step.camera is None else step.camera),
        )

    def _of_evidence(self, error: UserError) -> UserError:
        return UserError(f"{', '.join(map(str, self.config.evidence))}: {error}")


def seed_of(seed: int, window: int) -> int:
    """The seed of a window, the run's own for the first."""
    if window == 0:
        return seed
    return int(np.random.SeedSequence((seed, window)).generate_state(1, np.uint64)[0] >> 1)


def _faded(step: Step, before: Done, window: Window) -> Step:
    """The frames that were held go over from where they stood to where they are now."""
    held, fade = window.fresh - window.start, window.fade
    share = torch.zeros(held)
    share[held - fade :] = torch.arange(1, fade + 1) / (fade + 1)

    def mixed(new: Tensor, old: NDArray[np.float32]) -> Tensor:
        weight = share.to(new).reshape(1, -1, *(1,) * (new.ndim - 2))
        start = torch.lerp(torch.from_numpy(old).to(new), new[:, :held], weight)
        return torch.cat([start, new[:, held:]], 1)

    return attrs.evolve(
        step,
        sample=mixed(step.sample, before.samples),
        root=mixed(step.root, before.root),
        seen=mixed(step.seen, before.seen),
    )


def lifted(pose: Platypose, step: Step, guidance: Guidance | None) -> Result:
    """The hypotheses of a step; without guidance they have neither energy nor projections."""
    header = pose.prior.header
    hypotheses, frames = step.root.shape[:2]
    energy = torch.zeros(hypotheses, frames)
    projected = torch.zeros(hypotheses, frames, 0, 0, 2)
    points, weights = np.zeros((frames, 0, 0, 2)), np.zeros((frames, 0, 0))
    names: tuple[str, ...] = ()
    frame_rate, credits = header.frame_rate, [header.credit]
    if guidance is not None:
        observed = guidance.observed
        energy = guidance(step.seen)
        points, weights = observed.points, observed.weights
        projected = torch.zeros(hypotheses, *points.shape)
        if guidance.views is not None:
            projected = guidance.views(step.seen)
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
