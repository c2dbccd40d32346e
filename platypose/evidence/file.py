"""Files of evidence and of detections: safetensors, or npz, with one JSON header.

Arrays keep the names of the attributes of `Evidence`, or of `Track` with the person's index in
front, as in `0.keypoints`; the header is the metadata key `platypose` of a safetensors file, or
the string array `platypose` of an npz file.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from platypose.api.errors import UserError
from platypose.evidence.camera_file import camera_content, camera_of
from platypose.evidence.checks import Array
from platypose.evidence.detections import Detections, Track
from platypose.evidence.evidence import BY_FRAME, Evidence
from platypose.files import write_atomically
from platypose.mapped import mapped_arrays

FORMAT = 1

BY_DETECTION = (
    *("frames", "keypoints", "confidence", "boxes"),
    *("heatmaps", "cell_to_pixel", "covariance"),
)
"""The arrays of a track, whose first axis is N in all of them."""


def read(path: Path) -> Evidence:
    """Read an evidence file, safetensors or npz by its content."""
    content = read_either(path, "evidence")
    assert isinstance(content, Evidence)
    return content


def read_detections(path: Path) -> Detections:
    """Read a file of detections, safetensors or npz by its content."""
    content = read_either(path, "detections")
    assert isinstance(content, Detections)
    return content


def video_of(path: Path) -> Path | None:
    """The video in which the people of a file of detections were seen, None where it is not known.

    Arguments:
        path: any file or folder; the arrays in it are not read.
    """
    try:
        with safe_open(path, "numpy") as file:
            video = json.loads((file.metadata() or {})["platypose"]).get("video")
    except (OSError, SafetensorError, KeyError, ValueError, AttributeError):
        return None
    return path.parent / video if isinstance(video, str) else None


def read_either(path: Path, *kinds: str) -> Detections | Evidence:
    """Read a file of evidence or of detections, whichever of `kinds` it is.

    Raises:
        UserError: the file is missing, damaged, or of another kind.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"
    text, arrays = _read_npz(path) if is_zip else _read_safetensors(path)
    header = _parse(text, path, kinds)
    build = _build_detections if header["kind"] == "detections" else _build
    try:
        return build(header, arrays)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def write(content: Detections | Evidence, path: Path) -> None:
    """Write a file; the ending .npz chooses npz, anything else safetensors."""
    if isinstance(content, Evidence):
        header, found = _header(content), _arrays(content, BY_FRAME)
    else:
        header, found = _detections_header(content), {}
        for index, person in enumerate(content.people):
            found |= _arrays(person, BY_DETECTION, f"{index}.")
    arrays = {name: np.ascontiguousarray(value) for name, value in found.items()}
    text = json.dumps(header, ensure_ascii=False)
    if path.suffix == ".npz":
        with write_atomically(path) as file:
            np.savez_compressed(file, platypose=np.array(text), **arrays)  # type: ignore[arg-type]
        return
    with write_atomically(path) as file:
        # By name, not as bytes: heatmaps may lie on the disk, and be more than the memory.
        save_file(arrays, file.name, metadata={"platypose": text})


def _arrays(record: object, names: tuple[str, ...], prefix: str = "") -> dict[str, Array]:
    found = {prefix + name: getattr(record, name) for name in names}
    return {name: array for name, array in found.items() if array is not None}


def _detections_header(detections: Detections) -> dict[str, Any]:
    return {
        "kind": "detections",
        "format": FORMAT,
        "frame_rate": detections.frame_rate,
        "keypoint_set": detections.keypoint_set,
        "keypoint_names": list(detections.keypoint_names),
        "num_frames": detections.num_frames,
        "image_size": detections.image_size and list(detections.image_size),
        "people": [person.name for person in detections.people],
        "credit": detections.credit,
        **({} if detections.focal is None else {"focal": detections.focal}),
        **({} if detections.video is None else {"video": detections.video}),
    }


def _header(evidence: Evidence) -> dict[str, Any]:
    return {
        "kind": "evidence",
        "format": FORMAT,
        "frame_rate": evidence.frame_rate,
        "keypoint_set": evidence.keypoint_set,
        "keypoint_names": list(evidence.keypoint_names),
        "credit": evidence.credit,
        "cameras": [camera_content(camera) for camera in evidence.cameras],
        **({"first_frame": evidence.first_frame} if evidence.first_frame else {}),
    }


def _read_safetensors(path: Path) -> tuple[str | None, dict[str, Array]]:
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            names = list(file.keys())
            on_disk = mapped_arrays(path) if any(map(_is_large, names)) else {}
            arrays = {
                name: on_disk[name] if _is_large(name) else file.get_tensor(name) for name in names
            }
    except (SafetensorError, OSError, TypeError) as error:  # TypeError: bfloat16 and its like
        raise UserError(f"{path} is no evidence file, or is damaged ({error}).") from None
    return metadata.get("platypose"), arrays


def _is_large(name: str) -> bool:
    """Whether an array stays on the disk: an hour of heatmaps may be more than the memory."""
    return name.rpartition(".")[2] == "heatmaps"


def _read_npz(path: Path) -> tuple[str | None, dict[str, Array]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} is no evidence file, or is damaged ({error}).") from None
    strange = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if strange:
        raise UserError(f"{path} is no evidence file: its entry {strange[0]!r} is no array.")
    header = arrays.pop("platypose", None)
    return None if header is None else str(header), arrays


def _parse(header: str | None, path: Path, kinds: tuple[str, ...]) -> dict[str, Any]:
    if header is None:
        raise UserError(f"{path} is no evidence file: it has no entry 'platypose'.")
    try:
        content = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} has a header that is no JSON ({error}).") from None
    kind = content.get("kind") if isinstance(content, dict) else None
    if kind not in kinds:
        raise UserError(f"{path} holds {kind or 'something else'}, not {' or '.join(kinds)}.")
    if content.get("format") != FORMAT:
        raise UserError(
            f"{path} has {kind} format {content.get('format')!r}; this version reads {FORMAT}."
        )
    return dict(content)


def _build(header: dict[str, Any], arrays: dict[str, Array]) -> Evidence:
    unknown = sorted(set(arrays) - set(BY_FRAME))
    if unknown:
        raise UserError(f"it holds an array {unknown[0]!r}, which evidence does not have.")
    try:
        return Evidence(
            frame_rate=float(header["frame_rate"]),
            keypoint_set=header["keypoint_set"],
            keypoint_names=tuple(header["keypoint_names"]),
            cameras=tuple(map(camera_of, header["cameras"])),
            credit=str(header["credit"]),
            first_frame=header.get("first_frame", 0),
            **arrays,
        )
    except KeyError as error:
        raise UserError(f"its header has no {error.args[0]!r}.") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"its header is malformed ({error}).") from None


def _build_detections(header: dict[str, Any], arrays: dict[str, Array]) -> Detections:
    try:
        people = tuple(
            Track(name=str(name), **_of_person(index, arrays))
            for index, name in enumerate(header["people"])
        )
        size, rate, focal = header["image_size"], header["frame_rate"], header.get("focal")
        video = header.get("video")
        detections = Detections(
            keypoint_set=header["keypoint_set"],
            keypoint_names=tuple(header["keypoint_names"]),
            num_frames=int(header["num_frames"]),
            frame_rate=None if rate is None else float(rate),
            image_size=None if size is None else (int(size[0]), int(size[1])),
            focal=None if focal is None else float(focal),
            people=people,
            credit=str(header["credit"]),
            video=None if video is None else str(video),
        )
    except KeyError as error:
        raise UserError(f"its header has no {error.args[0]!r}.") from None
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise UserError(f"its header is malformed ({error}).") from None
    if arrays:
        raise UserError(f"it holds an array {min(arrays)!r}, which detections do not have.")
    return detections


def _of_person(index: int, arrays: dict[str, Array]) -> dict[str, Array]:
    """Take the arrays of one person out."""
    found = {}
    for name in BY_DETECTION:
        if (array := arrays.pop(f"{index}.{name}", None)) is not None:
            found[name] = array
    return found
