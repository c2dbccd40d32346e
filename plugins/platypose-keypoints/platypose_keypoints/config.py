"""Options of the energies."""

from __future__ import annotations

import math
from typing import Any, Literal

import attrs

from platypose.api import EnergyConfig, field


def _above_0(value: Any) -> bool:
    return bool(0 < value < math.inf)


_ABOVE_0 = "a finite number above 0"


@attrs.frozen(kw_only=True)
class ReprojectionConfig(EnergyConfig):
    """Options of the energy `reprojection`."""

    likelihood: Literal["gaussian", "student-t"] = field(
        "student-t",
        doc="Distribution of a keypoint's error: gaussian, or student-t, which forgives outliers.",
    )
    sigma: float = field(
        5.0,
        doc="Standard deviation of a keypoint's error in x and in y, px; not used with the "
        "weighting covariance.",
        check=_above_0,
        needs=_ABOVE_0,
    )
    degrees_of_freedom: float = field(
        10.0,
        doc="Of the student-t; the fewer, the more outliers it expects.",
        check=lambda value: 2 < value < math.inf,
        needs="a finite number above 2, without which there is no standard deviation",
    )
    weighting: Literal["confidence", "covariance", "none"] = field(
        "confidence",
        doc="What tells good keypoints from bad: confidence multiplies the precision, covariance "
        "takes the evidence's covariances in place of sigma, none trusts all alike; a keypoint of "
        "confidence 0 is missing in any case.",
    )


@attrs.frozen(kw_only=True)
class NormalisedReprojectionConfig(EnergyConfig):
    """Options of the energy `normalised-reprojection`."""

    weighting: Literal["confidence", "none"] = field(
        "none",
        doc="confidence multiplies each keypoint's squared error by its confidence; a keypoint of "
        "confidence 0 is missing in any case.",
    )


@attrs.frozen(kw_only=True)
class Joints3DConfig(EnergyConfig):
    """Options of the energy `joints-3d`."""

    sigma: float = field(
        0.01,
        doc="Standard deviation of an observed joint's error along each axis, m.",
        check=_above_0,
        needs=_ABOVE_0,
    )


@attrs.frozen(kw_only=True)
class BoneLengthConfig(EnergyConfig):
    """Options of the energy `bone-length`."""

    sigma: float = field(
        0.03,
        doc="Standard deviation of a bone's length, m.",
        check=_above_0,
        needs=_ABOVE_0,
    )
    lengths: dict[str, float] | None = field(
        None,
        doc="Lengths of bones, m, by the joint at the bone's far end; any other bone is compared "
        "with its own mean over the frames and over left and right.",
        check=lambda value: value is None or all(_above_0(length) for length in value.values()),
        needs="finite lengths above 0",
    )


@attrs.frozen(kw_only=True)
class SmoothnessConfig(EnergyConfig):
    """Options of the energy `smoothness`."""

    sigma: float = field(
        5.0,
        doc="Standard deviation of a joint's acceleration along each axis, m/s².",
        check=_above_0,
        needs=_ABOVE_0,
    )
