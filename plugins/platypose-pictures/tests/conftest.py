"""A made-up person in front of made-up cameras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from platypose.evidence import Camera, Evidence
from platypose.lifting.result import Result
from platypose.skeleton import H36M_17, keypoint_set

NAMES = tuple(keypoint_set("coco-17").expressible(H36M_17))
JOINTS = [H36M_17.joints.index(name.replace("ankle", "foot")) for name in NAMES]
FOCAL, CENTRE = 800.0, np.array([320.0, 240.0])


@attrs.frozen(kw_only=True)
class Scene:
    """A result and its evidence."""

    result: Result
    evidence: Evidence


def _camera(angle: float, name: str) -> Camera:
    """At 5 m, at the height of the hips, looking at them from that side."""
    forward = -np.array([np.cos(angle), np.sin(angle), 0.0])
    down = np.array([0.0, 0.0, -1.0])
    rotation = np.stack([np.cross(down, forward), down, forward])
    return Camera(
        name=name,
        projection="pinhole",
        parameters={"focal": [FOCAL, FOCAL], "centre": CENTRE.tolist()},
        rotation=rotation,
        translation=-rotation @ (np.array([0.0, 0.0, 0.9]) - 5 * forward),
        image_size=(640, 480),
    )


def _project(points: NDArray[Any], cameras: list[Camera]) -> NDArray[Any]:
    views = []
    for camera in cameras:
        seen = points @ camera.rotation.T + camera.translation
        views.append(FOCAL * seen[..., :2] / seen[..., 2:] + CENTRE)
    return np.stack(views, -3) if cameras else np.zeros((*points.shape[:-2], 0, 0, 2))


def _scene(hypotheses: int = 5, frames: int = 8, views: int = 1, noise: float = 0.03) -> Scene:
    random = np.random.default_rng(0)
    truth = np.tile(np.array(H36M_17.standing), (frames, 1, 1))
    samples = truth + noise * random.standard_normal((hypotheses, frames, 17, 3))
    samples -= samples[:, :, :1]
    root = np.tile([0.0, 0.0, 0.9], (hypotheses, frames, 1))
    cameras = [_camera(2 * np.pi * v / views - 1.2, f"cam{v}") for v in range(views)]
    observed = _project((truth + root[0, :, None])[:, JOINTS], cameras)
    weights = np.ones(observed.shape[:3])
    names = NAMES if views else ()
    evidence = Evidence(
        frame_rate=30.0,
        keypoint_set="coco-17",
        keypoint_names=names,
        cameras=tuple(cameras),
        keypoints=observed if views else None,
        confidence=weights if views else None,
        joints_3d=None if views else truth + root[0, :, None],
        credit="Nobody.",
    )
    result = Result(
        samples=samples.astype(np.float32),
        root=root.astype(np.float32),
        energy=np.zeros((hypotheses, frames), np.float32),
        skeleton=H36M_17,
        frame_rate=30.0,
        credit="Nobody.",
        projected=_project((samples + root[:, :, None])[:, :, JOINTS], cameras).astype(np.float32),
        observed=observed.astype(np.float32),
        weights=weights.astype(np.float32),
        keypoint_names=names,
    )
    return Scene(result=result, evidence=evidence)


@pytest.fixture(scope="session")
def scene() -> Callable[..., Any]:
    """`scene(hypotheses=5, frames=8, views=1, noise=0.03)`: someone who stands and faces -y.

    With views, 12 keypoints seen without error; without, all joints measured in 3D.
    """
    return _scene
