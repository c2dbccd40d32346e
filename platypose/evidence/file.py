"""The evidence file: safetensors, or npz, with one JSON header.

Arrays keep the names of `Evidence`'s attributes; the header is the metadata key `platypose` of a
safetensors file, or the string array `platypose` of an npz file.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from platypose.api.errors import UserError
from platypose.evidence.evidence import BY_FRAME, Array, Camera, Evidence
from platypose.files import write_atomically

FORMAT = 1


def read(path: Path) -> Evidence:
    """Read an evidence file, safetensors or npz by its content."""
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"
    header, arrays = _read_npz(path) if is_zip else _read_safetensors(path)
    try:
        return _build(header, arrays)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def write(evidence: Evidence, path: Path) -> None:
    """Write an evidence file; the ending .npz chooses npz, anything else safetensors."""
    arrays = {
        name: np.ascontiguousarray(value)
        for name in BY_FRAME
        if (value := getattr(evidence, name)) is not None
    }
    header = json.dumps(_header(evidence), ensure_ascii=False)
    if path.suffix == ".npz":
        with write_atomically(path) as file:
            np.savez_compressed(file, platypose=np.array(header), **arrays)  # type: ignore[arg-type]
        return
    with write_atomically(path) as file:
        file.write(save(arrays, metadata={"platypose": header}))


def _header(evidence: Evidence) -> dict[str, Any]:
    return {
        "kind": "evidence",
        "format": FORMAT,
        "frame_rate": evidence.frame_rate,
        "keypoint_set": evidence.keypoint_set,
        "keypoint_names": list(evidence.keypoint_names),
        "credit": evidence.credit,
        "cameras": [
            {
                "name": camera.name,
                "projection": camera.projection,
                "parameters": dict(camera.parameters),
                "rotation": camera.rotation.tolist(),
                "translation": camera.translation.tolist(),
                "image_size": list(camera.image_size),
            }
            for camera in evidence.cameras
        ],
    }


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError) as error:  # TypeError: bfloat16 and its like
        raise UserError(f"{path} is no evidence file, or is damaged ({error}).") from None
    return _parse(metadata.get("platypose"), path), arrays


def _read_npz(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} is no evidence file, or is damaged ({error}).") from None
    strange = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if strange:
        raise UserError(f"{path} is no evidence file: its entry {strange[0]!r} is no array.")
    header = arrays.pop("platypose", None)
    return _parse(None if header is None else str(header), path), arrays


def _parse(header: str | None, path: Path) -> dict[str, Any]:
    if header is None:
        raise UserError(f"{path} is no evidence file: it has no entry 'platypose'.")
    try:
        content = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} has a header that is no JSON ({error}).") from None
    if not isinstance(content, dict) or content.get("kind") != "evidence":
        kind = content.get("kind") if isinstance(content, dict) else None
        raise UserError(f"{path} holds {kind or 'something else'}, not evidence.")
    if content.get("format") != FORMAT:
        raise UserError(
            f"{path} has evidence format {content.get('format')!r}; this version reads {FORMAT}."
        )
    return content


def _build(header: dict[str, Any], arrays: dict[str, Array]) -> Evidence:
    unknown = sorted(set(arrays) - set(BY_FRAME))
    if unknown:
        raise UserError(f"it holds an array {unknown[0]!r}, which evidence does not have.")
    try:
        cameras = tuple(
            Camera(**{**camera, "image_size": tuple(camera["image_size"])})
            for camera in header["cameras"]
        )
        return Evidence(
            frame_rate=float(header["frame_rate"]),
            keypoint_set=header["keypoint_set"],
            keypoint_names=tuple(header["keypoint_names"]),
            cameras=cameras,
            credit=str(header["credit"]),
            **arrays,
        )
    except KeyError as error:
        raise UserError(f"its header has no {error.args[0]!r}.") from None
    except (TypeError, ValueError) as error:
        raise UserError(f"its header is malformed ({error}).") from None
