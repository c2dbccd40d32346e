"""What a detector has found so far, on the disk, so that memory does not grow with the video."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from platypose.api import Person, UserError
from platypose.evidence.detections import Track
from platypose.evidence.linking import tracks
from platypose.files import make_folders

STATE, PEOPLE, HEATMAPS = "state.json", "people", "heatmaps"


class Spool:
    """A folder with one record for each person in each frame.

    `state.json` says how much of the other files counts; what a killed run wrote beyond it is cut
    off when the folder is opened again.

    Arguments:
        folder: made if it is missing.
        of: what is detected, and how; plain values.
        num_keypoints: K.
        heatmap_size: height and width of the heatmaps that are kept, or None.

    Raises:
        UserError: the folder holds a run of something else, or cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        of: Mapping[str, Any],
        num_keypoints: int,
        heatmap_size: tuple[int, int] | None,
    ) -> None:
        self.folder = folder
        self.of = json.loads(json.dumps(of))
        self.grid = None if heatmap_size is None else (num_keypoints, *heatmap_size)
        self.record = np.dtype(
            [
                ("frame", "<i8"),
                ("box", "<f4", 4),
                ("keypoints", "<f4", (num_keypoints, 2)),
                ("confidence", "<f4", num_keypoints),
                ("cell_to_pixel", "<f4", (2, 3)),
            ]
        )
        make_folders(folder)
        self.next_frame, self.count = self._kept()
        self.people = self._opened(PEOPLE, self.record.itemsize)
        self.heatmaps = None if self.grid is None else self._opened(HEATMAPS, self._cells)

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()
        self.people.close()
        if self.heatmaps is not None:
            self.heatmaps.close()

    def add(self, frame: int, people: Sequence[Person]) -> None:
        """Keep the people of a frame; frames come in their order."""
        for person in people:
            record = np.zeros((), self.record)
            record["frame"] = frame
            record["box"] = person.box
            record["keypoints"] = np.where(person.confidence[:, None] > 0, person.keypoints, 0)
            record["confidence"] = person.confidence
            if self.heatmaps is not None:
                assert person.heatmaps is not None and person.heatmaps.shape == self.grid
                record["cell_to_pixel"] = person.cell_to_pixel
                self.heatmaps.write(person.heatmaps.tobytes())
            self.people.write(record.tobytes())
            self.count += 1
        self.next_frame = frame + 1

    def save(self) -> None:
        """Make what was added survive whatever comes."""
        for file in (self.people, self.heatmaps):
            if file is not None:
                file.flush()
        state = {"of": self.of, "next_frame": self.next_frame, "count": self.count}
        temporary = self.folder / f"{STATE}.new"
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(self.folder / STATE)

    def people_found(self, num_frames: int) -> tuple[Track, ...]:
        """Everybody, linked through time; heatmaps stay on the disk.

        Arguments:
            num_frames: of the video.
        """
        self.save()
        if self.count == 0:
            return ()
        records = np.fromfile(self.folder / PEOPLE, self.record, self.count)
        more: dict[str, Any] = {"boxes": records["box"]}
        if self.grid is not None:
            heatmaps = np.memmap(
                self.folder / HEATMAPS, np.uint8, mode="r", shape=(self.count, *self.grid)
            )
            more["heatmaps"] = _Rows(heatmaps, self.folder)
            more["cell_to_pixel"] = records["cell_to_pixel"][:, None]
        return tracks(
            records["frame"],
            records["keypoints"],
            records["confidence"].clip(0, 1),
            num_frames=num_frames,
            **more,
        )

    @property
    def _cells(self) -> int:
        return int(np.prod(self.grid or ()))

    def _kept(self) -> tuple[int, int]:
        """The next frame and the number of records, by the state that is there."""
        path = self.folder / STATE
        if not path.is_file():
            if any(self.folder.iterdir()):
                raise UserError(f"{self.folder} is no unfinished detection; take it away.")
            return 0, 0
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            of, next_frame, count = state["of"], int(state["next_frame"]), int(state["count"])
        except (ValueError, KeyError, TypeError):
            raise UserError(f"{path} is damaged; remove {self.folder} to begin anew.") from None
        if of != self.of:
            differing = sorted(k for k in {*of, *self.of} if of.get(k) != self.of.get(k))
            raise UserError(
                f"{self.folder} is what an interrupted run left that had another "
                f"{', '.join(differing)}; remove it, or repeat that command to go on."
            )
        return next_frame, count

    def _opened(self, name: str, size: int) -> IO[bytes]:
        path = self.folder / name
        path.touch()
        if path.stat().st_size < self.count * size:
            raise UserError(f"{path} is cut off; remove {self.folder} to begin anew.")
        file = path.open("r+b")
        file.truncate(self.count * size)
        file.seek(0, 2)
        return file


class _Rows:
    """Heatmaps on the disk of which some rows are asked for, which stay there."""

    def __init__(self, heatmaps: NDArray[np.uint8], folder: Path) -> None:
        self.heatmaps, self.folder, self.asked = heatmaps, folder, 0

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        if len(rows) == rows[-1] - rows[0] + 1:
            return self.heatmaps[rows[0] : rows[-1] + 1]
        shape = (len(rows), *self.heatmaps.shape[1:])
        path = self.folder / f"{HEATMAPS}-{self.asked}"
        self.asked += 1
        gathered = np.memmap(path, np.uint8, mode="w+", shape=shape)
        for target, row in enumerate(rows):
            gathered[target] = self.heatmaps[row]
        return gathered
