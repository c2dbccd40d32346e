from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
EXCERPT = Path(__file__).parents[2] / "examples" / "data" / "held-out-excerpt.safetensors"


@pytest.fixture
def quick(tiny_prior: Path) -> tuple[str, ...]:
    words = ("--experiment", "cmu", "--data", str(EXCERPT), "--limit", "2", "--device", "cpu")
    samplers = "guided-ddim:substeps=1,ancestral:levels=ddim2,substeps=1"
    return (*words, "--prior", str(tiny_prior), "--samplers", samplers, "--num-samples", "3")


def test_a_table_rows_and_pictures(run: Run, quick: tuple[str, ...], tmp_path: Path) -> None:
    target, out = tmp_path / "rows.json", tmp_path / "out"
    changes = ("--calls", "2,3", "--views", "2", "--occlude", "half", "--noise-px", "1")
    done = run("compare", *quick, *changes, "--json", target, "--out", out)
    assert done.code == 0, done.err
    for words in ("2 single frames", "2 cameras, occluded: half", "energy score", "s/frame"):
        assert words in done.out
    rows = json.loads(target.read_text())
    assert [(row["sampler"], row["calls"]) for row in rows] == [
        *(("guided-ddim", 2), ("guided-ddim", 3)),
        ("ancestral", 2),
    ]
    names = {path.name for path in out.iterdir()}
    assert names == {"results.json", "table.md", "scores.png", "calibration.png", "best-of.png"}
    assert set(tmp_path.iterdir()) == {target, out}  # the journal is gone

    again = run("compare", target, target, "--against", "guided-ddim", "--markdown")
    assert again.code == 0, again.err
    assert again.out.count("| `guided-ddim:substeps=1` | 3 |") == 2 and "s/frame ÷" in again.out


def test_after_ctrl_c_the_same_command_goes_on(
    run: Run, quick: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from platypose.evaluation.compare import run as compare

    words = ("compare", *quick, "--calls", "2", "--set", "frames=4", "--json", tmp_path / "a.json")
    original, seen = compare.lift_scene, []

    def stop(config: Any, pose: Any, scene: Any, number: int, guidance: Any) -> Any:
        seen.append(number)
        if number == 1:
            raise KeyboardInterrupt
        return original(config, pose, scene, number, guidance)

    with monkeypatch.context() as patch:
        patch.setattr(compare, "lift_scene", stop)
        stopped = run(*words)
    assert stopped.code == 130 and "the same command goes on" in stopped.err
    assert {row["clips"] for row in json.loads((tmp_path / "a.json").read_text())} == {1}
    assert (tmp_path / "a.json.partial").exists()
    assert run(*words).code == 0
    assert {row["clips"] for row in json.loads((tmp_path / "a.json").read_text())} == {2}
    assert not (tmp_path / "a.json.partial").exists()
    refused = run(*words)
    assert refused.code == 2 and "a.json exists already; name a new file." in refused.err
    assert {row["clips"] for row in json.loads((tmp_path / "a.json").read_text())} == {2}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--experiment is missing"),
        (("--experiment", "cmu"), "--samplers is missing"),
        (("--experiment", "cmu", "--samplers", "posterior", "--calls", "x"), "--calls x must be"),
        (("--experiment", "cmu", "--samplers", "posterior"), "--data is missing"),
        (("nowhere.json",), "There is no file nowhere.json"),
    ],
)
def test_what_is_wrong_is_one_sentence(run: Run, words: tuple[str, ...], message: str) -> None:
    done = run("compare", *words)
    assert done.code == 2 and message in done.err and "Traceback" not in done.err
