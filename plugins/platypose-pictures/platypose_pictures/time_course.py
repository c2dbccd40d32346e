"""Error, spread and a few coordinates over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_pictures.page import INK, SMALL, page, plain
from platypose_pictures.strokes import LEFT, MIDDLE, RIGHT

Array = NDArray[Any]

GROUPS = (
    ("left arm", LEFT, "-", ("left_elbow", "left_wrist")),
    ("right arm", RIGHT, "-", ("right_elbow", "right_wrist")),
    ("left leg", LEFT, "--", ("left_knee", "left_foot")),
    ("right leg", RIGHT, "--", ("right_knee", "right_foot")),
    (
        "trunk, head",
        MIDDLE,
        "-",
        ("spine", "thorax", "neck", "head", "left_shoulder", "right_shoulder"),
    ),
)

LOGARITHMIC = 50
"""Ratio of the largest to the smallest error beyond which their axis is logarithmic."""


def time_course(result: Result, evidence: Evidence) -> Figure:
    """Strips under each other, with time across.

    Arguments:
        result: the hypotheses, of more than one frame.
        evidence: whose first camera's depth is shown.
    """
    seen = bool((result.weights > 0).any()) and result.projected.size > 0
    rows = 3 + seen + bool(evidence.cameras)
    figure, axes = page(
        rows,
        1,
        panel=(6.6, 1.2),
        gap=(0.0, 0.14),
        title="Hypotheses over time",
        caption=f"{len(result.samples)} hypotheses. Lines: median; bands: 50 % and 90 % of the "
        f"hypotheses. Spread: root of the trace of the joints' covariance, root-relative. "
        f"{result.credit}".strip(),
        right=1.25,
        sides=False,
    )
    strips = iter(line[0] for line in axes)
    time = np.arange(result.samples.shape[1]) / result.frame_rate
    if seen:
        _error(next(strips), time, result)
    _spread(next(strips), time, result)
    for joint in ("wrist", "foot"):
        ax = next(strips)
        for side, shade in (("left", LEFT), ("right", RIGHT)):
            index = result.skeleton.joints.index(f"{side}_{joint}")
            name = "ankle" if joint == "foot" else joint
            _bands(ax, time, result.joints[:, :, index, 2], shade, f"{side} {name}")
        _finish(ax, "height (m)")
    if evidence.cameras:
        ax, camera = next(strips), evidence.cameras[0]
        axis, offset = camera.rotation[..., 2, :], camera.translation[..., 2]  # it may move
        depth = (result.root * axis).sum(-1) + offset
        _bands(ax, time, depth, MIDDLE, f"root from\n{plain(camera.name)}")
        _finish(ax, "depth (m)")
    for (ax,) in axes:
        ax.set_xlim(time[0], time[-1])
        ax.tick_params(labelbottom=False)
    axes[-1][0].tick_params(labelbottom=True)
    axes[-1][0].set_xlabel("time (s)", size=SMALL, labelpad=2)
    return figure


def error_quantiles(result: Result) -> Array:
    """(2, F) median and 95 % of the re-projection error over all but time, px; NaN if unseen."""
    distance = np.linalg.norm(result.projected.astype(np.float64) - result.observed, axis=-1)
    quantiles = np.full((2, distance.shape[1]), np.nan)
    for frame, seen in enumerate(result.weights > 0):
        if seen.any():
            quantiles[:, frame] = np.quantile(distance[:, frame, seen], [0.5, 0.95])
    return quantiles


def spread(result: Result, joints: tuple[str, ...]) -> Array:
    """(F,) root of the mean trace of the joints' covariances over the hypotheses, mm."""
    indices = [result.skeleton.joints.index(joint) for joint in joints]
    variance = result.samples[:, :, indices].astype(np.float64).var(0).sum(-1).mean(-1)
    result_mm: Array = 1000 * np.sqrt(variance)
    return result_mm


def _error(ax: Axes, time: Array, result: Result) -> None:
    median, most = error_quantiles(result)
    ax.plot(time, median, color=INK, linewidth=1.2, label="median")
    ax.plot(time, most, color=INK, linewidth=0.8, linestyle=":", label="95 %")
    _finish(ax, "re-projection (px)")
    if 0 < LOGARITHMIC * np.nanmin(median) < np.nanmax(most):
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
    else:
        ax.set_ylim(bottom=0)


def _spread(ax: Axes, time: Array, result: Result) -> None:
    for label, shade, style, joints in GROUPS:
        ax.plot(
            time, spread(result, joints), color=shade, linestyle=style, linewidth=1.2, label=label
        )
    _finish(ax, "spread (mm)")
    ax.set_ylim(bottom=0)


def _bands(ax: Axes, time: Array, values: Array, shade: str, label: str) -> None:
    """Values (H, F): their median over the hypotheses, and where 50 % and 90 % of them are."""
    q05, q25, q50, q75, q95 = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    ax.fill_between(time, q05, q95, color=shade, alpha=0.14, linewidth=0)
    ax.fill_between(time, q25, q75, color=shade, alpha=0.25, linewidth=0)
    ax.plot(time, q50, color=shade, linewidth=1.2, label=label)


def _finish(ax: Axes, label: str) -> None:
    ax.set_ylabel(label, size=SMALL)
    ax.yaxis.set_label_coords(-0.055, 0.5)
    ax.grid(color="#ececec", linewidth=0.5)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        handlelength=1.6,
        borderaxespad=0.3,
    )
