"""The overlay shows the evidence and the hypotheses where they are in the image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from platypose_pictures.config import PicturesConfig
from platypose_pictures.heat import heat
from platypose_pictures.overlay import overlay
from platypose_pictures.strokes import LEFT, MIDDLE, RIGHT, colour, keypoint_limbs

from platypose.skeleton import H36M_17, keypoint_set

Scene = Callable[..., Any]


def with_heatmaps(person: Any, heatmaps: Any, cell_to_pixel: Any) -> Any:
    evidence = attrs.evolve(
        person.evidence,
        keypoints=None,
        confidence=None,
        heatmaps=heatmaps,
        cell_to_pixel=cell_to_pixel,
    )
    return attrs.evolve(person, evidence=evidence)


@given(st.floats(-3, 3), st.floats(2, 30), st.floats(-100, 100), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_heat_at_a_cell_s_centre_is_its_score(
    angle: float, cell: float, offset: float, seed: int
) -> None:
    scores = np.random.default_rng(seed).random((1, 5, 7))
    turn = cell * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    affine = np.concatenate([turn, [[offset], [2 * offset]]], 1)[None]
    for row, column in ((0, 0), (2, 3), (4, 6)):
        x, y = affine[0] @ [column, row, 1]
        value = heat(scores, affine, np.array([x]), np.array([y]))
        assert value == pytest.approx(scores[0, row, column], abs=1e-6)


def test_heat_is_linear_between_cells_and_none_outside() -> None:
    scores = np.array([[[1.0, 3.0], [1.0, 3.0]]])
    affine = np.array([[[10.0, 0.0, 100.0], [0.0, 10.0, 200.0]]])
    x = np.array([0.0, 90.0, 95.0, 105.0, 110.0, 115.0, 120.0, 500.0])
    wash = heat(scores, affine, x, np.array([205.0]))
    np.testing.assert_allclose(wash[0], [0, 0, 0.5, 2, 3, 1.5, 0, 0], atol=1e-9)


def test_heat_is_the_highest_of_all_keypoints() -> None:
    scores = np.stack([np.full((3, 3), 0.2), np.full((3, 3), 0.7)])
    affine = np.array([[[1.0, 0, 0], [0, 1.0, 0]], [[1.0, 0, 1.5], [0, 1.0, 0]]])
    wash = heat(scores, affine, np.array([1.0, 2.0]), np.array([1.0]))
    np.testing.assert_allclose(wash, [[0.35, 0.7]])


def test_one_hot_cell_is_dark_at_its_pixel(scene: Scene) -> None:
    person = scene(frames=1)
    person.result.projected[:] = np.nan
    wrist = person.result.keypoint_names.index("left_wrist")
    target = person.result.observed[0, 0, wrist]
    heatmaps = np.zeros((1, 1, 12, 16, 16), np.uint8)
    heatmaps[0, 0, wrist, 5, 11] = 255
    turn = 6 * np.array([[0.96, -0.28], [0.28, 0.96]])
    affine = np.concatenate([turn, (target - turn @ [11, 5])[:, None]], 1)
    person = with_heatmaps(person, heatmaps, np.broadcast_to(affine, (1, 1, 1, 2, 3)).copy())
    figure = overlay(person.result, person.evidence, PicturesConfig())
    (ax,) = figure.axes
    (image,) = ax.images

    wash = np.asarray(image.get_array())
    left, right, bottom, top = image.get_extent()
    row, column = np.unravel_index(wash.argmax(), wash.shape)
    at = [
        left + (column + 0.5) * (right - left) / wash.shape[1],
        top + (row + 0.5) * (bottom - top) / wash.shape[0],
    ]
    np.testing.assert_allclose(at, target, atol=(right - left) / wash.shape[1])

    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].sum(-1).astype(int)  # type: ignore[attr-defined]
    box = ax.get_window_extent()
    inside = pixels[::-1][int(box.y0) + 5 : int(box.y1) - 5, int(box.x0) + 5 : int(box.x1) - 5]
    y, x = np.unravel_index(inside.argmin(), inside.shape)
    shown = ax.transData.inverted().transform((x + int(box.x0) + 5.5, y + int(box.y0) + 5.5))
    np.testing.assert_allclose(shown, target, atol=2 * (right - left) / box.width)


def test_the_image_has_y_down_and_square_pixels(scene: Scene) -> None:
    person = scene(frames=7, views=2)
    figure = overlay(person.result, person.evidence, PicturesConfig(frames=3))
    assert len(figure.axes) == 6
    for ax in figure.axes:
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        assert left < right and top < bottom
        box = ax.get_window_extent()
        assert box.width / (right - left) == pytest.approx(box.height / (bottom - top))


def test_everyone_seen_is_inside_the_window(scene: Scene) -> None:
    person = scene(frames=3, views=2)
    person.result.observed[:, 0, :, 0] += 200 * np.arange(3)[:, None]
    figure = overlay(person.result, person.evidence, PicturesConfig())
    for number, ax in enumerate(figure.axes):
        view, frame = divmod(number, 3)
        x, y = person.result.observed[frame, view].T
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        assert left < x.min() and x.max() < right and top < y.min() and y.max() < bottom


@pytest.mark.filterwarnings("error")
def test_a_view_that_sees_nothing_shows_where_the_hypotheses_are(scene: Scene) -> None:
    person = scene(frames=1, views=2)
    person.result.weights[:, 1] = 0
    person.result.observed[:, 1] = 0
    _, blind = overlay(person.result, person.evidence, PicturesConfig()).axes
    x, y = np.median(person.result.projected[:, 0, 1], 0).T
    (left, right), (bottom, top) = blind.get_xlim(), blind.get_ylim()
    assert left < x.min() and x.max() < right and top < y.min() and y.max() < bottom


@pytest.mark.filterwarnings("error")
def test_absurd_hypotheses_do_not_push_the_person_aside(scene: Scene) -> None:
    person = scene(frames=1, hypotheses=4)
    person.result.projected[0] = 1e9
    person.result.projected[1] = -1e30
    person.result.projected[2] = np.inf
    figure = overlay(person.result, person.evidence, PicturesConfig())
    figure.canvas.draw()
    height = np.ptp(person.result.observed[0, 0, :, 1])
    assert height < abs(np.diff(figure.axes[0].get_ylim())[0]) < 2.5 * height


def test_hypotheses_lie_at_their_pixels_in_the_colours_of_their_sides(scene: Scene) -> None:
    person = scene(frames=1)
    figure = overlay(person.result, person.evidence, PicturesConfig())
    (lines,) = (a for a in figure.axes[0].collections if isinstance(a, LineCollection))
    names = person.result.keypoint_names
    drawn = dict(
        zip((segment.tobytes() for segment in np.array(lines.get_segments())), lines.get_colors())
    )
    for a, b, shade in (
        ("left_hip", "left_knee", LEFT),
        ("right_elbow", "right_wrist", RIGHT),
        ("left_shoulder", "right_shoulder", MIDDLE),
    ):
        for hypothesis in person.result.projected[:, 0, 0].astype(float):
            limb = hypothesis[[names.index(a), names.index(b)]]
            assert tuple(drawn[limb.tobytes()][:3]) == to_rgba(shade)[:3]


def test_confidence_is_opacity_and_a_missing_keypoint_is_not_drawn(scene: Scene) -> None:
    person = scene(frames=1)
    person.result.weights[0, 0] = np.linspace(0, 1, 12)
    figure = overlay(person.result, person.evidence, PicturesConfig())
    (dots,) = (a for a in figure.axes[0].collections if not isinstance(a, LineCollection))
    np.testing.assert_allclose(np.array(dots.get_offsets()), person.result.observed[0, 0, 1:])
    opacity = np.array(dots.get_facecolor())[:, 3]
    np.testing.assert_allclose(opacity, np.linspace(0, 1, 12)[1:], atol=1e-6)


def test_at_most_the_chosen_number_of_hypotheses_is_drawn(scene: Scene) -> None:
    person = scene(hypotheses=9, frames=1)
    figure = overlay(person.result, person.evidence, PicturesConfig(hypotheses=4))
    (lines,) = (a for a in figure.axes[0].collections if isinstance(a, LineCollection))
    limbs = keypoint_limbs(person.result.keypoint_names, H36M_17)
    assert len(lines.get_segments()) == 4 * len(limbs)


@pytest.mark.parametrize("name", ["coco-17", "body-25", "body-25b", "mediapipe-33", "h36m-17"])
def test_limbs_of_every_keypoint_set_join_a_person_into_one(name: str) -> None:
    known = keypoint_set(name).expressible(H36M_17)
    names = tuple(keypoint for keypoint in known if keypoint not in ("neck", "mid_hip"))
    reached = {0}
    for _ in names:
        for pair in keypoint_limbs(names, H36M_17):
            if reached & set(pair):
                reached |= set(pair)
    # Between thorax and head of the 17 joints lies the neck, which was left out above.
    assert {names[i] for i in range(len(names)) if i not in reached} <= {"head"}


def test_left_and_right_have_two_colours_and_what_joins_them_a_third() -> None:
    assert colour("left_knee", "left_foot") == colour("thorax", "left_shoulder") == LEFT
    assert colour("right_knee") == RIGHT
    assert colour("left_hip", "right_hip") == colour("spine", "thorax") == MIDDLE
    assert len({LEFT, RIGHT, MIDDLE}) == 3
