"""The curves over time are what their labels say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
from platypose_pictures.time_course import error_quantiles, spread, time_course

Scene = Callable[..., Any]


def test_error_leaves_missing_keypoints_out(scene: Scene) -> None:
    result = scene(hypotheses=3, frames=3).result
    result.projected[:] = result.observed + np.array([3.0, 4.0], np.float32)
    result.projected[:, 1, 0, 2] += 1000
    result.weights[1, 0, 2] = 0
    result.weights[2] = 0
    quantiles = error_quantiles(result)
    np.testing.assert_allclose(quantiles[:, :2], 5, rtol=1e-4)
    assert np.isnan(quantiles[:, 2]).all()


def test_spread_is_the_root_of_the_trace_of_the_covariance(scene: Scene) -> None:
    result = scene(hypotheses=4, frames=2, noise=0.0).result
    wrist = result.skeleton.joints.index("left_wrist")
    # Two hypotheses 10 mm to one side and two to the other: variance (10 mm)² along each axis.
    result.samples[:2, 1, wrist] += 0.01
    result.samples[2:, 1, wrist] -= 0.01
    np.testing.assert_allclose(spread(result, ("left_wrist",)), [0, 10 * 3**0.5], atol=1e-3)


def test_depth_is_along_the_axis_of_the_first_camera(scene: Scene) -> None:
    person = scene(frames=4, views=2)
    camera = person.evidence.cameras[0]
    person.result.root[:] += 0.1 * np.arange(4)[:, None] * camera.rotation[2]
    *_, strip = time_course(person.result, person.evidence).axes
    (median,) = strip.lines
    np.testing.assert_allclose(np.array(median.get_xdata()), np.arange(4) / 30)
    np.testing.assert_allclose(np.array(median.get_ydata()), 5 + 0.1 * np.arange(4), atol=1e-5)


@pytest.mark.parametrize(("factor", "scale"), [(1, "linear"), (1e4, "log")])
def test_an_error_of_many_sizes_has_a_logarithmic_axis(
    scene: Scene, factor: float, scale: str
) -> None:
    person = scene(frames=3)
    off = person.result.projected.copy()
    off[0] += factor
    result = attrs.evolve(person.result, projected=off)
    assert time_course(result, person.evidence).axes[0].get_yscale() == scale
