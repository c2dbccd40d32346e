"""The square in which a person's keypoints are looked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from platypose_blazepose.region import Region

coordinates = st.floats(-2000, 2000)
widths = st.floats(10, 2000)
angles = st.floats(-3.1, 3.1)


@given(x=coordinates, y=coordinates, reach=st.floats(5, 900), angle=angles)
def test_the_reach_point_is_straight_above_the_middle_of_the_cut_out(
    x: float, y: float, reach: float, angle: float
) -> None:
    """At 1 / 1.25 of half its height, whichever way the person leans."""
    hips = np.array([x, y])
    above = hips + reach * np.array([math.sin(angle), -math.cos(angle)])
    affine = Region.around(hips, above).to_image(256)
    seen = affine @ [128, 128 - 128 / 1.25, 1]
    np.testing.assert_allclose(seen, above, atol=1e-6 * (1 + np.abs(above).max()))
    np.testing.assert_allclose(affine @ [128, 128, 1], hips, atol=1e-6 * (1 + np.abs(hips).max()))


@given(x=coordinates, y=coordinates, width=widths, angle=angles)
def test_overlap_with_itself_is_whole_and_far_away_none(
    x: float, y: float, width: float, angle: float
) -> None:
    region = Region(centre=(x, y), width=width, angle=angle)
    assert region.overlap(region) == pytest.approx(1)
    assert region.overlap(Region(centre=(x + 5000, y), width=width, angle=0)) == 0


def test_half_of_a_square_beside_it_overlaps_by_a_third() -> None:
    first = Region(centre=(0, 0), width=10, angle=0)
    assert first.overlap(Region(centre=(5, 0), width=10, angle=1)) == pytest.approx(1 / 3)


def test_a_region_outside_of_the_picture_or_of_no_size_shows_nothing() -> None:
    assert Region(centre=(-40, 50), width=100, angle=0).touches((100, 100))
    assert not Region(centre=(-60, 50), width=100, angle=0).touches((100, 100))
    assert not Region(centre=(50, 50), width=2, angle=0).touches((100, 100))
    assert not Region(centre=(50, 50), width=math.nan, angle=0).touches((100, 100))
