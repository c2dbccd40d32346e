"""Random clips from motion sets, held on the device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from platypose.api import UserError
from platypose.motion import MotionSet


class Clips:
    """Root-relative clips of one split of some motion sets.

    Arguments:
        sets: of one skeleton and frame rate.
        split: which clips.
        device: where the positions are kept.

    Raises:
        UserError: the sets do not go together.
    """

    def __init__(self, sets: Sequence[MotionSet], split: str, device: torch.device) -> None:
        if len({(s.skeleton, s.frame_rate) for s in sets}) != 1:
            raise UserError("The motion sets differ in skeleton or frame rate.")
        self.split = split
        parts = [s.split(split) for s in sets]
        positions = torch.cat([torch.from_numpy(p.positions.copy()) for p in parts])
        self.positions = (positions - positions[:, :1]).to(device)
        lengths = [clip.frames for part in parts for clip in part.clips]
        ends = torch.tensor(lengths).cumsum(0)
        # For every frame, how many frames of its clip follow, itself counted.
        self.remaining = (
            torch.repeat_interleave(ends, torch.tensor(lengths)) - torch.arange(len(positions))
        ).to(device)
        self._starts: dict[int, Tensor] = {}

    def draw(self, batch: int, frames: int, generator: torch.Generator) -> Float[Tensor, "B F J 3"]:
        """Clips of `frames` frames that start anywhere, each frame relative to its root, metres.

        Raises:
            UserError: no recording is that long.
        """
        starts = self.starts(frames)
        pick = torch.randint(
            len(starts), (batch,), generator=generator, device=self.positions.device
        )
        index = starts[pick][:, None] + torch.arange(frames, device=self.positions.device)
        return self.positions[index]

    def starts(self, frames: int) -> Int[Tensor, " N"]:
        """Where clips of `frames` frames can start.

        Raises:
            UserError: no recording is that long.
        """
        if frames not in self._starts:
            self._starts[frames] = (self.remaining >= frames).nonzero().squeeze(-1)
        starts = self._starts[frames]
        if not len(starts):
            raise UserError(
                f"No recording of the split {self.split!r} has {frames} frames; train.frames must "
                "be smaller."
            )
        return starts

    def scale(self) -> float:
        """Root mean square of a coordinate, metres: the unit of the denoiser's poses."""
        return float(self.positions[:, 1:].square().mean().sqrt())
