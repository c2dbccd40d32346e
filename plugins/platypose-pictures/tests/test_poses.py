"""Poses are seen from where the captions say."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from platypose_pictures.chosen_frames import chosen_frames
from platypose_pictures.config import PicturesConfig
from platypose_pictures.contact_sheet import contact_sheet
from platypose_pictures.heading import front_view, left_of, mean_left_of, side_view
from platypose_pictures.poses import poses
from platypose_pictures.strokes import LEFT

from platypose.skeleton import H36M_17

Scene = Callable[..., Any]
STANDING = np.array(H36M_17.standing)


def turned(pose: Any, angle: float) -> Any:
    c, s = np.cos(angle), np.sin(angle)
    return pose @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])


@given(st.floats(-4, 4))
def test_front_and_side_do_not_depend_on_the_heading(angle: float) -> None:
    # Standing faces -y with its left at +x; an arm reaches forward.
    pose = STANDING.copy()
    pose[13] += [0.0, -0.3, 0.2]
    moved = turned(pose, angle)
    left = left_of(moved, H36M_17)
    np.testing.assert_allclose(front_view(moved, left), pose[:, [0, 2]], atol=1e-9)
    np.testing.assert_allclose(
        side_view(moved, left), np.stack([-pose[:, 1], pose[:, 2]], -1), atol=1e-9
    )


def test_the_mean_heading_is_between_two() -> None:
    clip = np.stack([turned(STANDING, 0.2), turned(STANDING, 1.0)])[None]
    np.testing.assert_allclose(mean_left_of(clip, H36M_17), [np.cos(0.6), np.sin(0.6)], atol=1e-9)


@pytest.mark.filterwarnings("error")
def test_one_who_lies_on_the_side_is_drawn_too() -> None:
    lying = STANDING[:, [1, 2, 0]]
    assert np.isfinite(front_view(lying, left_of(lying, H36M_17))).all()


def test_the_mean_is_drawn_on_the_ground_in_the_colours_of_the_sides(scene: Scene) -> None:
    person = scene(frames=1, noise=0.0)
    figure = poses(person.result, person.evidence, PicturesConfig())
    front, _ = figure.axes
    figure.set_dpi(200)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3] / 255  # type: ignore[attr-defined]
    # The middle of the left shin, above its ankle at height 0.
    x, y = front.transData.transform((0.13, 0.885 - (0.44 + 0.885) / 2)).astype(int)
    np.testing.assert_allclose(pixels[y, x], to_rgb(LEFT), atol=0.02)
    assert pixels[y, x + 40].min() > 0.9


def test_metres_are_equal_across_and_up(scene: Scene) -> None:
    person = scene(frames=4)
    for ax in poses(person.result, person.evidence, PicturesConfig(frames=3)).axes:
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        box = ax.get_window_extent()
        assert box.width / (right - left) == pytest.approx(box.height / (top - bottom))


def test_measured_joints_lie_on_the_mean_that_equals_them(scene: Scene) -> None:
    person = scene(frames=1, views=0, noise=0.0)
    front, side = poses(person.result, person.evidence, PicturesConfig()).axes
    for ax, across in ((front, STANDING[:, 0]), (side, -STANDING[:, 1])):
        (rings,) = (a for a in ax.collections if not isinstance(a, LineCollection))
        expected = np.stack([across, STANDING[:, 2] + 0.885], -1)
        np.testing.assert_allclose(np.array(rings.get_offsets()), expected, atol=1e-5)


def test_a_sheet_has_a_place_for_every_pose_up_to_36(scene: Scene) -> None:
    for count, expected in ((5, 5), (40, 36)):
        sheet = contact_sheet(scene(hypotheses=count, frames=1, views=0).result, PicturesConfig())
        assert sum(len(ax.collections) for ax in sheet.axes) == expected


@given(st.integers(1, 500), st.integers(1, 24))
def test_frames_are_spread_over_the_clip(frames: int, count: int) -> None:
    chosen = chosen_frames(frames, count)
    assert len(chosen) == min(frames, count)
    assert all(0 <= a < b < frames for a, b in pairwise(chosen))
    assert chosen[0] >= 0 and chosen[-1] < frames
    if count > 1:
        assert (chosen[0], chosen[-1]) == (0, frames - 1)
        gaps = np.diff(chosen)
        assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1
