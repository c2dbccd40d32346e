"""Pictures of the figures of `platypose evaluate`, `evaluate-prior` and `compare`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from platypose.api import BuildContext
from platypose_pictures import comparison, prior
from platypose_pictures.config import EvaluationPicturesConfig
from platypose_pictures.page import INK, PALE, SMALL, page
from platypose_pictures.strokes import colour

BAR = 0.19
"""Height of one bar's row, inches."""
BARS = 40
"""Groups drawn at most, those of most clips."""


@attrs.frozen(kw_only=True)
class EvaluationPictures:
    """A `Report` of PNG files."""

    config: EvaluationPicturesConfig

    def write(self, content: Mapping[str, Any], folder: Path) -> tuple[Path, ...]:
        """Draw and write.

        Arguments:
            content: the results of `platypose evaluate`, `evaluate-prior` or `compare`; nothing
                is drawn of anything else.
            folder: where to write; it exists.

        Returns:
            calibration.png, joints.png, stances.png and, where actions are known, actions.png; of
            a prior denoising.png and nearest.png; of a comparison scores.png, calibration.png and
            best-of.png.
        """
        figures = _figures(content)
        for name, figure in figures.items():
            figure.savefig(folder / name, dpi=self.config.dpi)
        return tuple(folder / name for name in figures)


def _figures(content: Mapping[str, Any]) -> dict[str, Figure]:
    if content.get("kind") == "prior-evaluation":
        return prior.figures(content)
    if content.get("kind") == "comparison":
        return comparison.figures(content)
    if content.get("kind") != "evaluation" or not content["clips"]:
        return {}
    figures = {"calibration.png": calibration(content), "joints.png": joints(content)}
    for group in ("stance", "action"):
        rows = content[f"by_{group}"]
        if len(rows) > 1 or group == "stance":
            figures[f"{group}s.png"] = groups(content, group)
    return figures


def build(config: EvaluationPicturesConfig, context: BuildContext) -> EvaluationPictures:
    """The report of `config`."""
    return EvaluationPictures(config=config)


def calibration(content: Mapping[str, Any]) -> Figure:
    """How often the truth lies within the central share q of the hypotheses, against q."""
    figure, [[ax]] = page(
        1,
        1,
        panel=(3.6, 3.6),
        gap=(0.0, 0.0),
        title="Calibration",
        caption="Above the diagonal the hypotheses are spread too widely, below it too narrowly. "
        + _about(content),
        sides=False,
    )
    curve = content["calibration"]
    q = curve["quantiles"]
    ax.plot([0, 1], [0, 1], color=PALE, linewidth=0.8, linestyle=":")
    for kind, style, name in (("median", "-", "ece"), ("mean", "--", "ece_mean")):
        label = f"{kind} over joints, ECE {content[name]:.3f}"
        ax.plot(q, curve[kind], color=INK, linewidth=1.2, linestyle=style, label=label)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    ax.set_xlabel("central share of the hypotheses", size=SMALL)
    ax.set_ylabel("share of truths within it", size=SMALL)
    ax.legend(loc="upper left", frameon=False, fontsize=SMALL, labelcolor=INK)
    _grid(ax, "both")
    return figure


def joints(content: Mapping[str, Any]) -> Figure:
    """Error and calibration error of each joint."""
    rows = content["by_joint"]
    names = list(rows)
    figure, [axes] = page(
        1,
        2,
        panel=(3.4, BAR * len(names)),
        gap=(0.25, 0.0),
        title="Error by joint",
        caption="Bars: mean over hypotheses; marks: error of the posterior mean; relative to the "
        "root. " + _about(content),
        margin=1.0,
        right=0.2,
    )
    _bars(axes[0], names, rows, [colour(name) for name in names], "error (mm)")
    values = [rows[name]["ece"] for name in names]
    for place, (name, value) in enumerate(zip(names, values)):
        if value is not None:
            axes[1].barh(place, value, height=0.65, color=colour(name))
    axes[1].set_xlabel("calibration error", size=SMALL)
    axes[1].tick_params(labelleft=False)
    axes[1].set_ylim(len(names) - 0.4, -0.6)
    _grid(axes[1], "x")
    return figure


def groups(content: Mapping[str, Any], group: str) -> Figure:
    """Error and energy score by stance or by action."""
    rows = content[f"by_{group}"]
    kept = sorted(rows, key=lambda name: -rows[name]["clips"])[:BARS]
    names = sorted(kept, key=lambda name: rows[name]["mpjpe_mean"])
    named = {f"{name} ({rows[name]['clips']})": rows[name] for name in names}
    figure, [axes] = page(
        1,
        2,
        panel=(3.4, max(BAR * len(names), 0.6)),
        gap=(0.25, 0.0),
        title=f"Error by {group}",
        caption="Bars: mean over hypotheses; marks: error of the posterior mean; relative to the "
        "root. In brackets the number of clips. " + _about(content),
        margin=0.3 + 0.065 * max(map(len, named)),
        right=0.2,
        sides=False,
    )
    _bars(axes[0], list(named), named, ["#4a4a4a"] * len(named), "error (mm)")
    axes[1].barh(
        range(len(named)),
        [row["energy_score"] for row in named.values()],
        height=0.65,
        color="#4a4a4a",
    )
    axes[1].set_xlabel("energy score (mm)", size=SMALL)
    axes[1].tick_params(labelleft=False)
    axes[1].set_ylim(len(named) - 0.4, -0.6)
    _grid(axes[1], "x")
    return figure


def _bars(
    ax: Axes, names: list[str], rows: Mapping[str, Any], colours: list[str], label: str
) -> None:
    places = np.arange(len(names))
    ax.barh(places, [rows[name]["mpjpe_mean"] for name in names], height=0.65, color=colours)
    ax.scatter(
        [rows[name]["mpjpe_posterior_mean"] for name in names],
        places,
        marker="|",
        s=60,
        color="white",
        linewidth=1.6,
        zorder=3,
    )
    ax.set_yticks(places, [name.replace("_", " ") for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlabel(label, size=SMALL)
    _grid(ax, "x")


def _grid(ax: Axes, axis: str) -> None:
    ax.grid(axis=axis, color="#ececec", linewidth=0.5)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _about(content: Mapping[str, Any]) -> str:
    return (
        f"{content['experiment']}: {content['clips']} clips, {content['hypotheses']} hypotheses, "
        f"root {content['root']}, sampler {content['sampler']['name']}. {content['credit']}"
    ).strip()
