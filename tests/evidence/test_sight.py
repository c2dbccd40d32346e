from __future__ import annotations

import attrs
import numpy as np
import pytest

from platypose.evidence import Camera
from platypose.evidence.sight import sights
from platypose.testing import scene

LEFT, RIGHT = scene.cameras()
SIZE = np.array([100.0])
ABREAST = (
    attrs.evolve(LEFT, rotation=np.eye(3), translation=np.zeros(3)),
    attrs.evolve(LEFT, rotation=np.eye(3), translation=np.array([-1.0, 0, 0])),
)
"""Cameras at the origin and a metre to its right, that look ahead."""


def pixels(camera: Camera, point: list[float]) -> np.ndarray:
    x, y, z = camera.rotation @ np.array(point) + camera.translation
    return np.array(
        [[[scene.FOCAL * x / z + scene.SIZE / 2, scene.FOCAL * y / z + scene.SIZE / 2]]]
    )


def test_lines_of_sight_of_one_point_meet_there() -> None:
    point = [0.3, -0.2, 1.5]
    left, right = (sights(camera, pixels(camera, point)) for camera in (LEFT, RIGHT))
    np.testing.assert_allclose(left.gap(right, SIZE, SIZE), 0, atol=1e-9)
    for sight in (left, right):
        from_origin = np.array(point) - sight.origin
        along = (from_origin * sight.direction).sum(-1, keepdims=True) * sight.direction
        np.testing.assert_allclose(from_origin, along, atol=1e-9)


def test_the_gap_is_in_sizes_of_the_person_at_that_distance() -> None:
    one, other = ABREAST
    left = sights(one, pixels(one, [0.5, 0.0, 4.0]))
    right = sights(other, pixels(other, [0.5, 0.1, 4.0]))
    # 100 px are 0.4 m at 4 m; the lines pass 0.1 m apart, less what they lean.
    gap = left.gap(right, SIZE, SIZE).item()
    assert gap == pytest.approx(0.1 / (0.4 * np.sqrt(2)), rel=0.01)
    assert left.gap(right, 2 * SIZE, 2 * SIZE).item() == pytest.approx(gap / 2)


def test_lines_that_pass_behind_a_camera_or_nowhere_say_so() -> None:
    one, other = ABREAST
    left = sights(one, np.array([[[400.0, 500.0]]]))
    apart = sights(other, np.array([[[600.0, 500.0]]]))
    alike = sights(other, np.array([[[401.0, 500.0]]]))
    assert left.gap(apart, SIZE, SIZE).item() == np.inf
    assert np.isnan(left.gap(alike, SIZE, SIZE).item())


def test_parallel_projections_and_moving_cameras_have_lines_too() -> None:
    flat = attrs.evolve(
        ABREAST[0], projection="weak-perspective", parameters={"scale": 100.0, "centre": [0, 0]}
    )
    turned = attrs.evolve(flat, rotation=np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]]))
    # The point (2, 3, 4): the second camera looks along the world's −x and sees z to its right.
    front = sights(flat, np.array([[[200.0, 300.0]]]))
    side = sights(turned, np.array([[[400.0, 310.0]]]))
    # 0.1 m apart, where 100 px are 1 m.
    assert front.gap(side, SIZE, SIZE).item() == pytest.approx(0.1 / np.sqrt(2))
    moving = attrs.evolve(
        LEFT,
        rotation=np.stack([LEFT.rotation, RIGHT.rotation]),
        translation=np.stack([LEFT.translation, RIGHT.translation]),
    )
    point = [0.3, -0.2, 1.5]
    both = np.concatenate([pixels(LEFT, point), pixels(RIGHT, point)])
    still = sights(RIGHT, np.concatenate([pixels(RIGHT, point)] * 2))
    gap = sights(moving, both).gap(still, np.repeat(SIZE, 2), np.repeat(SIZE, 2))
    assert np.isnan(gap[1, 0]) and gap[0, 0] == pytest.approx(0, abs=1e-9)
    late = sights(moving, both).at(np.array([1]))
    np.testing.assert_allclose(late.translation, [RIGHT.translation])
