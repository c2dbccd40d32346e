"""What is lifted and scored: runs of frames of recordings, and what was seen of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.evidence import Evidence

TOGETHER = 64
"""Clips of one frame that one camera sees together, so that the denoiser is given full batches."""


@attrs.frozen(kw_only=True)
class Excerpt:
    """One clip: consecutive frames of one person.

    Attributes:
        recording: its name.
        subject: the person.
        data_set: where it comes from.
        action: what is done, or nothing.
        source: index of the recording in its source.
        start: its first frame in the recording.
        frames: how many.
    """

    recording: str
    subject: str
    data_set: str
    action: str
    source: int
    start: int
    frames: int


@attrs.frozen(kw_only=True, eq=False)
class Scene:
    """Clips that one evidence shows, their frames one after another.

    Attributes:
        excerpts: the clips.
        evidence: what was seen, without the truth but for `root`.
        truth: (F, J, 3) joints in the world, metres.
        measured: (J,) of which joints that is known, the root among them; None for all.
    """

    excerpts: tuple[Excerpt, ...]
    evidence: Evidence
    truth: NDArray[np.float64]
    measured: NDArray[np.bool_] | None = None


@runtime_checkable
class Source(Protocol):
    """Where clips come from."""

    @property
    def credit(self) -> str:
        """Whom to thank for the data."""
        ...

    def excerpts(self) -> Sequence[Excerpt]:
        """All clips there are, in a fixed order."""
        ...

    def group(self, chosen: Sequence[Excerpt], *, together: int) -> list[tuple[Excerpt, ...]]:
        """Put those beside each other that one evidence can show, at most so many."""
        ...

    def see(self, group: tuple[Excerpt, ...], number: int) -> Scene | None:
        """What was seen of a group; clips that no camera sees whole are left out.

        Arguments:
            group: as `group` made it.
            number: its place among all groups, from which whatever is drawn is drawn.
        """
        ...


def cut(length: int, frames: int, spacing: int) -> list[tuple[int, int]]:
    """Start and length of the clips of a recording: whole ones, or one that is shorter."""
    if length < frames:
        return [(0, length)]
    step = max(frames, spacing)
    return [(start, frames) for start in range(0, length - frames + 1, step)]
