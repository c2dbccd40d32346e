"""A film of the hypotheses: over the evidence, from the front and from the side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_pictures.chosen_frames import chosen_frames
from platypose_pictures.config import MovieConfig
from platypose_pictures.heading import front_view, mean_left_of, side_view
from platypose_pictures.overlay import box
from platypose_pictures.page import INK, SMALL, page
from platypose_pictures.poses import NEARLY_ALL, floor, limits
from platypose_pictures.strokes import colour, keypoint_limbs, skeletons, translucency

Array = NDArray[Any]

PANEL = (2.6, 3.3)
"""Width and height, inches."""
LOOKED_AT = 24
"""Frames by which the panels' limits are chosen."""


@attrs.frozen(kw_only=True)
class Timing:
    """When which frame of the clip is shown.

    Attributes:
        frames: of the clip, one for each picture of the film.
        rate: pictures per second.
    """

    frames: tuple[int, ...]
    rate: float


def timing(result: Result, config: MovieConfig) -> Timing:
    """The pictures of a film that lasts as long as the clip, divided by the speed.

    A clip of fewer frames a second than the film may have keeps its own.
    """
    count = result.samples.shape[1]
    rate = min(config.frame_rate, result.frame_rate * config.speed)
    pictures = max(1, round(count * rate / (result.frame_rate * config.speed)))
    times = np.arange(pictures) * config.speed / rate
    frames = np.minimum(np.floor(times * result.frame_rate + 1e-6), count - 1)
    return Timing(frames=tuple(int(frame) for frame in frames), rate=float(rate))


def pictures(
    result: Result, evidence: Evidence | None, config: MovieConfig
) -> Iterator[NDArray[np.uint8]]:
    """The film, picture by picture.

    Arguments:
        result: the hypotheses.
        evidence: what they were lifted from, if anything; of several cameras the first is shown.
        config: speed, size and how many hypotheses.

    Returns:
        pictures, (h, w, 3), height and width even, as videos want them.
    """
    seen = evidence is not None and result.projected.size > 0
    figure, axes = page(
        1,
        2 + seen,
        panel=PANEL,
        gap=(0.5, 0.0),
        title="Hypotheses",
        caption=_caption(result, config),
    )
    figure.set_dpi(config.dpi)
    canvas = FigureCanvasAgg(figure)
    clock = figure.text(0.99, 0.98, "", size=SMALL + 1, color=INK, ha="right", va="top")
    panels: list[_Panel] = [_Image(axes[0][0], result, evidence, config)] if seen else []
    panels += _spaces(axes[0][seen:], result, config)
    # Only what moves is drawn anew.
    moving = [clock, *(artist for panel in panels for artist in panel.moving)]
    for artist in moving:
        artist.set_animated(True)
    untyped: Any = canvas
    untyped.draw()
    still = untyped.copy_from_bbox(figure.bbox)
    for frame in timing(result, config).frames:
        untyped.restore_region(still)
        clock.set_text(f"{frame / result.frame_rate:.2f} s")
        for panel in panels:
            panel.show(frame)
        for artist in moving:
            figure.draw_artist(artist)
        picture = np.asarray(untyped.buffer_rgba())[..., :3]
        yield picture[: len(picture) // 2 * 2, : picture.shape[1] // 2 * 2].copy()


class _Panel:
    """Axes with thin hypotheses and, in 3D, their bold mean."""

    def __init__(self, ax: Axes, names: Any, limbs: Any) -> None:
        self.ax, self.names, self.limbs = ax, names, tuple(limbs)
        self.moving: list[Artist] = []

    def lines(self, points: Array, width: float, opacity: float) -> LineCollection:
        """Skeletons, (H, K, 2), as a new artist."""
        artist = skeletons(points, self.names, self.limbs, width=width, opacity=opacity)
        self.ax.add_collection(artist, autolim=False)
        self.moving.append(artist)
        return artist

    def move(self, artist: LineCollection, points: Array) -> None:
        """The same skeletons elsewhere."""
        pairs = np.array(self.limbs, int).reshape(-1, 2)
        artist.set_segments(list(points[:, pairs].reshape(-1, 2, 2)))

    def show(self, frame: int) -> None:
        """Draw a frame."""
        raise NotImplementedError


class _Image(_Panel):
    """The first camera's image."""

    def __init__(
        self, ax: Axes, result: Result, evidence: Evidence | None, config: MovieConfig
    ) -> None:
        assert evidence is not None
        super().__init__(
            ax, result.keypoint_names, keypoint_limbs(result.keypoint_names, result.skeleton)
        )
        self.result = result
        self.projected = result.projected[: config.hypotheses, :, 0]
        chosen = chosen_frames(result.projected.shape[1], LOOKED_AT)
        corners = np.array([box(result, frame, 0) for frame in chosen])
        low, high = corners[:, 0].min(0), corners[:, 1].max(0)
        middle = (low + high) / 2
        width = 1.1 * max((high - low)[0], (high - low)[1] * PANEL[0] / PANEL[1])
        half = np.array([width, width * PANEL[1] / PANEL[0]]) / 2
        ax.set(
            xlim=(middle[0] - half[0], middle[0] + half[0]),
            ylim=(middle[1] + half[1], middle[1] - half[1]),
            aspect="equal",
        )
        ax.set_xlabel(f"{evidence.cameras[0].name}: x (px)".replace("$", r"\$"), size=SMALL)
        self.hypotheses = self.lines(self.projected[:, 0], 0.8, translucency(len(self.projected)))
        shades = [colour(name) for name in self.names]
        nowhere = np.zeros(len(shades))
        self.dots = ax.scatter(nowhere, nowhere, s=13, c=shades, edgecolors="white", linewidths=0.6)
        self.moving.append(self.dots)

    def show(self, frame: int) -> None:
        self.move(self.hypotheses, self.projected[:, frame])
        weights = np.clip(self.result.weights[frame, 0], 0, 1)
        self.dots.set_offsets(self.result.observed[frame, 0])
        self.dots.set_alpha(list(weights))


class _Space(_Panel):
    """Hypotheses in 3D from one side, and their mean."""

    def __init__(self, ax: Axes, result: Result, drawn: Array, mean: Array) -> None:
        super().__init__(ax, result.skeleton.joints, result.skeleton.bones)
        self.drawn, self.mean = drawn, mean
        self.hypotheses = self.lines(drawn[:, 0], 0.7, translucency(len(drawn)))
        self.middle = self.lines(mean[None, 0], 2.0, 1.0)

    def show(self, frame: int) -> None:
        self.move(self.hypotheses, self.drawn[:, frame])
        self.move(self.middle, self.mean[None, frame])


def _spaces(axes: list[Axes], result: Result, config: MovieConfig) -> list[_Panel]:
    """Front and side, roots on the vertical axis."""
    mean = result.samples.mean(0)
    height = np.median(result.root[..., 2], axis=0)
    ground = float((mean[..., 2].min(-1) + height).min())
    lift = np.zeros((len(mean), 1, 3))
    lift[..., 2] = (height - ground)[:, None]
    left = mean_left_of(result.samples, result.skeleton)
    drawn = result.samples[: config.hypotheses] + lift
    chosen = list(chosen_frames(len(mean), LOOKED_AT))
    views = (("leftward (m)", front_view), ("forward (m)", side_view))
    looked = [view(drawn[:, chosen], left) for _, view in views]
    low, high = limits(np.concatenate(looked), NEARLY_ALL)
    size = np.maximum(high - low, (high - low)[::-1] * np.array(PANEL) / np.array(PANEL)[::-1])
    low = np.array([-size[0] / 2, low[1]])
    panels: list[_Panel] = []
    for ax, (across, view) in zip(axes, views):
        floor(ax, low, low + size)
        ax.set_xlabel(across, size=SMALL, labelpad=1)
        panels.append(_Space(ax, result, view(drawn, left), view(mean + lift, left)))
    axes[0].set_ylabel("height (m)", size=SMALL, labelpad=2)
    return panels


def _caption(result: Result, config: MovieConfig) -> str:
    count = min(len(result.samples), config.hypotheses)
    return (
        f"Thin: hypotheses ({count} of {len(result.samples)}). Bold: their mean, hips aligned. "
        f"{result.credit}"
    ).strip()
