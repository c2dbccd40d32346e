"""Cameras of which something is only about known are found from what several views see."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from platypose import Evidence
from platypose.api import UserError
from platypose.evidence import Camera
from platypose.evidence.refine import refined
from platypose.evidence.sight import projection_of

Array = NDArray[Any]

ROOT = Path(__file__).parents[2]
TRIAL = Evidence.read(ROOT / "examples" / "data" / "balancing-4-cameras.safetensors")
ROLL, TILT, FOCAL = math.radians(5), math.radians(3), 0.05
ALL = (FOCAL, TILT, ROLL)
"""By how much cameras are changed, and how much they say that they may be."""


def turn(tilt: float, roll: float) -> Array:
    """A tilt about x, then a roll about z."""
    about_x = [[1, 0, 0], [0, math.cos(tilt), -math.sin(tilt)], [0, math.sin(tilt), math.cos(tilt)]]
    about_z = [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
    both: Array = np.array(about_z) @ np.array(about_x)
    return both


def unsure(true: Camera, changes: tuple[float, float, float], sign: int = 1) -> Camera:
    """The camera as given of which a true one is what these changes make of it."""
    log_focal, tilt, roll = (sign * change for change in changes)
    back = turn(tilt, roll).T
    focal = np.array(true.parameters["focal"]) * math.exp(-log_focal)
    return attrs.evolve(
        true,
        parameters={**true.parameters, "focal": focal.tolist()},
        rotation=back @ true.rotation,
        translation=true.translation @ back.T,
        focal_deviation=changes[0],
        tilt_deviation=changes[1],
        roll_deviation=changes[2],
    )


def left(found: Camera, true: Camera) -> Array:
    """What changes are still missing: of log focal length, tilt and roll."""
    missing = true.rotation @ found.rotation.T
    return np.array(
        [
            math.log(true.parameters["focal"][0] / found.parameters["focal"][0]),
            math.atan2(missing[2, 1], missing[2, 2]),
            math.atan2(missing[1, 0], missing[1, 1]),
        ]
    )


def deviations(camera: Camera) -> Array:
    return np.array([camera.focal_deviation, camera.tilt_deviation, camera.roll_deviation])


def seen(
    cameras: tuple[Camera, ...], *, frames: int = 30, keypoints: int = 12, noise: float = 0.0
) -> Evidence:
    """Somebody who walks about between the cameras; with noise there are 10 % of outliers too."""
    rng = np.random.default_rng(0)
    time = np.linspace(0, 2 * np.pi, frames)
    root = np.stack([0.8 * np.sin(time) - 0.6, 0.4 * np.cos(time), 0 * time + 1], -1)
    body = rng.normal(size=(keypoints, 3)) * [0.25, 0.25, 0.45]
    body = body + 0.1 * np.sin(3 * time[:, None, None] + rng.uniform(0, 6, (keypoints, 3)))
    world = root[:, None] + body
    views = []
    for camera in cameras:
        points = world @ camera.rotation.T + camera.translation
        pixels = projection_of(camera)(torch.from_numpy(points)).numpy()
        outlying = rng.random((frames, keypoints, 1)) < 0.1
        error = rng.normal(size=pixels.shape) * np.where(outlying, 40.0, 1.0)
        views.append(pixels + noise * error)
    return Evidence(
        frame_rate=30.0,
        keypoint_set=TRIAL.keypoint_set,
        keypoint_names=TRIAL.keypoint_names[:keypoints],
        cameras=cameras,
        keypoints=np.stack(views, 1),
    )


def found(evidence: Evidence, given: tuple[Camera, ...]) -> tuple[Camera, ...]:
    return refined(attrs.evolve(evidence, cameras=given)).cameras


@pytest.mark.parametrize(
    ("views", "changes"),
    [((1, 3), (0, 0, ROLL)), ((0, 1, 2), (0, TILT, ROLL)), ((0, 1, 2, 3), ALL)],
    ids=["roll-2", "tilt-roll-3", "all-4"],
)
def test_changes_are_found_within_their_deviations(
    views: tuple[int, ...], changes: tuple[float, float, float]
) -> None:
    true = tuple(TRIAL.cameras[view] for view in views)
    given = tuple(unsure(camera, changes, (-1) ** v) for v, camera in enumerate(true))
    for camera, truth in zip(found(seen(true, noise=5.0), given), true):
        missing, spread = np.abs(left(camera, truth)), deviations(camera)
        assert (missing <= 3 * spread + 1e-9).all()
        assert (np.degrees(missing[1:]) < 0.3).all() and missing[0] < 0.02
        assert (spread[np.array(changes) > 0] < np.array(changes)[np.array(changes) > 0]).all()


def test_exact_keypoints_give_exact_cameras_whose_places_stay() -> None:
    true = TRIAL.cameras[:3]
    given = (true[0], *(unsure(camera, ALL) for camera in true[1:]))
    cameras = found(seen(true), given)
    assert cameras[0] is given[0]
    for camera, truth in zip(cameras, true):
        np.testing.assert_allclose(left(camera, truth), 0, atol=1e-4)
        centre = -camera.rotation.T @ camera.translation
        np.testing.assert_allclose(centre, -truth.rotation.T @ truth.translation, atol=1e-9)


def test_cameras_that_are_known_stay_as_they_are() -> None:
    evidence = seen(TRIAL.cameras, noise=5.0)
    assert refined(evidence) is evidence
    alone = seen((unsure(TRIAL.cameras[0], ALL),))
    assert refined(alone) is alone


def test_views_that_share_nothing_tell_nothing() -> None:
    given = tuple(unsure(camera, ALL) for camera in TRIAL.cameras[:2])
    evidence = seen(given)
    confidence = np.zeros((evidence.num_frames, 2, 12))
    confidence[:15, 0] = confidence[15:, 1] = 1
    apart = attrs.evolve(evidence, confidence=confidence)
    assert refined(apart) is apart


def test_one_keypoint_of_one_frame_tells_little() -> None:
    given = tuple(unsure(camera, ALL) for camera in TRIAL.cameras[:2])
    for camera, before in zip(found(seen(given, frames=1, keypoints=1), given), given):
        assert (np.abs(left(camera, before)) < np.array(ALL)).all()
        assert (deviations(camera) > 0.3 * np.array(ALL)).all()
        assert (deviations(camera) <= np.array(ALL)).all()


def test_a_camera_that_moves_has_one_roll_in_all_frames() -> None:
    true = TRIAL.cameras[0], TRIAL.cameras[1]
    given = unsure(true[1], (0, 0, ROLL))
    moving = attrs.evolve(
        given,
        rotation=np.stack([given.rotation] * 30),
        translation=np.stack([given.translation] * 30),
    )
    _, camera = found(seen(true), (true[0], moving))
    still = attrs.evolve(camera, rotation=camera.rotation[7], translation=camera.translation[7])
    np.testing.assert_allclose(left(still, true[1]), 0, atol=1e-4)


def test_what_is_no_parameter_of_a_projection_stays_unknown() -> None:
    flat = tuple(
        attrs.evolve(
            camera, projection="weak-perspective", parameters={"scale": 400.0, "centre": [540, 960]}
        )
        for camera in TRIAL.cameras[:2]
    )
    back = turn(0, ROLL).T
    given = attrs.evolve(
        flat[1],
        rotation=back @ flat[1].rotation,
        translation=back @ flat[1].translation,
        focal_deviation=FOCAL,
        roll_deviation=ROLL,
    )
    _, camera = found(seen(flat), (flat[0], given))
    np.testing.assert_allclose(camera.rotation, flat[1].rotation, atol=1e-3)
    assert camera.focal_deviation == FOCAL and camera.roll_deviation < 0.5 * ROLL


def test_cameras_need_names_to_be_told_apart() -> None:
    same = [attrs.evolve(unsure(camera, ALL), name="same") for camera in TRIAL.cameras[:2]]
    with pytest.raises(UserError, match="Two cameras are called 'same'"):
        refined(seen(tuple(same)))


def test_real_keypoints_of_four_cameras_find_a_wrong_roll_of_two_within_a_degree() -> None:
    given = tuple(
        unsure(camera, (0, 0, ROLL)) if view in (1, 3) else camera
        for view, camera in enumerate(TRIAL.cameras)
    )
    for camera, truth in zip(found(TRIAL, given), TRIAL.cameras):
        assert abs(math.degrees(left(camera, truth)[2])) < 1
