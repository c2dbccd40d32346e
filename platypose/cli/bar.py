"""The bar of commands that lift."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

CLIPS = "clip {task.completed:.0f}/{task.total:.0f}"


def bar_of(
    before: str, after: str = "", *, elapsed: bool = False, speed_over: float = 30
) -> Progress:
    """A bar on the error stream between two texts, and the time that remains.

    Arguments:
        before: rich's text of the left, with `{task.…}`.
        after: of the right, if any.
        elapsed: show the time that went by, too.
        speed_over: the time that remains follows from the speed in so many seconds.
    """
    columns: list[ProgressColumn] = [TextColumn(before), BarColumn()]
    if after:
        columns.append(TextColumn(after))
    if elapsed:
        columns.append(TimeElapsedColumn())
    columns.append(TimeRemainingColumn(compact=True))
    return Progress(*columns, console=Console(stderr=True), speed_estimate_period=speed_over)


class Speed:
    """Frames a second since the first report on a person."""

    def __init__(self) -> None:
        self.person, self.began, self.first = "", 0.0, 0

    def __call__(self, person: str, frames: int) -> str:
        if person != self.person or not self.began:
            self.person, self.began, self.first = person, time.monotonic(), frames
        done = frames - self.first
        return f", {done / (time.monotonic() - self.began):.1f} frames/s" if done else ""
