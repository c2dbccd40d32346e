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
        sizes = torch.tensor([len(p.positions) for p in parts])
        # Frames of a set weigh less the more there are of them: a set counts by a root of its size.
        self.weight = torch.repeat_interleave(sizes.double().rsqrt(), sizes).to(device)
        self._starts: dict[int, tuple[Tensor, Tensor]] = {}

    def draw(
        self, batch: int, frames: int, generator: torch.Generator, *, rates: float = 0.0
    ) -> Float[Tensor, "B F J 3"]:
        """Clips of `frames` frames that start anywhere, each frame relative to its root, metres.

        Of two sets, the one with four times as many clips gives twice as many, so that a large
        set does not drown the others.

        Arguments:
            batch: B.
            frames: F.
            generator: of all randomness.
            rates: each clip is played faster or slower by a factor between 1 / (1 + rates) and
                1 + rates, as far as its recording is long enough.

        Raises:
            UserError: no recording is that long.
        """
        starts, ends = self._starts_and_ends(frames)
        device = self.positions.device
        place = torch.rand(batch, generator=generator, device=device, dtype=ends.dtype) * ends[-1]
        start = starts[torch.searchsorted(ends, place).clamp(max=len(starts) - 1)][:, None]
        index = torch.arange(frames, device=device)
        if rates == 0 or frames == 1:
            return self.positions[start + index]
        wish = (2 * torch.rand(batch, 1, generator=generator, device=device) - 1) * rates
        factor = torch.where(wish < 0, 1 / (1 - wish), 1 + wish)
        longest = (self.remaining[start] - 1) / (frames - 1)
        return self._between(start, index * torch.minimum(factor, longest))

    def _between(
        self, start: Int[Tensor, "B 1"], time: Float[Tensor, "B F"]
    ) -> Float[Tensor, "B F J 3"]:
        """Positions at fractional frames after `start`, by cubic interpolation (Catmull-Rom)."""
        whole = time.floor()
        part = (time - whole)[..., None, None]
        first = whole.long()
        last = self.remaining[start] - 1
        before, here, there, after = (
            self.positions[start + torch.minimum((first + k).clamp(min=0), last)]
            for k in (-1, 0, 1, 2)
        )
        slope, next_slope = (there - before) / 2, (after - here) / 2
        jump = there - here
        return here + part * (
            slope
            + part * (3 * jump - 2 * slope - next_slope + part * (slope + next_slope - 2 * jump))
        )

    def starts(self, frames: int) -> Int[Tensor, " N"]:
        """Where clips of `frames` frames can start.

        Raises:
            UserError: no recording is that long.
        """
        return self._starts_and_ends(frames)[0]

    def _starts_and_ends(self, frames: int) -> tuple[Tensor, Tensor]:
        """The starts, and the sum of the weights up to each of them."""
        if frames not in self._starts:
            starts = (self.remaining >= frames).nonzero().squeeze(-1)
            if not len(starts):
                raise UserError(
                    f"No recording of the split {self.split!r} has {frames} frames; train.frames "
                    "must be smaller."
                )
            self._starts[frames] = starts, self.weight[starts].cumsum(0)
        return self._starts[frames]

    def scale(self) -> float:
        """Root mean square of a coordinate, metres: the unit of the denoiser's poses."""
        return float(self.positions[:, 1:].square().mean().sqrt())
