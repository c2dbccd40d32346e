"""Which frames are drawn."""

from __future__ import annotations

import numpy as np


def chosen_frames(frames: int, count: int) -> tuple[int, ...]:
    """At most `count` of so many frames, evenly spread, the first and the last among them.

    A single one is that in the middle.
    """
    if count == 1:
        return (frames // 2,)
    return tuple(int(f) for f in np.unique(np.linspace(0, frames - 1, count).round()))
