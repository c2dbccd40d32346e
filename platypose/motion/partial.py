"""What an interrupted preparation has done, kept recording by recording."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from platypose.api import Trial
from platypose.files import write_atomically
from platypose.motion.checking import Checked
from platypose.motion.rejection import Rejection

_KEY = "checked"
_OURS = re.compile(r"\.?[0-9a-f]{40}\.safetensors.*")


def folder_beside(out: Path) -> Path:
    """Where the parts of a set are kept until it is written."""
    return out.with_name(f"{out.name}.partial")


def file_of(trial: Trial, circumstances: Mapping[str, Any], stamp: object) -> str:
    """The name of a recording's file, which differs where the result could differ.

    Arguments:
        trial: the recording.
        circumstances: data set, versions, frame rate.
        stamp: of the source, from `stamp`.
    """
    facts = {**circumstances, "trial": attrs.asdict(trial), "stamp": stamp}
    content = json.dumps(facts, sort_keys=True, default=str).encode()
    return hashlib.sha256(content).hexdigest()[:40] + ".safetensors"


def stamp(source: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change of a file, or of every file in a folder."""
    files = sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]
    stats = [(str(file), file.stat()) for file in files]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


def keep(path: Path, checked: Checked) -> None:
    """Write a part, whole or not at all."""
    header = {
        "frames": [len(piece) for piece in checked.pieces],
        "absolute": checked.absolute,
        "uprightness": checked.uprightness,
        "left_out": [attrs.asdict(rejection) for rejection in checked.left_out],
    }
    positions = np.concatenate([np.zeros((0, 17, 3), np.float32), *checked.pieces])
    content = save({"positions": positions}, metadata={_KEY: json.dumps(header)})
    with write_atomically(path) as file:
        file.write(content)


def kept(path: Path) -> Checked | None:
    """Read a part; None where it is not there or damaged."""
    try:
        with safe_open(path, framework="numpy") as content:
            header = json.loads(content.metadata()[_KEY])
            positions = content.get_tensor("positions")
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    ends = np.cumsum(header["frames"], dtype=int)[:-1]
    return Checked(
        pieces=tuple(np.split(positions, ends)) if header["frames"] else (),
        absolute=header["absolute"],
        uprightness=header["uprightness"],
        left_out=tuple(Rejection(**rejection) for rejection in header["left_out"]),
    )


def remove(folder: Path) -> None:
    """Remove the parts, and the folder unless something else lies in it."""
    for file in folder.iterdir():
        if _OURS.fullmatch(file.name):
            file.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
