"""Cameras from files of our own, from presets, and from nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from platypose.api import UserError
from platypose.evidence import Camera
from platypose.evidence.camera_file import camera_content, write_cameras
from platypose.evidence.cameras import choose_cameras, fit_to_image, read_cameras
from platypose.evidence.guess import (
    FOCAL_DEVIATION,
    ROLL_DEVIATION,
    description,
    guessed_camera,
    tilt_and_roll,
    tilted,
)
from platypose.testing import scene

Array = NDArray[np.float64]


def image(camera: Camera, point: Any) -> Array:
    """A point of the world in a pinhole's picture, by OpenCV."""
    (fx, fy), (cx, cy) = camera.parameters["focal"], camera.parameters["centre"]
    pixels, _ = cv2.projectPoints(
        np.array([point], np.float64),
        cv2.Rodrigues(camera.rotation)[0],
        camera.translation,
        np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]]),
        np.array(camera.parameters.get("distortion", []), np.float64),
    )
    return np.asarray(pixels.reshape(2), np.float64)


def test_a_camera_file_keeps_everything(tmp_path: Path) -> None:
    still, other = scene.cameras()
    moving = attrs.evolve(
        other,
        rotation=np.stack([other.rotation] * 3),
        translation=np.stack([other.translation] * 3) + np.arange(3)[:, None],
        focal_deviation=0.1,
        tilt_deviation=0.2,
        roll_deviation=0.3,
    )
    write_cameras([still, moving], tmp_path / "cameras.json")
    for camera, known in zip(read_cameras(str(tmp_path / "cameras.json")), (still, moving)):
        for field in attrs.fields(Camera):
            np.testing.assert_equal(getattr(camera, field.name), getattr(known, field.name))


def test_a_known_camera_says_nothing_of_deviations() -> None:
    content = camera_content(scene.cameras()[0])
    assert set(content) == {
        *("name", "projection", "parameters", "rotation", "translation", "image_size")
    }


def test_a_camera_without_a_place_is_level(tmp_path: Path) -> None:
    content = camera_content(scene.cameras()[0])
    del content["rotation"], content["translation"]
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps({"kind": "cameras", "format": 1, "cameras": [content]}))
    (camera,) = read_cameras(str(path))
    assert camera.tilt_deviation > camera.roll_deviation > 0 == camera.focal_deviation
    np.testing.assert_allclose(image(camera, [0, 9, 1.5]), [500, 500])


def test_a_guess_is_a_level_camera_at_the_height_of_a_chest() -> None:
    camera = guessed_camera((1920, 1080))
    assert camera.focal_deviation == FOCAL_DEVIATION and camera.roll_deviation == ROLL_DEVIATION
    np.testing.assert_allclose(image(camera, [0, 7, 1.5]), [959.5, 539.5])
    below, right = image(camera, [0, 7, 0]), image(camera, [1, 7, 1.5])
    assert below[1] > 540 and right[0] > 960
    np.testing.assert_allclose(-camera.rotation.T @ camera.translation, [0, 0, 1.5])


@pytest.mark.parametrize("fov", [40.0, 90.0])
def test_a_field_of_view_reaches_from_edge_to_edge(fov: float) -> None:
    camera = guessed_camera((1000, 600), fov=fov)
    assert camera.focal_deviation == 0 < camera.tilt_deviation
    x = math.tan(math.radians(fov / 2))
    np.testing.assert_allclose(image(camera, [-x, 1, 1.5])[0], -0.5)
    np.testing.assert_allclose(image(camera, [x, 1, 1.5])[0], 999.5)


def test_a_tilted_camera_looks_down() -> None:
    camera = guessed_camera((1000, 600), fov=60, tilt=30)
    assert not camera.guessed  # whoever knows the tilt held it upright
    far = 1.5 / math.tan(math.radians(30))
    np.testing.assert_allclose(image(camera, [0, far, 0]), [499.5, 299.5])
    with pytest.raises(UserError, match="tilt of camera 'guess' is known already"):
        tilted(camera, 5)


def test_what_is_not_known_of_a_camera_is_said_with_its_deviation() -> None:
    camera = guessed_camera((1920, 1080))
    said = "focal length 1920 px ± 35 %, a guess; tilt 0 ± 15°, roll 0 ± 3°"
    assert description(camera) == said
    assert description(tilted(camera, 20)) == "focal length 1920 px ± 35 %, a guess"
    # A turn of the camera's frame about z, from x to y, turns the picture clockwise.
    turn = Rotation.from_euler("z", 10, degrees=True).as_matrix()
    leaning = attrs.evolve(
        guessed_camera((1920, 1080), fov=60, tilt=25), roll_deviation=math.radians(5)
    )
    leaning = attrs.evolve(leaning, rotation=turn @ leaning.rotation)
    assert description(leaning) == "focal length 1663 px; roll 10 ± 5°"
    np.testing.assert_allclose(np.degrees(tilt_and_roll(leaning)), [25, 10])


def test_a_smaller_video_is_refused_or_the_camera_rescaled() -> None:
    camera = scene.cameras()[0]
    assert fit_to_image(camera, None, rescale=False) is camera
    assert fit_to_image(camera, (1000, 1000), rescale=True) is camera
    with pytest.raises(UserError, match="500 x 500 pixels, but it was calibrated at 1000 x 1000; "):
        fit_to_image(camera, (500, 500), rescale=False)
    half = fit_to_image(camera, (500, 500), rescale=True)
    assert half.image_size == (500, 500)
    # Two pixels become one, whose centre lies where they meet.
    point = [0.3, 0.2, 1.1]
    np.testing.assert_allclose(image(half, point), (image(camera, point) - 0.5) / 2)
    with pytest.raises(UserError, match="another shape"):
        fit_to_image(camera, (500, 400), rescale=True)


def test_a_projection_without_a_focal_length_is_not_rescaled() -> None:
    camera = attrs.evolve(scene.cameras()[0], projection="orthographic", parameters={})
    with pytest.raises(UserError, match="'orthographic' of camera 'camera 0' has no focal length"):
        fit_to_image(camera, (500, 500), rescale=True)


@pytest.mark.parametrize(("name", "count"), [("h36m", 44), ("h36m:S7", 4), ("h36m:S1/54138969", 1)])
def test_human36m_s_cameras_need_no_file(name: str, count: int) -> None:
    cameras = read_cameras(name)
    assert len(cameras) == count
    centres = np.array([-camera.rotation.T @ camera.translation for camera in cameras])
    assert (centres[:, 2] > 1.2).all() and (centres[:, 2] < 1.9).all()


def test_cameras_are_chosen_by_name_and_in_order() -> None:
    cameras = read_cameras("h36m:S1")
    names = [cameras[2].name, cameras[0].name]
    assert choose_cameras(cameras, names, 2) == (cameras[2], cameras[0])
    assert choose_cameras(cameras, (), 4) == cameras
    with pytest.raises(UserError, match="1 evidence file and 4 cameras do not go together"):
        choose_cameras(cameras, (), 1)
    with pytest.raises(UserError, match=r"no such camera \(did you mean"):
        choose_cameras(cameras, ["S1/5413"], 1)
    with pytest.raises(UserError, match="--view names a camera twice"):
        choose_cameras(cameras, names[:1] * 2, 2)


def _file(change: Callable[[dict[str, Any]], Any]) -> str:
    content: dict[str, Any] = {
        "kind": "cameras",
        "format": 1,
        "cameras": [camera_content(camera) for camera in scene.cameras()],
    }
    change(content["cameras"][0])
    return json.dumps(content)


WRONG = {
    "cut": ('{"kind": "cameras", "cam', "is of none of the camera formats"),
    "another kind": ('{"kind": "evidence", "cameras": []}', "is no camera file"),
    "a newer format": ('{"kind": "cameras", "format": 2, "cameras": []}', "camera format 2"),
    "no list": ('{"kind": "cameras", "format": 1, "cameras": {}}', "must be a list"),
    "no camera": ('{"kind": "cameras", "format": 1, "cameras": []}', "holds no camera"),
    "a word": ('{"kind": "cameras", "format": 1, "cameras": ["a"]}', "must be a mapping"),
    "no name": (_file(lambda c: c.pop("name")), "Camera '' has no 'name'"),
    "a number for a name": (_file(lambda c: c.update(name=3)), "name of a camera must be a text"),
    "misspelt": (_file(lambda c: c.update(rotaton=c.pop("rotation"))), "mean rotation"),
    "half a pose": (_file(lambda c: c.pop("translation")), "has no 'translation'"),
    "no rotation": (_file(lambda c: c.update(rotation=[[2, 0], [0, 1]])), "needs .3, 3."),
    "ragged": (_file(lambda c: c.update(rotation=[[2, 0], [0]])), "no array of numbers"),
    "NaN": (_file(lambda c: c.update(translation=[0, math.nan, 0])), "translation .* is NaN"),
    "half a pixel": (_file(lambda c: c.update(image_size=[10.5, 10])), "two positive numbers"),
    "negative deviation": (
        _file(lambda c: c.update(tilt_deviation=-1)),
        "tilt_deviation of camera 'camera 0' must be a number of at least 0",
    ),
    "a word for a deviation": (
        _file(lambda c: c.update(focal_deviation="wide")),
        "focal_deviation of camera 'camera 0' must be a number",
    ),
    "frames that differ": (
        _file(lambda c: c.update(rotation=[c["rotation"]] * 2)),
        r"translation of camera 'camera 0' has shape \(3,\) but needs \(2, 3\)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_one_sentence_that_names_it(name: str, tmp_path: Path) -> None:
    text, message = WRONG[name]
    path = tmp_path / "cameras.json"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        read_cameras(str(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["absent.json", "h37m:S1", "x" * 300])
def test_what_is_no_file_and_no_preset_is_said(name: str) -> None:
    with pytest.raises(UserError, match="there is no such file, and no such preset"):
        read_cameras(name)


def test_an_unknown_camera_of_a_preset_is_said() -> None:
    with pytest.raises(UserError, match="has no such camera; write h36m:S1"):
        read_cameras("h36m:S12")
