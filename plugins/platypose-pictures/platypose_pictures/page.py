"""A figure of equal panels, laid out in inches.

Figures are made without pyplot, so that no global state of matplotlib is touched.
"""

from __future__ import annotations

import textwrap

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from platypose_pictures.strokes import LEFT, MIDDLE, RIGHT

WIDTH = 10.0
"""Of a figure, at most, inches."""
NARROWEST = 5.2
"""Of a figure, inches."""
INK = "#222222"
PALE = "#8a8a8a"
SMALL = 7.5
"""Font size of labels, points."""

_LEFT, _RIGHT, _EDGE = 0.62, 0.12, 0.12
_LINE = 0.14


def page(
    rows: int,
    columns: int,
    *,
    panel: tuple[float, float],
    gap: tuple[float, float],
    title: str,
    caption: str,
    margin: float = _LEFT,
    right: float = _RIGHT,
    head: float = 0.0,
    sides: bool = True,
) -> tuple[Figure, list[list[Axes]]]:
    """Panels under a title and over a caption.

    Arguments:
        rows: of panels.
        columns: of panels.
        panel: width and height of each, inches.
        gap: between panels, across and down, inches.
        title: of the figure.
        caption: what is drawn, and whose data; wrapped to the width.
        margin: at the left, inches.
        right: margin, inches.
        head: further room above the first row, inches.
        sides: whether to show the colours of left, middle and right.

    Returns:
        the figure and its axes by row and column.
    """
    content = columns * panel[0] + (columns - 1) * gap[0]
    width = max(margin + content + right, NARROWEST)
    left = margin + (width - margin - content - right) / 2
    lines = textwrap.wrap(caption, int(width * 18))
    top = head + (0.62 if sides else 0.42)
    bottom = 0.42 + _EDGE + _LINE * len(lines)
    height = top + rows * panel[1] + (rows - 1) * gap[1] + bottom
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(
        _EDGE / width,
        1 - _EDGE / height,
        title,
        size=10.5,
        weight="bold",
        color=INK,
        ha="left",
        va="top",
    )
    figure.text(
        _EDGE / width,
        _EDGE / height,
        plain("\n".join(lines)),
        size=6.8,
        color="#555555",
        ha="left",
        va="bottom",
        linespacing=1.25,
    )
    if sides:
        _sides(figure, width, height)
    axes = [
        [
            figure.add_axes(
                (
                    (left + column * (panel[0] + gap[0])) / width,
                    1 - (top + row * (panel[1] + gap[1]) + panel[1]) / height,
                    panel[0] / width,
                    panel[1] / height,
                )
            )
            for column in range(columns)
        ]
        for row in range(rows)
    ]
    for ax in (ax for line in axes for ax in line):
        ax.tick_params(
            labelsize=SMALL - 1, length=2, width=0.5, pad=1.5, color=PALE, labelcolor="#555555"
        )
        for spine in ax.spines.values():
            spine.set(linewidth=0.5, color="#bbbbbb")
    return figure, axes


def panel_width(columns: int, gap: float, widest: float) -> float:
    """Inches for each of so many panels beside each other."""
    return min((WIDTH - _LEFT - _RIGHT - (columns - 1) * gap) / columns, widest)


def plain(text: str) -> str:
    """Text of others, in which a dollar sign does not begin a formula."""
    return text.replace("$", r"\$")


def _sides(figure: Figure, width: float, height: float) -> None:
    figure.legend(
        handles=[
            Line2D([], [], color=colour, linewidth=2, label=label)
            for colour, label in ((LEFT, "left"), (MIDDLE, "middle"), (RIGHT, "right"))
        ],
        loc="upper left",
        bbox_to_anchor=(_EDGE / width, 1 - 0.29 / height),
        borderpad=0,
        borderaxespad=0,
        ncols=3,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        handlelength=1.4,
        columnspacing=1.4,
    )
