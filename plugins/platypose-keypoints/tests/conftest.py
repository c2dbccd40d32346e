"""Contexts with views that need no camera model: the xy of a joint is its pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from torch import Tensor

from platypose.api import BuildContext
from platypose.evidence import Camera, Evidence
from platypose.skeleton import H36M_17


class FlatViews:
    """Sees the first K joints; x and y are pixels, moved by z in every view but the first."""

    def __init__(self, views: int, keypoints: int) -> None:
        self.views, self.keypoints = views, keypoints

    def __call__(self, joints: Tensor) -> Tensor:
        points = joints[:, :, : self.keypoints]
        moved = [points[..., :2] + v * points[..., 2:] for v in range(self.views)]
        return torch.stack(moved, 2)


@pytest.fixture(scope="session")
def make_context() -> Callable[..., BuildContext]:
    """A float64 context for an `Evidence` of the given arrays, images 640 px wide."""

    def make(frame_rate: float = 30.0, width: int = 640, **arrays: Any) -> BuildContext:
        images = arrays.get("keypoints")
        views, keypoints = (0, 0) if images is None else images.shape[1:3]
        camera = Camera(
            name="a",
            projection="pinhole",
            parameters={},
            rotation=np.eye(3),
            translation=np.zeros(3),
            image_size=(width, 480),
        )
        evidence = Evidence(
            frame_rate=frame_rate,
            keypoint_set="h36m-17",
            keypoint_names=H36M_17.joints[:keypoints],
            cameras=(camera,) * views,
            **arrays,
        )
        context = BuildContext(
            skeleton=H36M_17,
            device=torch.device("cpu"),
            dtype=torch.float64,
            generator=torch.Generator(),
            evidence=evidence,
        )
        flat: Any = FlatViews(views, keypoints) if views else None
        return attrs.evolve(context, views=flat)

    return make


@pytest.fixture(scope="session")
def poses() -> Callable[..., Tensor]:
    """Random joints (H, F, 17, 3), the same at every call."""

    def draw(hypotheses: int, frames: int, scale: float = 1.0) -> Tensor:
        random = np.random.default_rng(7)
        return torch.from_numpy(scale * random.standard_normal((hypotheses, frames, 17, 3)))

    return draw
