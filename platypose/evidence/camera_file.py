"""Platypose's own camera file: JSON, each camera as in the header of an evidence file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from platypose.api.errors import UserError, close_matches
from platypose.evidence.evidence import Camera
from platypose.evidence.guess import ROLL_DEVIATION, TILT_DEVIATION, level_pose
from platypose.files import write_atomically

FORMAT = 1
_FIELDS = [field.name for field in attrs.fields(Camera)]
_POSE = {"rotation", "translation"}
_DEVIATIONS = {"focal_deviation", "tilt_deviation", "roll_deviation"}


def write_cameras(cameras: Sequence[Camera], path: str | Path) -> None:
    """Write a camera file.

    Raises:
        UserError: it cannot be written.
    """
    content = {
        "kind": "cameras",
        "format": FORMAT,
        "cameras": [camera_content(camera) for camera in cameras],
    }
    with write_atomically(Path(path)) as file:
        file.write((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def is_own(path: Path) -> bool:
    """Whether a file is a camera file of Platypose, or tries to be one."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and "cameras" in content and "kind" in content


def read_own(path: Path) -> tuple[Camera, ...]:
    """Read a camera file.

    A camera without rotation and translation stands level, 1.5 m above the floor, and its pitch is
    not known.

    Raises:
        UserError: it is damaged.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no JSON ({error}).") from None
    if not isinstance(content, dict) or content.get("kind") != "cameras":
        raise UserError(f"{path} is no camera file; its 'kind' must be \"cameras\".")
    if content.get("format") != FORMAT:
        raise UserError(
            f"{path} has camera format {content.get('format')!r}; this version reads {FORMAT}."
        )
    cameras = content.get("cameras")
    if not isinstance(cameras, list):
        raise UserError(f"{path}: 'cameras' must be a list.")
    try:
        return tuple(camera_of(_posed(camera)) for camera in cameras)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def camera_content(camera: Camera) -> dict[str, Any]:
    """A camera as plain values, which `camera_of` reads back; what is known has no deviation."""
    deviations = {name: getattr(camera, name) for name in sorted(_DEVIATIONS)}
    return {
        "name": camera.name,
        "projection": camera.projection,
        "parameters": dict(camera.parameters),
        "rotation": camera.rotation.tolist(),
        "translation": camera.translation.tolist(),
        "image_size": list(camera.image_size),
        **{name: value for name, value in deviations.items() if value},
    }


def camera_of(content: Any) -> Camera:
    """A camera from plain values, as JSON has them.

    Raises:
        UserError: a field is missing, unknown or wrong.
    """
    if not isinstance(content, Mapping):
        raise UserError(f"A camera must be a mapping of fields, not {content!r:.40}.")
    name = content.get("name", "")
    for field in content:
        if field not in _FIELDS:
            raise UserError(
                f"Camera {name!r} has a field {field!r}{close_matches(field, _FIELDS)}."
            )
    for field in _FIELDS:
        if field not in content and field not in _DEVIATIONS:
            raise UserError(f"Camera {name!r} has no {field!r}.")
    for field in ("rotation", "translation", "image_size"):
        if not isinstance(content[field], list):
            raise UserError(f"The {field} of camera {name!r} must be a list of numbers.")
    try:
        return Camera(**{**content, "image_size": tuple(content["image_size"])})
    except (TypeError, ValueError):
        raise UserError(
            f"The rotation or translation of camera {name!r} is no array of numbers."
        ) from None


def _posed(content: Any) -> Any:
    if not isinstance(content, Mapping) or _POSE & set(content):
        return content
    rotation, translation = level_pose()
    return {
        "tilt_deviation": TILT_DEVIATION,
        "roll_deviation": ROLL_DEVIATION,
        **content,
        "rotation": rotation.tolist(),
        "translation": translation.tolist(),
    }
