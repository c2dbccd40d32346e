"""Pictures of the figures of `platypose evaluate-prior`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from platypose_pictures.page import INK, PALE, SMALL, page
from platypose_pictures.strokes import LEFT, RIGHT

STYLES = {
    "samples": (RIGHT, "-", "samples"),
    "held_out": (INK, "-", "held-out subjects"),
    "train": (PALE, "--", "training, in other recordings"),
}
_SHADES = ("#1b9e77", "#d95f02", "#7570b3", "#e7298a", "#66a61e", "#a6761d")


def figures(content: Mapping[str, Any]) -> dict[str, Figure]:
    """Denoising errors, and distances to the nearest in training, by file name.

    Arguments:
        content: the results of `platypose evaluate-prior`.
    """
    return {"denoising.png": denoising(content), "nearest.png": nearest(content)}


def denoising(content: Mapping[str, Any]) -> Figure:
    """Error against noise level, and how it grows for people unlike those in training."""
    errors = content["denoising"]
    sigma = errors["sigma"]
    figure, [axes] = page(
        1,
        2,
        panel=(3.6, 3.0),
        gap=(0.75, 0.0),
        title="Denoising error",
        caption="Root mean square of a coordinate. σ is in units of the prior's scale, "
        f"{content['scale_mm']:.0f} mm. Right: held out against training; tilted, larger and "
        f"smaller people against held out as recorded. {content['credit']}".strip(),
        sides=False,
    )
    left, right = axes
    left.plot(sigma, errors["noise_mm"], color=PALE, linewidth=0.8, linestyle=":", label="noise")
    for shade, (name, entry) in zip(_SHADES, errors["by_stance"]["held_out"].items()):
        label = f"{name}, {100 * entry['share']:.0f} %"
        left.plot(sigma, entry["rms_mm"], color=shade, linewidth=0.9, label=label)
    left.plot(sigma, errors["train_mm"], color=INK, linewidth=1.2, linestyle="--", label="training")
    left.plot(sigma, errors["held_out_mm"], color=INK, linewidth=1.6, label="held out")
    left.set_yscale("log")
    left.yaxis.set_major_formatter("{x:g}")
    left.set_ylim(bottom=0.5 * min(errors["train_mm"]), top=3 * max(errors["held_out_mm"]))
    _finish(left, "error (mm)")
    right.axhline(1, color=PALE, linewidth=0.8, linestyle=":")
    right.plot(sigma, errors["ratio"], color=INK, linewidth=1.6, label="held out / training")
    for shade, (name, ratio) in zip((LEFT, LEFT, RIGHT, RIGHT), errors["changed_ratio"].items()):
        second = name in list(errors["changed_ratio"])[1::2]
        right.plot(
            sigma, ratio, color=shade, linewidth=1.0, linestyle="--" if second else "-", label=name
        )
    _finish(right, "ratio of errors")
    for ax in axes:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
        ax.set_xlabel("noise level σ", size=SMALL)
    return figure


def nearest(content: Mapping[str, Any]) -> Figure:
    """The distribution of the distance to the nearest pose, and clip, in training."""
    kinds = content["memorisation"]
    figure, [axes] = page(
        1,
        len(kinds),
        panel=(3.6, 3.0),
        gap=(0.75, 0.0),
        title="Distance to the nearest in training",
        caption="A joint's root mean square, facing one way, of bodies of one size. A prior that "
        "repeats its training data has samples far to the left of held-out subjects. "
        f"{content['credit']}".strip(),
        sides=False,
    )
    for ax, (kind, entry) in zip(axes, kinds.items()):
        for name, values in entry["nearest_mm"].items():
            shade, style, label = STYLES[name]
            ax.plot(values, entry["quantiles"], color=shade, linestyle=style, label=label)
        ax.set_xlabel(f"distance of {kind} (mm)", size=SMALL)
        ax.set_xlim(left=0)
        ax.set_ylim(0, 1)
        _finish(ax, "share that is nearer")
    return figure


def _finish(ax: Axes, label: str) -> None:
    ax.set_ylabel(label, size=SMALL, labelpad=2)
    ax.grid(color="#ececec", linewidth=0.5)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=SMALL - 1, labelcolor=INK, handlelength=1.6)
