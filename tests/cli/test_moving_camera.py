"""Real keypoints, as cameras that turn while they film would have seen them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from platypose import Evidence
from platypose.evidence import Camera, Detections, Track
from platypose.evidence.camera_file import write_cameras
from platypose.lifting import Result

Run = Callable[..., Any]
Array = NDArray[np.float64]
EXAMPLE = Path(__file__).parents[2] / "examples" / "data" / "balancing-4-cameras.safetensors"
FRAMES = 4


def turning(camera: Camera, pixels: Array, rate: float) -> tuple[Camera, Array]:
    """A camera that pans and leans about its centre, without distortion, and what it sees.

    A camera that only turns sees the same rays, so that its pictures follow from those of a camera
    that stands.

    Arguments:
        camera: that stands.
        pixels: (F, K, 2) in its pictures.
        rate: radians a frame.
    """
    (fx, fy), (cx, cy) = camera.parameters["focal"], camera.parameters["centre"]
    matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    lens = np.array(camera.parameters["distortion"])
    flat = np.asarray(pixels, np.float64).reshape(-1, 1, 2)
    rays = cv2.undistortPoints(flat, matrix, lens).reshape(*pixels.shape)
    rays = np.concatenate([rays, np.ones_like(rays[..., :1])], -1)
    turns = Rotation.from_rotvec(np.arange(len(pixels))[:, None] * rate * np.array([0, 1.0, 0.5]))
    seen = np.einsum("ij,fjk,fnk->fni", matrix, turns.as_matrix(), rays)
    moving = attrs.evolve(
        camera,
        parameters={"focal": [fx, fy], "centre": [cx, cy]},
        rotation=turns.as_matrix() @ camera.rotation,
        translation=turns.as_matrix() @ camera.translation,
    )
    return moving, seen[..., :2] / seen[..., 2:]


def write(evidence: Evidence, pixels: Array, view: int, path: Path, frames: int) -> Path:
    confidence = evidence.confidence
    assert confidence is not None
    person = Track(
        name="0",
        frames=np.arange(FRAMES),
        keypoints=pixels.astype(np.float32),
        confidence=confidence[:, view],
    )
    Detections(
        keypoint_set=evidence.keypoint_set,
        keypoint_names=evidence.keypoint_names,
        num_frames=frames,
        frame_rate=evidence.frame_rate,
        image_size=evidence.cameras[view].image_size,
        people=(person,),
    ).write(path)
    return path


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return Evidence.read(EXAMPLE).at(np.arange(FRAMES))


@pytest.fixture(scope="module")
def quick() -> tuple[str, ...]:
    return ("--samples", "8", "--write", "none", "--device", "cpu", "--energy", "reprojection")


def test_cameras_that_turn_find_the_person_where_standing_ones_do(
    run: Run, evidence: Evidence, quick: tuple[str, ...], tmp_path: Path
) -> None:
    assert evidence.keypoints is not None
    still, moving = [], []
    standing: dict[str, list[Path]] = {"still": [], "moving": []}
    for view, rate in ((0, 0.1), (1, -0.15)):
        pixels = evidence.keypoints[:, view]
        camera, turned = turning(evidence.cameras[view], pixels, rate)
        assert np.linalg.norm(turned[1:] - pixels[1:], axis=-1).min() > 100
        still.append(evidence.cameras[view])
        moving.append(camera)
        for name, seen in (("still", pixels), ("moving", turned)):
            path = tmp_path / f"{name}-{view}.safetensors"
            standing[name].append(write(evidence, seen, view, path, FRAMES))
    means = []
    for name, cameras in (("still", still), ("moving", moving)):
        write_cameras(cameras, tmp_path / f"{name}.json")
        words = ("--camera", tmp_path / f"{name}.json", "--out", tmp_path / name)
        done = run("lift", *standing[name], *words, *quick)
        assert done.code == 0, done.err
        means.append(Result.read(tmp_path / name / "samples.safetensors").joints.mean(0))
    apart = np.linalg.norm(means[1] - means[0], axis=-1)
    assert np.median(apart) < 0.005 and apart.max() < 0.04


def test_a_path_of_another_length_is_one_sentence(
    run: Run, evidence: Evidence, quick: tuple[str, ...], tmp_path: Path
) -> None:
    assert evidence.keypoints is not None
    camera, turned = turning(evidence.cameras[0], evidence.keypoints[:, 0], 0.1)
    write_cameras([camera], tmp_path / "cameras.json")
    path = write(evidence, turned, 0, tmp_path / "seen.safetensors", FRAMES + 1)
    words = ("--camera", tmp_path / "cameras.json", "--out", tmp_path / "out")
    done = run("lift", path, *words, *quick)
    assert done.code == 2
    assert f"moves over {FRAMES} frames, but the video has {FRAMES + 1}" in done.err
