"""Text models of COLMAP: cameras.txt and images.txt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import attrs
import numpy as np

from platypose.api import BuildContext, UserError
from platypose.evidence import Camera
from platypose_cameras.calibration.assembly import assembled, in_metres
from platypose_cameras.calibration.config import ColmapConfig
from platypose_cameras.calibration.rotations import from_quaternion

MOST_CHARACTERS = 10_000_000
"""Of a line; the second line of an image lists all its points, and there are not so many."""

MODELS = {
    "SIMPLE_PINHOLE": ("f cx cy", False),
    "PINHOLE": ("fx fy cx cy", False),
    "SIMPLE_RADIAL": ("f cx cy k1", False),
    "RADIAL": ("f cx cy k1 k2", False),
    "OPENCV": ("fx fy cx cy k1 k2 p1 p2", False),
    "FULL_OPENCV": ("fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6", False),
    "SIMPLE_RADIAL_FISHEYE": ("f cx cy k1", True),
    "RADIAL_FISHEYE": ("f cx cy k1 k2", True),
    "OPENCV_FISHEYE": ("fx fy cx cy k1 k2 k3 k4", True),
}
"""Parameters of each camera model, and whether it is a fisheye."""


class Colmap:
    """A camera for each image, called by the image's name.

    Structure from motion knows neither metres nor the vertical, so that `scale` and `up` have to
    be given. Pixels are counted from the corner of the picture there, and from the centre of its
    first pixel here.

    Arguments:
        config: the file's world.
        context: not used.
    """

    def __init__(self, config: ColmapConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether it is a folder with cameras.txt and images.txt, or one of these."""
        folder = path if path.is_dir() else path.parent
        return (path.is_dir() or path.name in _FILES) and all(
            (folder / name).is_file() for name in _FILES
        )

    def read(self, path: Path) -> tuple[Camera, ...]:
        """The cameras in the order of the images' names."""
        up, scale = self.config.up, self.config.scale
        if up is None or scale is None:
            raise UserError(
                f"{path}: COLMAP knows neither metres nor the vertical; say both, as in "
                "--camera-format colmap:scale=0.5,up=[0,-1,0]."
            )
        folder = path if path.is_dir() else path.parent
        lenses = _lenses(folder / "cameras.txt")
        cameras = sorted(_images(folder / "images.txt", lenses), key=lambda camera: camera.name)
        placed = in_metres(cameras, up, scale)
        return _one(placed, folder) if self.config.moving and placed else placed


_FILES = ("cameras.txt", "images.txt")


_NUMBER = re.compile(r"(\d{1,15})(?!.*\d)")


def _one(cameras: tuple[Camera, ...], folder: Path) -> tuple[Camera, ...]:
    cameras = _by_frame(cameras, folder)
    first = cameras[0]
    for camera in cameras:
        if (camera.parameters, camera.image_size) != (first.parameters, first.image_size):
            raise UserError(
                f"{folder}: a camera that moves has one lens, but {camera.name!r} has another than "
                f"{first.name!r}."
            )
    return (
        attrs.evolve(
            first,
            name=folder.name or "camera",
            rotation=np.stack([camera.rotation for camera in cameras]),
            translation=np.stack([camera.translation for camera in cameras]),
        ),
    )


def _by_frame(cameras: tuple[Camera, ...], folder: Path) -> tuple[Camera, ...]:
    """In the order of the frames, whose numbers are the last ones in the images' names."""
    frames: dict[int, Camera] = {}
    for camera in cameras:
        match = _NUMBER.search(PurePosixPath(camera.name).stem)
        if match is None:
            raise UserError(
                f"{folder}: an image of a camera that moves has the frame's number in its name, as "
                f"frame-012.png, but {camera.name!r} has none."
            )
        other = frames.setdefault(int(match[1]), camera)
        if other is not camera:
            raise UserError(f"{folder}: {other.name!r} and {camera.name!r} are of one frame.")
    numbers = sorted(frames)
    steps = np.diff(numbers)
    if len(set(steps)) > 1:
        gap = int((steps > steps.min()).argmax())
        raise UserError(
            f"{folder}: a camera that moves needs an image of each frame, or of every n-th, but "
            f"after that of frame {numbers[gap]} comes that of frame {numbers[gap + 1]}."
        )
    return tuple(frames[number] for number in numbers)


def _lenses(path: Path) -> dict[str, Camera]:
    lenses = {}
    for number, line in _lines(path):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        if len(words) < 4 or words[1] not in MODELS:
            model = words[1] if len(words) > 1 else ""
            raise UserError(
                f"{where}: there is no camera model {model!r:.40} here; there is "
                f"{', '.join(MODELS)}."
            )
        names, fisheye = MODELS[words[1]]
        values = _numbers(words[2:], where)
        parameters = dict(zip(names.split(), values[2:]))
        if len(values) != 2 + len(names.split()):
            raise UserError(f"{where}: {words[1]} needs width, height, {names}.")
        focal = parameters.get("f", 0.0)
        fx, fy = parameters.get("fx", focal), parameters.get("fy", focal)
        cx, cy = parameters["cx"] - 0.5, parameters["cy"] - 0.5
        order = ("k1", "k2", "k3", "k4") if fisheye else _ORDER
        try:
            lenses[words[0]] = assembled(
                words[0],
                matrix=[[fx, 0, cx], [0, fy, cy], [0, 0, 1]],
                distortion=[parameters.get(name, 0.0) for name in order],
                size=values[:2],
                pose=(np.eye(3), np.zeros(3)),
                fisheye=fisheye,
            )
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
    return lenses


_ORDER = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")


def _images(path: Path, lenses: dict[str, Camera]) -> Iterator[Camera]:
    points = False
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        if points or not line.strip():
            # The points of the image above, of which there may be none.
            points = False
            continue
        points = True
        where = f"{path}, line {number}"
        words = line.split(maxsplit=9)
        if len(words) != 10:
            raise UserError(
                f"{where}: an image needs an id, QW QX QY QZ TX TY TZ, a camera and a name."
            )
        values = np.array(_numbers(words[1:8], where))
        if words[8] not in lenses:
            raise UserError(f"{where}: there is no camera {words[8]!r:.40} in cameras.txt.")
        if not np.linalg.norm(values[:4]) > 0:
            raise UserError(f"{where}: the quaternion is 0.")
        yield attrs.evolve(
            lenses[words[8]],
            name=words[9].strip(),
            rotation=from_quaternion(values[:4]),
            translation=values[4:],
        )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            number = 0
            while line := file.readline(MOST_CHARACTERS):
                number += 1
                if len(line) == MOST_CHARACTERS:
                    raise UserError(f"{path}, line {number} is too long.")
                yield number, line
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except ValueError:
        raise UserError(f"{path} is no text file.") from None


def _numbers(words: list[str], where: str) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = [float("nan")]
    if not np.isfinite(values).all():
        raise UserError(f"{where} must hold finite numbers.")
    return values
