"""TOML files of Pose2Sim, Caliscope, Anipose and FreeMoCap."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from platypose.api import BuildContext, UserError
from platypose.evidence import Camera
from platypose_cameras.calibration.assembly import (
    Pose,
    array,
    assembled,
    in_metres,
    numbers,
    pose_of,
    required,
)
from platypose_cameras.calibration.config import WorldConfig
from platypose_cameras.calibration.rotations import from_vector
from platypose_cameras.calibration.text import read_text


class Pose2Sim:
    """A table for each camera: matrix, distortions, size, rotation and translation as in OpenCV.

    Rotations are vectors or matrices, from the world into the camera's frame. Caliscope puts the
    tables into one called `cameras`, and marks cameras to be left out with `ignore`. A table with
    `moving = true` has a list of all fields, one entry a frame.

    Arguments:
        config: the file's world.
        context: not used.
    """

    def __init__(self, config: WorldConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether it is TOML with a table that has a matrix and distortions."""
        try:
            tables = list(_tables(tomllib.loads(read_text(path))))
        except (UserError, ValueError, RecursionError):
            return False
        return any("matrix" in table and "distortions" in table for _, table in tables)

    def read(self, path: Path) -> tuple[Camera, ...]:
        """The cameras in the order of the file."""
        try:
            content = tomllib.loads(read_text(path))
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path} is not valid TOML ({error}).") from None
        try:
            cameras = [_camera(name, table) for name, table in _tables(content)]
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        return in_metres(cameras, self.config.up, self.config.scale)


def _tables(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    nested = content.get("cameras")
    for name, table in (nested if isinstance(nested, dict) else content).items():
        if isinstance(table, dict) and "size" in table and table.get("ignore") is not True:
            yield str(table.get("name", name)), table


def _camera(name: str, table: Mapping[str, Any]) -> Camera:
    where = f"camera {name!r}"
    matrix, distortion = (required(table, field, where) for field in ("matrix", "distortions"))
    size, pose = table["size"], None
    if table.get("moving") is True:
        pose = _poses(table, where)
        matrix, distortion, size = (_constant(value, where) for value in (matrix, distortion, size))
    else:
        pose = pose_of(table.get("rotation"), table.get("translation"), where)
    return assembled(
        name,
        matrix=matrix,
        distortion=distortion,
        size=size,
        pose=pose,
        fisheye=table.get("fisheye") is True,
    )


def _poses(table: Mapping[str, Any], where: str) -> Pose:
    rotation = array(required(table, "rotation", where), f"the rotation of {where}")
    rotation = numbers(rotation, (len(np.atleast_1d(rotation)), 3), f"the rotation of {where}")
    translation = required(table, "translation", where)
    return from_vector(rotation), numbers(
        translation, rotation.shape, f"the translation of {where}"
    )


def _constant(value: Any, where: str) -> Any:
    values = array(value, f"the lens of {where}")
    if values.ndim == 0 or len(values) == 0 or (values != values[0]).any():
        raise UserError(f"The lens of {where} must be the same in every frame.")
    return values[0]
