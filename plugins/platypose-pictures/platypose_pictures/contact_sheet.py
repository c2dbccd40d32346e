"""Free samples of a prior, side by side."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from platypose.lifting.result import Result
from platypose_pictures.chosen_frames import chosen_frames
from platypose_pictures.config import PicturesConfig
from platypose_pictures.heading import front_view, left_of, mean_left_of
from platypose_pictures.page import SMALL, page, panel_width
from platypose_pictures.poses import draw, floor, limits

MOST = 36
"""Poses on the sheet."""


def contact_sheet(result: Result, config: PicturesConfig) -> Figure:
    """Poses as seen by one whom they face; of clips, one row each.

    Arguments:
        result: free samples.
        config: how many frames of a clip, and of how many clips.
    """
    frames = list(chosen_frames(result.samples.shape[1], config.frames))
    count = min(len(result.samples), config.hypotheses, max(MOST // len(frames), 1))
    samples = result.samples[:count]
    if samples.shape[1] == 1:
        left = left_of(samples, result.skeleton)
    else:
        means = [mean_left_of(clip, result.skeleton) for clip in samples]
        left = np.stack(means)[:, None]
    seen = front_view(samples[:, frames], left)
    seen[..., 1] -= seen[..., 1].min((1, 2), keepdims=True)
    columns = len(frames) if len(frames) > 1 else _columns(count)
    rows = math.ceil(count * len(frames) / columns)
    low, high = limits(seen)
    gap = (0.08, 0.1)
    width = panel_width(columns, gap[0], 1.5)
    what = "Poses" if len(frames) == 1 else "Clips"
    figure, axes = page(
        rows,
        columns,
        panel=(width, float(width * (high - low)[1] / (high - low)[0])),
        gap=gap,
        title="Samples of the prior",
        caption=f"{what} ({count} of {len(result.samples)}), each seen from its front. Metres; "
        f"0 is the lowest joint. {result.credit}".strip(),
    )
    places = [ax for line in axes for ax in line]
    for ax, pose in zip(places, seen.reshape(-1, *seen.shape[2:])):
        floor(ax, low, high)
        draw(ax, result, pose[None], width=1.6)
    for ax in places[count * len(frames) :]:
        ax.set_axis_off()
    for number, ax in enumerate(places[: count * len(frames)]):
        ax.tick_params(labelleft=number % columns == 0)
        ax.tick_params(labelbottom=number >= count * len(frames) - columns)
        if number % columns == 0:
            ax.set_ylabel("height (m)", size=SMALL, labelpad=2)
    if len(frames) > 1:
        for frame, ax in zip(frames, axes[0]):
            ax.set_title(f"{frame / result.frame_rate:.2f} s", size=SMALL, pad=3)
    return figure


def _columns(count: int) -> int:
    """As few empty places as there can be in a sheet that is wider than high."""
    shortest = math.ceil(math.sqrt(count))
    wanted = math.sqrt(3 * count)
    return min(range(shortest, 2 * shortest + 1), key=lambda c: (-count % c, abs(c - wanted)))
