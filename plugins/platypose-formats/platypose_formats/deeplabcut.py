"""DeepLabCut: the table of a video, CSV or H5, with a column for x, y and likelihood of each part.

The H5 file is a table of pandas, whose column names are a pickle; it is read by an unpickler that
runs nothing. One animal has the columns scorer, body part, coordinate; several have the individual
before the body part.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import h5py
import numpy as np

from platypose.api import BuildContext, UserError
from platypose.config import read_yaml
from platypose.evidence import Detections
from platypose.skeleton import keypoint_set
from platypose.unpickling import load
from platypose_formats.config import DeepLabCutConfig
from platypose_formats.people import Array, Found, detections, frame_indices

MOST_BYTES = 1 << 30
"""Of a table; an hour of one person at 60 Hz is a CSV file of about 200 MB."""

COORDINATES = ("x", "y", "likelihood")
_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@attrs.frozen(kw_only=True)
class Table:
    """A table of one video.

    Attributes:
        columns: individual, body part and coordinate of each column.
        frames: (N,) numbers.
        values: (N, columns).
    """

    columns: tuple[tuple[str, str, str], ...]
    frames: list[int]
    values: Array


class DeepLabCut:
    """Reads the result of `analyze_videos`, filtered or not."""

    def __init__(self, config: DeepLabCutConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether it begins as its CSV files do, or is an HDF5 file with a table of pandas."""
        if not path.is_file():
            return False
        with path.open("rb") as file:
            beginning = file.read(8)
        if beginning[:7] == b"scorer,":
            return True
        if beginning != _SIGNATURE:
            return False
        with h5py.File(path) as content:
            return _group(content) is not None

    def read(self, path: Path) -> Detections:
        """One video; individuals keep their names.

        Raises:
            UserError: the file is damaged or something else, or none of its body parts is a
                keypoint of the set.
        """
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UserError(f"{path} has {size >> 20} MB; at most {MOST_BYTES >> 20} MB are read.")
        with path.open("rb") as file:
            is_hdf = file.read(8) == _SIGNATURE
        table = _read_h5(path) if is_hdf else _read_csv(path)
        if not table.frames:
            raise UserError(f"{path} has no frames.")
        names = keypoint_set(self.config.keypoint_set).keypoints
        columns = {column: index for index, column in enumerate(table.columns)}
        parts = self._parts(names, list(dict.fromkeys(part for _, part, _ in columns)), path)
        frames = [int(i) for i in frame_indices(table.frames, None, path)]
        found = Found()
        for individual in dict.fromkeys(name for name, _, _ in columns):
            points = np.full((len(frames), len(names), 3), np.nan)
            for index, name in enumerate(names):
                for axis, coordinate in enumerate(COORDINATES):
                    column = columns.get((individual, parts.get(name, ""), coordinate))
                    if column is not None:
                        points[:, index, axis] = table.values[:, column]
            for frame, person in zip(frames, points):
                found.add(frame, person, identity=individual)
        return detections(
            found,
            path,
            self.config.keypoint_set,
            first_frame=0,
            num_frames=max(frames) + 1,
        )

    def _parts(self, names: Sequence[str], parts: Sequence[str], path: Path) -> dict[str, str]:
        """Body part by keypoint."""
        if self.config.bodyparts is None:
            plain = {_plain(part): part for part in parts}
            known = {name: plain[_plain(name)] for name in names if _plain(name) in plain}
        else:
            known = _map(self.config.bodyparts, names, parts, path)
        if not known:
            raise UserError(
                f"{path} has none of the keypoints of {self.config.keypoint_set} among its body "
                f"parts ({', '.join(parts)[:200]}); give a map with --format "
                "deeplabcut:bodyparts=FILE.yaml."
            )
        return known


def _map(file: Path, names: Sequence[str], parts: Sequence[str], path: Path) -> dict[str, str]:
    known = {}
    for name, part in read_yaml(file).items():
        if name not in names:
            raise UserError(f"{file} names a keypoint {str(name)[:40]!r} that the set has not.")
        if part not in parts:
            raise UserError(
                f"{file} names a body part {str(part)[:40]!r}, but {path} has "
                f"{', '.join(parts)[:200]}."
            )
        known[str(name)] = str(part)
    return known


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _columns(raw: Sequence[Sequence[Any]], path: Path) -> tuple[tuple[str, str, str], ...]:
    """Individual, body part and coordinate of (scorer, [individual,] body part, coordinate)."""
    columns = []
    for column in raw:
        names = tuple(map(str, column)) if isinstance(column, (list, tuple)) else ()
        if len(names) not in (3, 4) or names[-1] not in COORDINATES:
            raise UserError(
                f"{path} has a column {str(column)[:60]}; x, y and likelihood of body parts are "
                "expected."
            )
        columns.append((names[1] if len(names) == 4 else "0", names[-2], names[-1]))
    if len(set(columns)) < len(columns):
        raise UserError(f"{path} has two columns of one body part and coordinate.")
    for individual, part, _ in columns:
        if not {(individual, part, c) for c in COORDINATES} <= set(columns):
            raise UserError(f"{path} lacks x, y or likelihood of {part[:40]!r}.")
    return tuple(columns)


def _read_csv(path: Path) -> Table:
    header: dict[str, list[str]] = {}
    frames: list[int] = []
    rows: list[Array] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file), 1):
                if not rows and row and row[0] in ("scorer", "individuals", "bodyparts", "coords"):
                    header[row[0]] = row[1:]
                elif row:
                    frames.append(int(row[0]))
                    rows.append(np.array([float(cell or "nan") for cell in row[1:]]))
                    if len(rows[-1]) != len(header.get("coords", ())):
                        raise UserError(f"{path}, line {number}, has {len(row)} cells.")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, csv.Error) as error:
        raise UserError(f"{path} is no table of DeepLabCut, or is damaged ({error}).") from None
    levels = [
        header[name] for name in ("scorer", "individuals", "bodyparts", "coords") if name in header
    ]
    if len({len(level) for level in levels}) != 1 or not {"bodyparts", "coords"} <= set(header):
        raise UserError(f"{path} is no table of DeepLabCut: its header is not complete.")
    columns = _columns(list(zip(*levels)), path)
    return Table(columns=columns, frames=frames, values=np.array(rows).reshape(-1, len(columns)))


def _group(content: Any) -> Any:
    """The first table of pandas in an HDF5 file."""
    for group in content.values():
        if isinstance(group, h5py.Group) and isinstance(group.get("table"), h5py.Dataset):
            return group
    return None


def _read_h5(path: Path) -> Table:
    try:
        with h5py.File(path) as content:
            group = _group(content)
            if group is None:
                raise UserError(f"{path} has no table of pandas, as DeepLabCut writes it.")
            return _of_table(group["table"], path)
    except UserError:
        raise
    except Exception as error:  # h5py raises whatever a damaged file provokes
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UserError(f"{path} is no HDF5 file, or is damaged ({reason}).") from None


def _of_table(table: Any, path: Path) -> Table:
    names = [name for name in table.dtype.names or () if name.startswith("values_block_")]
    if not names or "index" not in (table.dtype.names or ()):
        raise UserError(f"{path} has no table of pandas, as DeepLabCut writes it.")
    if table.dtype.itemsize * table.shape[0] > MOST_BYTES:
        raise UserError(f"{path} has a table of more than {MOST_BYTES >> 20} MB.")
    rows = table[()]
    if rows["index"].dtype.kind not in "iu" or rows["index"].ndim != 1:
        raise UserError(f"{path} has an index that is no number of frames.")
    raw: list[Any] = []
    blocks = []
    for name in names:
        column_names = load(bytes(table.attrs[f"{name}_kind"]), f"{path}: {name}")
        block = rows[name].reshape(len(rows), -1)
        if not isinstance(column_names, list) or len(column_names) != block.shape[1]:
            raise UserError(f"{path} names other columns than it has.")
        if block.dtype.kind not in "fiu":
            raise UserError(f"{path} holds {block.dtype}, not numbers.")
        raw += column_names
        blocks.append(block.astype(np.float64))
    return Table(
        columns=_columns(raw, path),
        frames=[int(i) for i in rows["index"]],
        values=np.concatenate(blocks, -1),
    )
