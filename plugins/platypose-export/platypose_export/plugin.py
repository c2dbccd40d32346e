"""What this distribution offers; imports no numpy."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Spec, Writer, hookimpl
from platypose_export.config import BvhConfig, C3dConfig, GltfConfig, TableConfig, TrcConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_writers() -> Iterable[Spec[Writer]]:
    """Tables, markers and animations."""
    yield Spec(
        "npz",
        TableConfig,
        "platypose_export.npz:build",
        "Every hypothesis, mean, quantiles and covariances as NumPy arrays.",
    )
    yield Spec(
        "csv",
        TableConfig,
        "platypose_export.csv:build",
        "Every hypothesis, and mean, quantiles and covariances, as two long tables.",
    )
    yield Spec(
        "json",
        TableConfig,
        "platypose_export.json:build",
        "Every hypothesis, mean, quantiles and covariances as JSON.",
    )
    yield Spec(
        "trc",
        TrcConfig,
        "platypose_export.trc:build",
        "Joints as markers in millimetres, for OpenSim.",
    )
    yield Spec(
        "c3d",
        C3dConfig,
        "platypose_export.c3d:build",
        "Joints as markers in millimetres, for Mokka and other programs of gait laboratories.",
    )
    yield Spec(
        "bvh",
        BvhConfig,
        "platypose_export.bvh:build",
        "Rotations of bones of fixed length, for Blender and other programs of animators.",
    )
    yield Spec(
        "gltf",
        GltfConfig,
        "platypose_export.gltf:build",
        "The same rotations with a stick figure, as a binary glTF 2.0 animation.",
    )
