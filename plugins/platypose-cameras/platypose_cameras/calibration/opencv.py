"""YAML files as OpenCV writes them, with one camera or, as EasyMocap's, several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from platypose.api import BuildContext, UserError
from platypose.evidence import Camera
from platypose_cameras.calibration.assembly import assembled, in_metres, pose_of, required
from platypose_cameras.calibration.config import WorldConfig
from platypose_cameras.calibration.text import beginning, read_text

_FISHEYE = ("equidistant", "fisheye", "kannala_brandt")


class OpenCV:
    """Matrices tagged `!!opencv-matrix`, or mappings of rows, cols and data, as ROS has them.

    One camera has camera_matrix, distortion_coefficients, image_width, image_height and, where
    it was placed in a world, R and T. Several have their `names`, and K, dist, W, H, R (a vector)
    or Rot (a matrix) and T of each, as in `K_01`; a folder with intri.yml and extri.yml has all
    these. What has no R and T is taken for a level camera of unknown tilt.

    Arguments:
        config: the file's world.
        context: not used.
    """

    def __init__(self, config: WorldConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether it begins as OpenCV's YAML does or has a camera_matrix, or is such a folder."""
        if path.is_dir():
            return all((path / name).is_file() for name in _FOLDER)
        text = beginning(path)
        if text.lstrip().startswith(("{", "<")):
            return False
        return text.startswith("%YAML:") or "\ncamera_matrix:" in f"\n{text}"

    def read(self, path: Path) -> tuple[Camera, ...]:
        """The cameras in the order of the file."""
        files = [path / name for name in _FOLDER] if path.is_dir() else [path]
        content: dict[str, Any] = {}
        for file in files:
            content |= _load(file)
        try:
            cameras = _several(content) if "names" in content else [_single(content, path.stem)]
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        return in_metres(cameras, self.config.up, self.config.scale)


_FOLDER = ("intri.yml", "extri.yml")


def _single(content: Mapping[str, Any], stem: str) -> Camera:
    name = str(content.get("camera_name", stem))
    where = f"camera {name!r}"
    width, height = (required(content, f"image_{side}", where) for side in ("width", "height"))
    return assembled(
        name,
        matrix=_matrix(required(content, "camera_matrix", where), where),
        distortion=_matrix(content.get("distortion_coefficients", []), where),
        size=(width, height),
        pose=pose_of(_matrix(content.get("R"), where), _matrix(content.get("T"), where), where),
        fisheye=content.get("distortion_model") in _FISHEYE,
    )


def _several(content: Mapping[str, Any]) -> list[Camera]:
    names = content["names"]
    if not isinstance(names, list):
        raise UserError("names must be a list.")
    cameras = []
    for name in map(str, names):
        where = f"camera {name!r}"

        def of(field: str, name: str = name, where: str = where) -> Any:
            return _matrix(content.get(f"{field}_{name}"), where)

        for field in ("K", "W", "H"):
            required(content, f"{field}_{name}", where)
        turn = of("Rot")
        cameras.append(
            assembled(
                name,
                matrix=of("K"),
                distortion=[] if of("dist") is None else of("dist"),
                size=(of("W"), of("H")),
                pose=pose_of(of("R") if turn is None else turn, of("T"), where),
            )
        )
    return cameras


def _matrix(value: Any, where: str) -> Any:
    """A matrix from the mapping that stands for it; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    rows, cols, data = (value.get(name) for name in ("rows", "cols", "data"))
    if not (isinstance(rows, int) and isinstance(cols, int) and isinstance(data, list)):
        raise UserError(f"A matrix of {where} has no rows, cols and data.")
    if rows < 0 or cols < 0 or rows * cols != len(data):
        raise UserError(
            f"A matrix of {where} has {len(data)} numbers, but {rows} rows and {cols} columns."
        )
    return _reshaped(data, rows, cols)


def _reshaped(data: list[Any], rows: int, cols: int) -> NDArray[Any]:
    return np.array(data, dtype=object if any(isinstance(x, list) for x in data) else None).reshape(
        rows, cols
    )


class _Loader(yaml.SafeLoader):
    """Plain values alone, and numbers as OpenCV writes them."""


def _opencv_matrix(loader: _Loader, node: yaml.Node) -> Any:
    if not isinstance(node, yaml.MappingNode):
        raise yaml.constructor.ConstructorError(None, None, "a matrix is no mapping", None)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:opencv-matrix", _opencv_matrix)


def _load(path: Path) -> dict[str, Any]:
    text = read_text(path)
    # Not the directive of YAML, which has a space where OpenCV writes a colon.
    if text.startswith("%YAML:"):
        text = text.partition("\n")[2]
    try:
        content = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as e:
        mark = getattr(e, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{path}{place} is not valid YAML.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no camera.")
    return content
