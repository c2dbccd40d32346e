"""The short formulas for points in front of a lens say what the general ones say."""

from __future__ import annotations

from math import radians
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from platypose_cameras.config import PinholeConfig
from platypose_cameras.pinhole import Pinhole
from torch import Tensor

from platypose.api import BuildContext


def ahead(seed: int) -> Tensor:
    """Points up to 20 degrees off axis, where hardly a lens folds over."""
    generator = torch.Generator().manual_seed(seed)
    v = 2 * torch.rand(100, 2, generator=generator, dtype=torch.float64) - 1
    rays = torch.cat([torch.tan(torch.tensor(radians(20))) * v, torch.ones(100, 1)], 1)
    return rays * (torch.rand(100, 1, generator=generator, dtype=torch.float64) * 8 + 0.1)


@settings(max_examples=20, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), among=st.booleans())
def test_points_in_front_are_seen_as_by_the_lens(
    draw_camera: Any, data: st.DataObject, seed: int, among: bool
) -> None:
    camera = draw_camera("pinhole", data)
    points = ahead(seed)
    if among:  # others, behind and beside the camera
        points[::3] = points[::3] * torch.tensor([30.0, -40.0, -1.0])
    lens = camera._front.lens
    torch.testing.assert_close(camera(points), lens.project(points), rtol=1e-10, atol=1e-8)
    wanted = lens.jacobian(points)
    size = float(wanted.abs().max())
    torch.testing.assert_close(camera.jacobian(points), wanted, rtol=1e-9, atol=1e-10 * size)


@pytest.mark.parametrize("distortion", [(), (-0.2, 0.1, 0.001, -0.002), (0.1,) * 8])
def test_jacobian_is_that_of_torch_for_any_shape_of_points(
    distortion: tuple[float, ...], context: BuildContext
) -> None:
    config = PinholeConfig(focal=(900.0, 950.0), centre=(500.0, 400.0), distortion=distortion)
    camera = Pinhole(config, context)
    points = ahead(0)[:12].reshape(2, 3, 2, 3)
    found = camera.jacobian(points).reshape(12, 2, 3)
    wanted = torch.stack([torch.func.jacrev(camera)(p) for p in points.reshape(12, 3)])
    torch.testing.assert_close(found, wanted)
    assert camera(points[:0]).shape == (0, 3, 2, 2)
    assert camera.jacobian(points[:0]).shape == (0, 3, 2, 2, 3)
