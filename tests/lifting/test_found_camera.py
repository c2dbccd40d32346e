"""What summary.json says of a camera that was only about known."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

from platypose.evidence.guess import guessed_camera, level_pose
from platypose.lifting.found_camera import found_before, found_camera


def test_means_and_deviations_are_those_of_the_hypotheses() -> None:
    camera = attrs.evolve(guessed_camera((1000, 800)), roll_deviation=0.05)
    rotation, translation = level_pose(0.1)
    camera = attrs.evolve(camera, rotation=rotation, translation=translation)
    changes = np.array([[math.log(1.1), 0.1, -0.02], [math.log(0.9), -0.1, 0.02]])
    found = found_camera(camera, changes)
    assert found["focal_px"] == pytest.approx([1000, 100])
    assert found["tilt_degrees"] == pytest.approx([5.73, 5.73])
    assert found["roll_degrees"] == pytest.approx([0, 1.15])


def test_of_what_was_known_nothing_was_found() -> None:
    found = found_camera(guessed_camera((1000, 800), fov=60), np.zeros((3, 3)))
    assert found["focal_px"] is None
    assert found["tilt_degrees"] is not None


def test_what_was_found_before_the_lift_has_the_deviations_that_are_left() -> None:
    camera = guessed_camera((1000, 800), fov=60, tilt=10)
    assert found_before(camera) is None
    found = found_before(attrs.evolve(camera, focal_deviation=0.01, tilt_deviation=0.02))
    assert found is not None and found["roll_degrees"] is None
    assert found["focal_px"] == pytest.approx([866.07, 8.66], abs=0.01)
    assert found["tilt_degrees"] == pytest.approx([10, 1.15], abs=0.01)
