"""The parameters of each camera model."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import attrs

from platypose.api import Config, field


def _pair(value: Sequence[float]) -> bool:
    return len(value) == 2 and all(map(isfinite, value))


def _positive_pair(value: Sequence[float]) -> bool:
    return _pair(value) and min(value) > 0


@attrs.frozen(kw_only=True)
class PinholeConfig(Config):
    """A calibrated perspective camera."""

    focal: tuple[float, float] = field(
        ...,
        doc="Focal lengths f_x and f_y, px.",
        check=_positive_pair,
        needs="two finite numbers above 0",
    )
    centre: tuple[float, float] = field(
        ...,
        doc="Principal point c_x and c_y, px.",
        check=_pair,
        needs="two finite numbers",
    )
    distortion: tuple[float, ...] = field(
        (),
        doc="Lens distortion in OpenCV's order: none, k1 k2 p1 p2, then k3, then k4 k5 k6.",
        check=lambda value: len(value) in (0, 4, 5, 8) and all(map(isfinite, value)),
        needs="0, 4, 5 or 8 finite numbers (k1 k2 p1 p2 k3 k4 k5 k6)",
    )


@attrs.frozen(kw_only=True)
class FisheyeConfig(Config):
    """A calibrated fisheye camera."""

    focal: tuple[float, float] = field(
        ...,
        doc="Focal lengths f_x and f_y, px.",
        check=_positive_pair,
        needs="two finite numbers above 0",
    )
    centre: tuple[float, float] = field(
        ...,
        doc="Principal point c_x and c_y, px.",
        check=_pair,
        needs="two finite numbers",
    )
    distortion: tuple[float, ...] = field(
        (),
        doc="Lens distortion in OpenCV's order: none, or k1 k2 k3 k4.",
        check=lambda value: len(value) in (0, 4) and all(map(isfinite, value)),
        needs="0 or 4 finite numbers (k1 k2 k3 k4)",
    )


@attrs.frozen(kw_only=True)
class WeakPerspectiveConfig(Config):
    """A camera far away, in comparison with the person's size."""

    scale: float = field(
        ...,
        doc="Size of a metre in the image, px/m: the focal length over the person's depth.",
        check=lambda value: 0 < value < float("inf"),
        needs="a finite number above 0",
    )
    centre: tuple[float, float] = field(
        ...,
        doc="Image of the camera's axis, px.",
        check=_pair,
        needs="two finite numbers",
    )


@attrs.frozen(kw_only=True)
class OrthographicConfig(Config):
    """Nothing to choose: the scale is 1 px/m and the centre (0, 0)."""
