"""`platypose data prepare` and `report`, as they are typed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from platypose.motion import MotionSet

Run = Callable[..., Any]

MAIN = """
import importlib, sys
sys.path.insert(0, sys.argv.pop(1))
people = importlib.import_module("made_up_people")
from platypose.api.kinds.dataset import KIND
from platypose.cli import main
from platypose.registry import plugins
plugins().registry(KIND).register("people", people.PeopleConfig, people.build)
main()
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    doings = {f"01_{trial:02}": "walks" for trial in range(1, 9)}
    doings |= {"02_01": "jumps", "02_02": "in centimetres", "02_03": "walks"}
    path = tmp_path / "source.json"
    path.write_text(json.dumps({n: (n[:2], "train", doing) for n, doing in doings.items()}))
    return path


def typed(people: ModuleType, *words: str | Path) -> subprocess.Popen[str]:
    folder = str(Path(str(people.__file__)).parent)
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, folder, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        start_new_session=True,
    )


def test_prepare_says_what_it_kept_and_what_it_left_out(
    run: Run, people: ModuleType, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.safetensors"
    done = run("data", "prepare", "people", source, "--out", out, "--workers", "1")
    assert done.code == 0, done.err
    assert "11 clips at 30 Hz" in done.out and "leg length" in done.out
    assert "had been done before" not in done.out
    assert "people of local 0 from source.json" in done.out
    content = json.loads((tmp_path / "a.report.json").read_text())
    assert content["left_out_by_cause"]["leg length"] == {"parts": 1, "seconds": 4.0}
    assert content["recordings"] == 11
    assert {left["name"] for left in content["left_out"]} == {"02_01", "02_02"}
    assert all(left["reason"] for left in content["left_out"])
    again = run("data", "prepare", "people", source, "--out", out)
    assert again.code == 2 and "exists already" in again.err


def test_prepare_takes_options_of_the_data_set_and_a_frame_rate(
    run: Run, people: ModuleType, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.safetensors"
    words = ("--out", out, "--workers", "1", "--frame-rate", "25")
    done = run("data", "prepare", "people:size=0.9", source, *words)
    assert done.code == 0, done.err
    motion = MotionSet.read(out)
    assert motion.frame_rate == 25 and motion.clips[0].frames == 100


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    run: Run, people: ModuleType, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.safetensors"
    words = ("data", "prepare", "people:pause=0.3", source, "--out", out, "--workers", "2")
    process = typed(people, *words)
    kept = tmp_path / "a.safetensors.partial"
    deadline = time.monotonic() + 60
    while not (kept.is_dir() and any(kept.glob("*.safetensors"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in printed + errors
    assert "of 11 recordings are done and kept in" in printed and str(kept) in printed
    assert not out.exists() and 0 < len(list(kept.iterdir())) < 11

    done = run(*words)
    assert done.code == 0, done.err
    assert "of 11 recordings had been done before" in done.out
    assert not kept.exists()
    whole = tmp_path / "whole.safetensors"
    assert run("data", "prepare", *words[2:5], whole, "--workers", "1").code == 0
    assert out.read_bytes() == whole.read_bytes()


def test_report_draws_a_picture(run: Run, tiny_motion: Path, tmp_path: Path) -> None:
    done = run("data", "report", tiny_motion, "--picture", tmp_path / "a.png")
    assert done.code == 0, done.err
    assert "upright" in done.out and "knee" in done.out
    assert f"Wrote {tmp_path / 'a.png'}." in done.out
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_another_name_than_png_is_one_sentence(
    run: Run, tiny_motion: Path, tmp_path: Path
) -> None:
    done = run("data", "report", tiny_motion, "--picture", tmp_path / "a.jpg")
    assert done.code == 2 and "must end in .png" in done.err
    assert not (tmp_path / "a.jpg").exists()


def test_report_as_json_stays_json_beside_a_picture(
    run: Run, tiny_motion: Path, tmp_path: Path
) -> None:
    done = run("data", "report", tiny_motion, "--json", "--picture", tmp_path / "a.png")
    assert json.loads(done.out)["stances"]["all"]["upright"] > 0.9


def test_a_picture_in_no_folder_is_one_sentence(
    run: Run, tiny_motion: Path, tmp_path: Path
) -> None:
    done = run("data", "report", tiny_motion, "--picture", tmp_path / "absent" / "a.png")
    assert done.code == 2 and "a.png cannot be written" in done.err
