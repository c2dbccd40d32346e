"""The heatmap energy's options."""

from __future__ import annotations

import attrs

from platypose.api import EnergyConfig, field


@attrs.frozen(kw_only=True)
class HeatmapConfig(EnergyConfig):
    """Options of the energy `heatmap`."""

    modes: int = field(
        3,
        doc="The most modes, one Gaussian each, that are fitted to a heatmap.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    least_height: float = field(
        0.1,
        doc="The least score of a mode, as a fraction of its heatmap's highest score.",
        check=lambda value: 0 < value <= 1,
        needs="a number above 0 and at most 1",
    )
    iterations: int = field(
        10,
        doc="Steps of expectation maximisation in the fit.",
        check=lambda value: value >= 1,
        needs="a whole number of at least 1",
    )
    gross: float = field(
        0.1,
        doc="Probability that a detected keypoint lies near its blob rather than in it.",
        check=lambda value: 0 <= value < 1,
        needs="a number of at least 0 and below 1",
    )
    gross_sigma: float = field(
        4.0,
        doc="Standard deviation of half of such gross errors, in standard deviations of the blob; "
        "that of the other half is three times as large.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )
    floor: float = field(
        0.001,
        doc="The least probability that the detector missed, and the keypoint may be anywhere in "
        "the image.",
        check=lambda value: 0 < value <= 1,
        needs="a number above 0 and at most 1",
    )
