"""A made-up person in front of made-up cameras, and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray
from platypose_viewer.headless import Browser, find_browser

from platypose.evidence import Camera, Evidence
from platypose.lifting.result import Result
from platypose.skeleton import H36M_17

NAMES = H36M_17.joints
FOCAL, SIZE = 900.0, (640, 480)
DEPTH_SPREAD, ACROSS_SPREAD = 0.1, 0.02
"""Standard deviations of every joint along the optical axis and across it, metres."""


@attrs.frozen(kw_only=True)
class Scene:
    """A result and its evidence."""

    result: Result
    evidence: Evidence


def camera(angle: float, name: str) -> Camera:
    """5 m from the origin on that side, at the height of the hips, looking at them."""
    forward = -np.array([np.cos(angle), np.sin(angle), 0.0])
    down = np.array([0.0, 0.0, -1.0])
    rotation = np.stack([np.cross(down, forward), down, forward])
    return Camera(
        name=name,
        projection="pinhole",
        parameters={"focal": [FOCAL, FOCAL], "centre": [SIZE[0] / 2, SIZE[1] / 2]},
        rotation=rotation,
        translation=-rotation @ (np.array([0.0, 0.0, 0.9]) - 5 * forward),
        image_size=SIZE,
    )


def project(points: NDArray[Any], camera: Camera) -> NDArray[Any]:
    """Pixels, (..., 2), of points in the world, (..., 3)."""
    seen = points @ camera.rotation.T + camera.translation
    pixels: NDArray[Any] = FOCAL * seen[..., :2] / seen[..., 2:] + np.array(SIZE) / 2
    return pixels


def made_up(hypotheses: int = 4, frames: int = 12, views: int = 1, heat: bool = False) -> Scene:
    """Someone who stands and faces −y, and drifts sideways; hypotheses are shifted copies."""
    truth = np.tile(np.array(H36M_17.standing), (frames, 1, 1))
    truth[..., 2] += 0.9
    truth[..., 0] += 0.3 * np.linspace(0, 1, frames)[:, None]
    cameras = [camera(-np.pi / 2 + v, f"cam{v}") for v in range(views)]
    axes = cameras[0].rotation if cameras else np.eye(3)
    sizes = np.array([ACROSS_SPREAD, ACROSS_SPREAD, DEPTH_SPREAD])
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])  # uncorrelated
    off = (np.resize(signs, (hypotheses, 3)) * sizes) @ axes
    joints = truth + off[:, None, None]
    root = np.ascontiguousarray(joints[:, :, 0])
    observed = np.zeros((frames, views, 17, 2))
    projected = np.zeros((hypotheses, frames, views, 17, 2))
    for v, one in enumerate(cameras):
        observed[:, v], projected[:, :, v] = project(truth, one), project(joints, one)
    weights = np.ones((frames, views, 17))
    cell = np.zeros((frames, views, 1, 2, 3))
    cell[..., 0, 0] = cell[..., 1, 1] = 20.0
    seen = {
        "keypoint_names": NAMES,
        "cameras": tuple(cameras),
        "keypoints": None if heat else observed,
        "confidence": None if heat else weights,
        "heatmaps": np.ones((frames, views, 17, 24, 32), np.uint8) if heat else None,
        "cell_to_pixel": cell if heat else None,
    }
    evidence = Evidence(
        frame_rate=24.0,
        joints_3d=None if views else truth,
        credit="Nobody.",
        **(seen if views else {}),
    )
    result = Result(
        samples=(joints - root[:, :, None]).astype(np.float32),
        root=root.astype(np.float32),
        energy=np.ones((hypotheses, frames), np.float32),
        skeleton=H36M_17,
        frame_rate=24.0,
        credit="Photographs by N. N.",
        projected=projected[..., : 17 if views else 0, :].astype(np.float32),
        observed=observed[..., : 17 if views else 0, :].astype(np.float32),
        weights=weights[..., : 17 if views else 0].astype(np.float32),
        keypoint_names=NAMES if views else (),
    )
    return Scene(result=result, evidence=evidence)


@pytest.fixture(scope="session")
def scene() -> Callable[..., Any]:
    """`scene(hypotheses=4, frames=12, views=1, heat=False)`."""
    return made_up


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser without a window, the same for all tests."""
    program = find_browser()
    if program is None:
        pytest.skip("there is no Chromium; install one, or name it in the variable CHROMIUM")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()
