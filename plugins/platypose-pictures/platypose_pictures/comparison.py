"""Pictures of the rows of `platypose compare`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from platypose.evaluation.compare.rows import alike
from platypose.evaluation.compare.table import conditions
from platypose_pictures.page import INK, PALE, SMALL, page, plain

Row = Mapping[str, Any]
Style = Literal["-", "--", ":"]

SHADES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1A1A1A")
"""Of Okabe and Ito, without the yellow, which is faint on white."""
STYLES: tuple[Style, ...] = ("-", "--", ":")
"""Of lines, once the shades are used up."""
PANEL = 2.5
"""Side of a panel, inches."""
HEAD = 0.25
"""Room above a line of panels for its conditions, inches."""


def figures(content: Mapping[str, Any]) -> dict[str, Figure]:
    """Scores, calibration curves and best-of-H errors, by file name.

    Arguments:
        content: with "rows", those of `platypose compare`.
    """
    rows = content["rows"]
    if not rows:
        return {}
    return {
        "scores.png": scores(rows),
        "calibration.png": by_calls(rows, "Calibration", CALIBRATION, _calibration),
        "best-of.png": by_calls(rows, "Best of several hypotheses (mm)", BEST, _best_of),
    }


CALIBRATION = (
    "Share of truths within the central share of the hypotheses, median over joints. Above the "
    "diagonal hypotheses are spread too widely, below it too narrowly."
)
BEST = (
    "Error of the best hypothesis of a clip, the mean over all subsets of that many of the "
    "hypotheses that were drawn."
)


def scores(rows: Sequence[Row]) -> Figure:
    """The energy score against denoiser calls and against seconds, a line for each sampler."""
    groups, looks = alike(rows), _looks(rows)
    figure, axes = page(
        len(groups),
        2,
        panel=(1.3 * PANEL, PANEL),
        gap=(0.55, 0.8),
        title="Energy score by denoiser calls and by time",
        caption=f"Bars: standard deviation over repeats, where there are some. {_credit(rows)}",
        right=_legend_width(looks),
        head=HEAD,
        sides=False,
    )
    for line, group in zip(axes, groups):
        for ax, key, label in zip(line, ("calls", "seconds"), ("denoiser calls", "s/frame")):
            for name, (shade, style) in looks.items():
                own = sorted((r for r in group if r["label"] == name), key=lambda r: r["calls"])
                ax.errorbar(
                    [row[key] for row in own],
                    [row["energy_score"] for row in own],
                    [row["energy_score_sd"] or 0.0 for row in own],
                    color=shade,
                    linestyle=style,
                    linewidth=1.2,
                    marker="o",
                    markersize=3,
                    elinewidth=0.8,
                )
            _logarithmic(ax)
            ax.set_ylim(bottom=0)
            if key == "calls":
                ax.set_xticks(sorted({row["calls"] for row in group}))
            ax.set_xlabel(label, size=SMALL)
            _finish(ax)
        line[0].set_ylabel("energy score (mm)", size=SMALL)
        _under(line[0], group[0])
    _legend(figure, axes[0][-1], looks)
    return figure


def by_calls(
    rows: Sequence[Row], title: str, caption: str, draw: Callable[[Axes, Row, str, Style], None]
) -> Figure:
    """A panel for each number of calls with a line for each sampler.

    Arguments:
        rows: of the comparison.
        title: of the figure.
        caption: what is drawn.
        draw: draws a row in a shade and a style.
    """
    groups, looks = alike(rows), _looks(rows)
    calls = sorted({row["calls"] for row in rows})
    side = min(PANEL, (9.0 - 0.3 * len(calls)) / len(calls))
    figure, axes = page(
        len(groups),
        len(calls),
        panel=(side, side),
        gap=(0.3, 0.8),
        title=title,
        caption=f"{caption} {_credit(rows)}",
        right=_legend_width(looks),
        head=HEAD,
        sides=False,
    )
    for line, group in zip(axes, groups):
        for ax, number in zip(line, calls):
            own = [row for row in group if row["calls"] == number]
            ax.set_visible(bool(own))
            for row in own:
                draw(ax, row, *looks[row["label"]])
            ax.set_title(f"{number} calls", size=SMALL, color=INK)
            _finish(ax)
        highest = max(ax.get_ylim()[1] for ax in line)
        for ax in line:
            ax.set_ylim(0, highest)
        shown = [ax for ax in line if ax.get_visible()]
        for ax in shown[1:]:
            ax.tick_params(labelleft=False)
        _under(shown[0], group[0])
    _legend(figure, axes[0][-1], looks)
    return figure


def _calibration(ax: Axes, row: Row, shade: str, style: Style) -> None:
    curve = row["calibration"]
    ax.plot([0, 1], [0, 1], color=PALE, linewidth=0.8, linestyle=":")
    ax.plot(curve["quantiles"], curve["median"], color=shade, linestyle=style, linewidth=1.2)
    ax.set(xlim=(0, 1), ylim=(0, 1))


def _best_of(ax: Axes, row: Row, shade: str, style: Style) -> None:
    counts = [int(count) for count in row["best_of"]]
    ax.plot(counts, list(row["best_of"].values()), color=shade, linestyle=style, linewidth=1.2)
    _logarithmic(ax)
    ax.set_xlabel("hypotheses", size=SMALL)


def _logarithmic(ax: Axes) -> None:
    """A logarithmic axis across, with 1, 2 and 5 marked."""
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()


def _under(ax: Axes, row: Row) -> None:
    """Say above the first panel of a line under what conditions it was measured."""
    ax.annotate(
        plain(conditions(row)),
        (0, 1),
        xytext=(0, 17),
        xycoords="axes fraction",
        textcoords="offset points",
        size=SMALL,
        color=INK,
    )


def _looks(rows: Sequence[Row]) -> dict[str, tuple[str, Style]]:
    """A shade and a style for each sampler, the same in every panel."""
    names = dict.fromkeys(row["label"] for row in rows)
    return {
        name: (SHADES[i % len(SHADES)], STYLES[i // len(SHADES) % len(STYLES)])
        for i, name in enumerate(names)
    }


def _legend_width(looks: Mapping[str, Any]) -> float:
    return 0.5 + 0.058 * max(map(len, looks))


def _legend(figure: Figure, ax: Axes, looks: Mapping[str, tuple[str, Style]]) -> None:
    """To the right of the last panel of the first line, which may be empty."""
    place = ax.get_position()
    figure.legend(
        handles=[
            Line2D([], [], color=shade, linestyle=style, linewidth=1.2, label=plain(name))
            for name, (shade, style) in looks.items()
        ],
        loc="upper left",
        bbox_to_anchor=(place.x1, place.y1),
        frameon=False,
        fontsize=SMALL - 0.5,
        labelcolor=INK,
        handlelength=1.6,
    )


def _finish(ax: Axes) -> None:
    ax.grid(color="#ececec", linewidth=0.5)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _credit(rows: Sequence[Row]) -> str:
    return " ".join(dict.fromkeys(row["credit"] for row in rows))
