"""From files to a motion set: every recording once, checked, in any number of processes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

from platypose.api import UserError
from platypose.motion import MotionSet, Rejection
from platypose.motion.prepare import Report, prepare
from platypose.motion.rejection import CAUSES, count


def written(path: Path, doings: Mapping[str, str]) -> Path:
    """A source; a name is subject_trial, and subject 09 is for testing."""
    content = {
        name: (name[:2], "test" if name.startswith("09") else "train", doing)
        for name, doing in doings.items()
    }
    path.write_text(json.dumps(content))
    return path


SEVERAL = {f"{subject:02}_{trial:02}": "walks" for subject in (1, 2, 9) for trial in (1, 2)}


@pytest.fixture
def several(tmp_path: Path) -> Path:
    return written(tmp_path / "several.json", SEVERAL | {"02_03": "jumps"})


def dataset(people: ModuleType, **options: Any) -> Any:
    return people.People(config=people.PeopleConfig(**options))


def prepared(people: ModuleType, folder: Path, doings: Mapping[str, str], **options: Any) -> Report:
    source = written(folder / "source.json", doings)
    out = folder / "out.safetensors"
    return prepare(dataset(people, **options), [source], out, workers=1)


def test_the_set_holds_every_recording_at_the_frame_rate(
    people: ModuleType, several: Path, tmp_path: Path
) -> None:
    report = prepare(dataset(people), [several], tmp_path / "a.safetensors", workers=1)
    motion = MotionSet.read(tmp_path / "a.safetensors")
    assert [clip.name for clip in motion.clips] == [
        *("01_01", "01_02", "02_01", "02_02", "02_03-1", "02_03-2", "09_01", "09_02"),
    ]
    assert {clip.subject for clip in motion.clips if clip.split == "test"} == {"09"}
    assert motion.frame_rate == 30 and motion.clips[0].frames == 120
    assert motion.clips[0].action == "walk" and motion.clips[0].absolute
    assert (motion.credit, motion.licence) == ("Nobody was recorded.", "Free for every use.")
    assert "several.json" in motion.source and str(tmp_path) not in motion.source
    assert (report.recordings, report.resumed) == (7, 0)
    np.testing.assert_array_equal(report.motion.positions, motion.positions)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.safetensors", "several.json"]


def test_positions_are_those_recorded(people: ModuleType, several: Path, tmp_path: Path) -> None:
    report = prepare(dataset(people), [several], tmp_path / "a.safetensors", workers=1)
    pose, _ = people.walk(4.0, name="01_01")
    np.testing.assert_allclose(report.motion.of(report.motion.clips[0]), pose[::4], atol=0.01)


def test_several_processes_give_the_same_bytes_as_one(
    people: ModuleType, several: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, int, str]] = []
    prepare(dataset(people), [several], tmp_path / "one.safetensors", workers=1)
    prepare(
        dataset(people),
        [several],
        tmp_path / "two.safetensors",
        workers=2,
        progress=lambda *step: told.append(step),
    )
    one, two = (tmp_path / f"{name}.safetensors" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert [done for done, _, _ in told] == list(range(8)) and {step[1] for step in told} == {7}
    assert {name for _, _, name in told[1:]} == {*SEVERAL, "02_03"}


KILLED = """
import os, signal
from platypose.motion.prepare import _pool

if __name__ == "__main__":
    with _pool(2) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_the_processes_that_read_end_with_the_one_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    done = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, check=False)
    reader = int(done.stdout)
    until = time.monotonic() + 20
    while _runs(reader):
        assert time.monotonic() < until, f"process {reader} stays"
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


class StoppedError(Exception):
    """Stands for anything that ends a process in the middle."""


def interrupt(people: ModuleType, source: Path, out: Path, after: int, **options: Any) -> None:
    def progress(done: int, total: int, name: str) -> None:
        if done == after:
            raise StoppedError

    with pytest.raises(StoppedError):
        prepare(dataset(people), [source], out, workers=1, progress=progress, **options)


def reads(people: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is read from now on."""
    names: list[str] = []
    read = people.People.read

    def noted(self: Any, trial: Any) -> Any:
        names.append(trial.name)
        return read(self, trial)

    monkeypatch.setattr(people.People, "read", noted)
    return names


def test_an_interrupted_preparation_goes_on_and_gives_the_same_bytes(
    people: ModuleType, several: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(dataset(people), [several], tmp_path / "whole.safetensors", workers=1)
    out = tmp_path / "a.safetensors"
    interrupt(people, several, out, after=4)
    assert not out.exists() and len(list((tmp_path / "a.safetensors.partial").iterdir())) == 4
    names = reads(people, monkeypatch)
    report = prepare(dataset(people), [several], out, workers=1)
    assert report.resumed == 4 and names == ["02_03", "09_01", "09_02"]
    assert out.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    assert not (tmp_path / "a.safetensors.partial").exists()


@pytest.mark.parametrize("change", ["source", "configuration", "frame rate", "version"])
def test_what_was_done_under_other_circumstances_is_done_again(
    change: str, people: ModuleType, several: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.safetensors"
    interrupt(people, several, out, after=4)
    if change == "source":
        written(several, SEVERAL | {"02_03": "walks"})
    report = prepare(
        dataset(people, size=0.9 if change == "configuration" else 1.0),
        [several],
        out,
        workers=1,
        frame_rate=24.0 if change == "frame rate" else 30.0,
        name="people 2" if change == "version" else "",
    )
    assert report.resumed == 0
    assert not (tmp_path / "a.safetensors.partial").exists()


def test_a_kept_part_that_is_damaged_is_read_again(
    people: ModuleType, several: Path, tmp_path: Path
) -> None:
    prepare(dataset(people), [several], tmp_path / "whole.safetensors", workers=1)
    out = tmp_path / "a.safetensors"
    interrupt(people, several, out, after=2)
    for path in (tmp_path / "a.safetensors.partial").iterdir():
        path.write_bytes(path.read_bytes()[:-10])
    prepare(dataset(people), [several], out, workers=1)
    assert out.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


def test_a_folder_with_files_of_others_is_not_removed(
    people: ModuleType, several: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a.safetensors.partial"
    folder.mkdir()
    (folder / "diary.txt").write_text("mine")
    prepare(dataset(people), [several], tmp_path / "a.safetensors", workers=1)
    assert [path.name for path in folder.iterdir()] == ["diary.txt"]


def test_a_recording_that_two_sources_hold_is_read_from_the_first(
    people: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = written(tmp_path / "first.json", {"01_01": "walks", "01_02": "walks"})
    second = written(tmp_path / "second.json", {"01_02": "mirrored", "01_03": "walks"})
    names = reads(people, monkeypatch)
    report = prepare(dataset(people), [first, second], tmp_path / "a.safetensors", workers=1)
    assert [clip.name for clip in report.motion.clips] == names == ["01_01", "01_02", "01_03"]
    (left,) = report.left_out
    assert (left.name, left.cause, left.seconds) == ("01_02", "given twice", 0)
    assert left.reason == f"{second}/01_02 gives it again; {first}/01_02 was read"


@pytest.mark.parametrize(
    ("doing", "cause", "reason", "seconds"),
    [
        ("briefly", "too short", r"lasts 0\.30 s, less than 0\.5 s", 0.3),
        ("in centimetres", "leg length", r"a leg is 88\.5 m long, not 0\.65 to 1\.15 m", 4),
        ("has a growing arm", "bone lengths vary", "left_wrist changes its length by 1. %", 4),
        ("mirrored", "left and right", "toes point backwards in 100 % of the frames", 4),
        ("mirrored without toes", "left and right", "knees bend backwards in 100 %", 4),
        ("is nowhere", "no numbers", "every frame holds NaN", 4),
        ("misshapen", "unreadable", r"\(480, 16, 3\), not \(frames, 17, 3\)", 0),
    ],
)
def test_a_recording_that_cannot_be_of_a_person_is_left_out(
    doing: str, cause: str, reason: str, seconds: float, people: ModuleType, tmp_path: Path
) -> None:
    report = prepared(people, tmp_path, {"01_01": doing, "01_02": "walks"})
    assert [clip.name for clip in report.motion.clips] == ["01_02"]
    (left,) = report.left_out
    assert (left.name, left.cause) == ("01_01", cause)
    assert left.seconds == pytest.approx(seconds)
    assert re.search(reason, left.reason), left.reason


def test_people_whose_vertical_axis_is_not_z_are_left_out(
    people: ModuleType, tmp_path: Path
) -> None:
    doings = {f"01_0{trial}": "with y up" for trial in (1, 2, 3)} | {"02_01": "walks"}
    report = prepared(people, tmp_path, doings)
    assert [clip.name for clip in report.motion.clips] == ["02_01"]
    assert [(left.name, left.cause) for left in report.left_out] == [
        (f"01_0{trial}", "vertical axis") for trial in (1, 2, 3)
    ]
    assert "within 90° of the vertical, not 60°" in report.left_out[0].reason
    assert report.left_out[0].seconds == pytest.approx(4)


@pytest.mark.parametrize("doing", ["lies", "stands on the hands"])
def test_people_who_lie_or_stand_on_their_hands_stay(
    doing: str, people: ModuleType, tmp_path: Path
) -> None:
    report = prepared(people, tmp_path, {"01_01": doing, "01_02": "walks", "01_03": "walks"})
    assert [clip.name for clip in report.motion.clips] == ["01_01", "01_02", "01_03"]
    assert report.left_out == ()


@pytest.mark.parametrize(
    ("doing", "causes", "low", "high"),
    [
        ("jumps", ["jumps", "too short"], 10, 14),
        ("has an elastic arm", ["bone lengths vary"], 20, 40),
        ("has gaps", ["no numbers"], 30, 30),
    ],
)
def test_a_recording_is_cut_where_it_is_broken(
    doing: str, causes: list[str], low: int, high: int, people: ModuleType, tmp_path: Path
) -> None:
    report = prepared(people, tmp_path, {"01_01": doing})
    assert [clip.name for clip in report.motion.clips] == ["01_01-1", "01_01-2"]
    assert [left.cause for left in report.left_out] == causes
    frames = people.RATE * sum(left.seconds for left in report.left_out)
    assert low <= frames <= high
    for clip in report.motion.clips:
        steps = np.linalg.norm(np.diff(report.motion.of(clip), axis=0), axis=-1)
        assert steps.max() < 0.15


def test_what_is_in_the_air_for_long_is_cut_out_and_its_seconds_counted(
    people: ModuleType, tmp_path: Path
) -> None:
    report = prepared(people, tmp_path, {"01_01": "flies", "01_02": "walks"})
    (left,) = report.left_out
    assert left.cause == "in the air" and 2 < left.seconds < 2.5
    assert "0.3 m above the floor for over 2 s" in left.reason
    assert [clip.name for clip in report.motion.clips] == ["01_01-1", "01_01-2", "01_02"]


def test_without_a_floor_nobody_is_in_the_air(people: ModuleType, tmp_path: Path) -> None:
    report = prepared(people, tmp_path, {"01_01": "relative to the root"})
    (clip,) = report.motion.clips
    assert not clip.absolute and report.left_out == ()


def test_duplicates_are_left_out(people: ModuleType, tmp_path: Path) -> None:
    doings = {"01_01": "walks", "02_01": "walks", "02_02": "walks like 09_01", "09_01": "walks"}
    report = prepared(people, tmp_path, doings)
    assert [clip.name for clip in report.motion.clips] == ["01_01", "02_01", "09_01"]
    (left,) = report.left_out
    assert (left.name, left.cause, left.seconds) == ("02_02", "duplicate", 4)
    assert "09_01" in left.reason and not left.reason.endswith(".")


def test_causes_are_counted() -> None:
    made_up = [
        Rejection(name="a", cause="jumps", reason="", seconds=0.5),
        Rejection(name="b", cause="leg length", reason="", seconds=2.0),
        Rejection(name="c", cause="jumps", reason="", seconds=0.25),
    ]
    assert count(made_up) == {
        "leg length": {"parts": 1, "seconds": 2.0},
        "jumps": {"parts": 2, "seconds": 0.75},
    }


def test_every_cause_is_one_that_a_test_above_brings_about() -> None:
    text = Path(__file__).read_text()
    assert [cause for cause in CAUSES if f'"{cause}"' not in text] == []


def test_a_person_in_two_splits_is_refused(people: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "a.json"
    source.write_text('{"01_01": ["01", "train", "walks"], "01_02": ["01", "test", "walks"]}')
    with pytest.raises(UserError, match='subject "01" in the splits "train" and "test"'):
        prepare(dataset(people), [source], tmp_path / "a.safetensors", workers=1)


def test_nothing_usable_is_one_sentence_and_leaves_nothing(
    people: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="hold no usable recording; 01_01: a leg is 88"):
        prepared(people, tmp_path, {"01_01": "in centimetres"})
    assert [path.name for path in tmp_path.iterdir()] == ["source.json"]


def test_a_data_set_that_cannot_travel_is_one_sentence(
    people: ModuleType, several: Path, tmp_path: Path
) -> None:
    class Local(people.People):  # type: ignore[name-defined, misc]
        pass

    local = Local(config=people.PeopleConfig())
    with pytest.raises(UserError, match="its class must be at the top of a module"):
        prepare(local, [several], tmp_path / "a.safetensors")
    assert attrs.has(Local)
