"""Clips drawn from the recordings of motion sets, with where they come from."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Int
from torch import Tensor

from platypose.api import UserError
from platypose.motion import MotionSet


@attrs.frozen(kw_only=True, eq=False)
class Drawn:
    """Clips, each frame relative to its root.

    Attributes:
        clips: metres, z up.
        recording: of each clip, as a number.
    """

    clips: Float[Tensor, "B F J 3"]
    recording: Int[Tensor, " B"]


class Recorded:
    """All recordings of some splits of motion sets.

    Arguments:
        sets: the motion sets and the split to take of each.

    Raises:
        UserError: there is no recording.
    """

    def __init__(self, sets: Mapping[str, tuple[MotionSet, str]]) -> None:
        self.recordings = [
            (motion, clip)
            for motion, split in sets.values()
            for clip in motion.clips
            if clip.split == split
        ]
        if not self.recordings:
            names = ", ".join(sorted({split for _, split in sets.values()}))
            raise UserError(f"--data: no motion set has a recording in the split {names!r}.")

    @property
    def frames(self) -> int:
        """In all."""
        return sum(clip.frames for _, clip in self.recordings)

    def can_give(self, frames: int) -> bool:
        """Whether any recording is that long."""
        return any(clip.frames >= frames for _, clip in self.recordings)

    def draw(self, batch: int, frames: int, generator: torch.Generator) -> Drawn:
        """Clips that begin anywhere.

        Arguments:
            batch: B.
            frames: F.
            generator: on the CPU.
        """
        total = int(self._starts(frames).sum())
        return self._at(torch.randint(total, (batch,), generator=generator).numpy(), frames)

    def spread(self, batch: int, frames: int) -> Drawn:
        """At most `batch` clips, evenly over all of them."""
        total = int(self._starts(frames).sum())
        picks = np.linspace(0, total - 1, min(batch, total)).round().astype(np.int64)
        return self._at(picks, frames)

    def _starts(self, frames: int) -> npt.NDArray[np.int64]:
        """How many clips of `frames` frames begin in each recording."""
        starts = np.array([max(c.frames - frames + 1, 0) for _, c in self.recordings], np.int64)
        if not starts.any():
            raise UserError(f"--data: no recording has {frames} frames; lower --frames.")
        return starts

    def _at(self, picks: npt.NDArray[np.int64], frames: int) -> Drawn:
        ends = self._starts(frames).cumsum()
        recording = np.searchsorted(ends, picks, side="right")
        clips = []
        for pick, number in zip(picks, recording):
            motion, clip = self.recordings[number]
            start = clip.start + int(pick) - int(ends[number - 1] if number else 0)
            clips.append(np.asarray(motion.positions[start : start + frames], np.float32))
        positions = torch.from_numpy(np.stack(clips))
        return Drawn(
            clips=positions - positions[:, :, :1], recording=torch.from_numpy(recording.copy())
        )
