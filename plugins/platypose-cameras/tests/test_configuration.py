"""What users write, and what they are told when it is wrong."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest
import torch
from platypose_cameras.config import (
    FisheyeConfig,
    OrthographicConfig,
    PinholeConfig,
    WeakPerspectiveConfig,
)
from platypose_cameras.plugin import platypose_projections

from platypose.api import BuildContext, Config, Projection

CONFIGS: dict[str, Config] = {
    "pinhole": PinholeConfig(
        focal=(900.0, 910.0), centre=(500.0, 400.0), distortion=(-0.1, 0.01, 1e-3, 1e-3)
    ),
    "fisheye": FisheyeConfig(
        focal=(300.0, 310.0), centre=(500.0, 400.0), distortion=(0.01, 0.0, 0.0, 0.0)
    ),
    "weak-perspective": WeakPerspectiveConfig(scale=200.0, centre=(500.0, 400.0)),
    "orthographic": OrthographicConfig(),
}
names = pytest.mark.parametrize("name", CONFIGS)


@pytest.fixture(scope="session")
def cameras(context: BuildContext) -> dict[str, Projection]:
    def build(factory: Any, config: Config) -> Projection:
        module, _, attribute = factory.partition(":")
        camera: Projection = getattr(import_module(module), attribute)(config, context)
        return camera

    return {s.name: build(s.factory, CONFIGS[s.name]) for s in platypose_projections()}


def test_the_plugin_offers_these_projections(cameras: dict[str, Projection]) -> None:
    assert list(cameras) == list(CONFIGS)
    assert all(isinstance(camera, Projection) for camera in cameras.values())
    assert [c.perspective for c in cameras.values()] == [True, True, False, False]


def test_listing_imports_no_torch() -> None:
    program = "import sys, platypose_cameras.plugin; print({'torch', 'numpy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stdout + run.stderr


@names
@pytest.mark.parametrize("batch", [(), (0,), (7,), (2, 1, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_any_batch_keeps_its_shape_and_dtype(
    name: str, batch: tuple[int, ...], dtype: torch.dtype, cameras: dict[str, Projection]
) -> None:
    camera, points = cameras[name], torch.rand(*batch, 3, dtype=dtype) + 1
    pixels, jacobian = camera(points), camera.jacobian(points)
    a, b = camera.sight_lines(pixels)
    shapes = [pixels.shape, jacobian.shape, a.shape, b.shape]
    assert shapes == [(*batch, 2), (*batch, 2, 3), (*batch, 2, 3), (*batch, 2)]
    assert {t.dtype for t in (pixels, jacobian, a, b)} == {dtype}


@names
def test_parameters_follow_the_points_to_their_device(
    name: str, cameras: dict[str, Projection]
) -> None:
    # a meta tensor computes nothing but refuses to meet one of another device
    points = torch.empty(4, 3, device="meta")
    assert cameras[name](points).device.type == "meta"
    assert cameras[name].jacobian(points).device.type == "meta"


@names
def test_points_of_a_batch_are_projected_one_by_one(
    name: str, cameras: dict[str, Projection]
) -> None:
    camera = cameras[name]
    points = torch.randn(5, 3, dtype=torch.float64)
    for project in (camera, camera.jacobian):
        torch.testing.assert_close(project(points), torch.stack([project(p) for p in points]))


FOCAL = "is {} but needs two finite numbers above 0"
CENTRE = "is {} but needs two finite numbers"


@pytest.mark.parametrize(
    ("config", "fields", "complaint"),
    [
        (PinholeConfig, {"focal": (0.0, 900.0)}, FOCAL.format("(0.0, 900.0)")),
        (PinholeConfig, {"focal": (float("inf"), 900.0)}, FOCAL.format("(inf, 900.0)")),
        (PinholeConfig, {"focal": (900.0,)}, FOCAL.format("(900.0,)")),
        (PinholeConfig, {"centre": (float("nan"), 1.0)}, CENTRE.format("(nan, 1.0)")),
        (
            PinholeConfig,
            {"distortion": (0.1, 0.2)},
            "is (0.1, 0.2) but needs 0, 4, 5 or 8 finite numbers (k1 k2 p1 p2 k3 k4 k5 k6)",
        ),
        (FisheyeConfig, {"focal": (-1.0, 900.0)}, FOCAL.format("(-1.0, 900.0)")),
        (
            FisheyeConfig,
            {"distortion": (0.1,)},
            "is (0.1,) but needs 0 or 4 finite numbers (k1 k2 k3 k4)",
        ),
        (WeakPerspectiveConfig, {"scale": 0.0}, "is 0.0 but needs a finite number above 0"),
    ],
)
def test_a_wrong_number_is_refused_in_one_sentence(
    config: type[Config], fields: dict[str, Any], complaint: str
) -> None:
    size = {"scale": 1.0} if config is WeakPerspectiveConfig else {"focal": (900.0, 900.0)}
    right = {"centre": (500.0, 400.0), **size}
    assert config(**right)
    with pytest.raises(ValueError) as error:
        config(**{**right, **fields})
    assert str(error.value) == complaint


def test_a_distortion_with_a_pole_in_the_image_still_gives_finite_pixels(
    context: BuildContext,
) -> None:
    from platypose_cameras.pinhole import Pinhole

    config = PinholeConfig(
        focal=(900.0, 900.0), centre=(0.0, 0.0), distortion=(*(0.0,) * 5, -4.0, 0.0, 0.0)
    )
    points = torch.tensor([[x, 0.0, 1.0] for x in (0.4, 0.49999, 0.5, 0.6, 3.0)])
    pixels = Pinhole(config, context)(points)
    assert torch.isfinite(pixels).all()
    assert (pixels[:, 0].diff() > 0).all()
