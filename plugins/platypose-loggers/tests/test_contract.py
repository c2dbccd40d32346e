"""The contract of loggers, each read back with its own package."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from platypose.testing import LoggerContract


class TestTensorBoard(LoggerContract):
    name = "tensorboard"

    def logged(self, folder: Path) -> dict[str, dict[int, float]]:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(folder / "tensorboard"))
        events.Reload()
        return {
            name: {event.step: event.value for event in events.Scalars(name)}
            for name in events.Tags()["scalars"]
        }


class TestTrackio(LoggerContract):
    name = "trackio"

    @pytest.fixture(autouse=True)
    def _stand_in(self, trackio: Any) -> None:
        self.trackio = trackio

    def logged(self, folder: Path) -> dict[str, dict[int, float]]:
        found: dict[str, dict[int, float]] = {}
        for step, values in self.trackio.runs["platypose", folder.parent.name]:
            for name, value in values.items():
                found.setdefault(name, {})[step] = value
        return found


class TestWandb(LoggerContract):
    name = "wandb"
    options: ClassVar = {"mode": "offline"}

    @pytest.fixture(autouse=True)
    def _silent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("wandb")
        monkeypatch.setenv("WANDB_SILENT", "true")

    def logged(self, folder: Path) -> dict[str, dict[int, float]]:
        found: dict[str, dict[int, float]] = {}
        for file in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
            for record in self.finished(file):
                items = {
                    item.key or ".".join(item.nested_key): json.loads(item.value_json)
                    for item in record.history.item
                }
                for name in items.keys() - {"step"}:
                    if not name.startswith("_"):
                        found.setdefault(name, {})[items["step"]] = items[name]
        return found

    def finished(self, file: Path) -> list[Any]:
        """All records, once wandb's own process has written the last of them."""
        from wandb.proto.wandb_internal_pb2 import Record

        deadline = time.monotonic() + 20
        while True:
            records = [Record.FromString(data) for data in _records(file.read_bytes())]
            if any(record.WhichOneof("record_type") == "exit" for record in records):
                return records
            assert time.monotonic() < deadline, f"{file} has no end"
            time.sleep(0.05)


def _records(content: bytes) -> Iterator[bytes]:
    """The records of an offline run: LevelDB's log format behind a header of 7 bytes."""
    at, parts = 7, b""
    while at + 7 <= len(content):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        length, kind = struct.unpack_from("<HB", content, at + 4)
        parts += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            yield parts
            parts = b""
