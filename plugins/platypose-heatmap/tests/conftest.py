"""Heatmaps made of Gaussian blobs, and views that need no camera model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from platypose_heatmap.config import HeatmapConfig
from platypose_heatmap.energy import HeatmapEnergy, build
from torch import Tensor

from platypose.api import BuildContext
from platypose.evidence import Camera, Evidence
from platypose.skeleton import H36M_17

Array = np.ndarray[Any, Any]


@pytest.fixture(scope="session")
def blob() -> Callable[..., Array]:
    """A Gaussian score of a given peak on a grid, in cells."""

    def draw(
        mean: tuple[float, float],
        sigma: tuple[float, float] = (1.5, 1.5),
        *,
        peak: float = 1.0,
        size: tuple[int, int] = (48, 64),
    ) -> Array:
        y, x = np.mgrid[: size[0], : size[1]]
        square = ((x - mean[0]) / sigma[0]) ** 2 + ((y - mean[1]) / sigma[1]) ** 2
        scores: Array = peak * np.exp(-square / 2)
        return scores

    return draw


def _flat_views(views: int, keypoints: int) -> Callable[[Tensor], Tensor]:
    """The first joints' x and y are pixels, moved by z in every view but the first."""

    def project(joints: Tensor) -> Tensor:
        points = joints[:, :, :keypoints]
        return torch.stack([points[..., :2] + v * points[..., 2:] for v in range(views)], 2)

    return project


@pytest.fixture(scope="session")
def make_context() -> Callable[..., BuildContext]:
    """Evidence of heatmaps (F, V, K, h, w); 10 px a cell unless an affine is given."""

    def make(
        heatmaps: Array,
        cell_to_pixel: Array | None = None,
        image_size: tuple[int, int] = (640, 480),
        dtype: torch.dtype = torch.float64,
    ) -> BuildContext:
        frames, views, keypoints = heatmaps.shape[:3]
        if cell_to_pixel is None:
            affine = np.array([[10.0, 0.0, 0.0], [0.0, 10.0, 0.0]])
            cell_to_pixel = np.broadcast_to(affine, (frames, views, 1, 2, 3))
        camera = Camera(
            name="a",
            projection="pinhole",
            parameters={},
            rotation=np.eye(3),
            translation=np.zeros(3),
            image_size=image_size,
        )
        evidence = Evidence(
            frame_rate=30.0,
            keypoint_set="h36m-17",
            keypoint_names=H36M_17.joints[:keypoints],
            cameras=(camera,) * views,
            heatmaps=heatmaps,
            cell_to_pixel=cell_to_pixel,
        )
        context = BuildContext(
            skeleton=H36M_17,
            device=torch.device("cpu"),
            dtype=dtype,
            generator=torch.Generator(),
            evidence=evidence,
        )
        views_of: Any = _flat_views(views, keypoints)
        return attrs.evolve(context, views=views_of)

    return make


@pytest.fixture(scope="session")
def energy_of(make_context: Callable[..., BuildContext]) -> Callable[..., HeatmapEnergy]:
    """The energy of a single heatmap (h, w)."""

    def make(heatmap: Array, config: HeatmapConfig | None = None, **how: Any) -> HeatmapEnergy:
        return build(config or HeatmapConfig(), make_context(heatmap[None, None, None], **how))

    return make


@pytest.fixture(scope="session")
def at() -> Callable[[Any], Tensor]:
    """Poses (H, 1, 17, 3) whose first joint projects to given pixels (H, 2)."""

    def place(pixels: Any) -> Tensor:
        points = torch.as_tensor(pixels, dtype=torch.float64).reshape(-1, 2)
        joints = torch.zeros(len(points), 1, 17, 3, dtype=torch.float64)
        joints[:, 0, 0, :2] = points
        return joints

    return place
