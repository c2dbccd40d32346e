"""The contract of projections, kept by each camera of this package."""

from __future__ import annotations

from typing import Any

from platypose.testing import ProjectionContract

CAMERA = {"focal": [1145.0, 1144.0], "centre": [512.5, 515.5]}
WEAK: dict[str, Any] = {"scale": 250.0, "centre": [512.5, 515.5]}


class TestPinhole(ProjectionContract):
    name = "pinhole"
    options = CAMERA | {"distortion": [-0.2, 0.25, -0.001, -0.0015, -0.003]}


class TestPinholeWithoutDistortion(ProjectionContract):
    name = "pinhole"
    options = CAMERA


class TestPinholeWithRationalDistortion(ProjectionContract):
    name = "pinhole"
    options = CAMERA | {"distortion": [0.3, 0.1, 0.001, -0.002, 0.01, 0.5, 0.2, 0.02]}


class TestFisheye(ProjectionContract):
    name = "fisheye"
    options = CAMERA | {"distortion": [-0.02, 0.01, -0.003, 0.0005]}


class TestWeakPerspective(ProjectionContract):
    name = "weak-perspective"
    options = WEAK


class TestOrthographic(ProjectionContract):
    name = "orthographic"
