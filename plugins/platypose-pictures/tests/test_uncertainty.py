"""Deviations along and across the line of sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
from platypose_pictures.uncertainty import deviation, sight_lines, uncertainty

Scene = Callable[..., Any]


def shifted(person: Any, direction: Any, metres: float) -> Any:
    """The result with the left wrist off by ± so much in half of four hypotheses each."""
    wrist = person.result.skeleton.joints.index("left_wrist")
    samples = np.repeat(person.result.samples[:1], 4, 0)
    signs = np.array([1, 1, -1, -1])[:, None, None]
    samples[:, :, wrist] += metres * signs * direction
    root = np.repeat(person.result.root[:1], 4, 0)
    return wrist, attrs.evolve(person.result, samples=samples, root=root)


@pytest.mark.parametrize("along", [True, False])
def test_a_shift_is_along_or_across(scene: Scene, along: bool) -> None:
    person = scene(frames=2, noise=0.0)
    camera = person.evidence.cameras[0]
    wrist, result = shifted(person, np.zeros(3), 0.0)
    line = sight_lines(camera, result.joints.mean(0))[:, wrist]
    direction = line if along else np.cross(line, [0.0, 0.0, 1.0])
    direction = direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    _, result = shifted(person, direction, 0.03)
    found = deviation(result, camera)
    expected = (30, 0) if along else (0, 30 / 2**0.5)  # across are two directions
    np.testing.assert_allclose(found.along[:, wrist], expected[0], atol=0.1)
    np.testing.assert_allclose(found.across[:, wrist], expected[1], atol=0.1)


def test_without_a_camera_all_directions_count_the_same(scene: Scene) -> None:
    wrist, result = shifted(scene(frames=2, noise=0.0), np.array([0.0, 0.0, 1.0]), 0.03)
    found = deviation(result, None)
    np.testing.assert_allclose(found.along[:, wrist], 30 / 3**0.5, rtol=1e-4)
    np.testing.assert_array_equal(found.along, found.across)


def test_the_hip_is_seen_in_the_world(scene: Scene) -> None:
    person = scene(frames=2, hypotheses=2, noise=0.0)
    axis = person.evidence.cameras[0].rotation[2]
    person.result.root[0] += 0.1 * axis
    person.result.root[1] -= 0.1 * axis
    found = deviation(person.result, person.evidence.cameras[0])
    assert found.along[:, 0] == pytest.approx(100, rel=0.01)
    assert found.along[:, 1:] == pytest.approx(0, abs=1e-3)


def test_sight_lines_start_in_the_camera(scene: Scene) -> None:
    camera = scene(frames=1).evidence.cameras[0]
    centre = -camera.rotation.T @ camera.translation
    points = centre + np.array([[[1.0, 2.0, 2.0], [0.0, 3.0, 4.0]]])
    lines = sight_lines(camera, points)
    np.testing.assert_allclose(lines, [[[1 / 3, 2 / 3, 2 / 3], [0, 0.6, 0.8]]], atol=1e-12)
    parallel = attrs.evolve(camera, projection="orthographic")
    np.testing.assert_allclose(sight_lines(parallel, points)[0, 1], camera.rotation[2])


def test_every_joint_has_its_panel(scene: Scene) -> None:
    person = scene(frames=3)
    axes = uncertainty(person.result, person.evidence).axes
    names = {text.get_text().replace(" ", "_") for ax in axes for text in ax.texts}
    assert names == set(person.result.skeleton.joints)
