from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from platypose.evaluation.tally import FIGURES

Run = Callable[..., Any]
EXCERPT = Path(__file__).parents[2] / "examples" / "data" / "held-out-excerpt.safetensors"
SAMPLER = "guided-ddim:levels=ddim3,skip=0,substeps=1"


@pytest.fixture
def quick(tiny_prior: Path) -> tuple[str, ...]:
    words = ("--experiment", "cmu", "--data", str(EXCERPT), "--limit", "4", "--device", "cpu")
    return (*words, "--prior", str(tiny_prior), "--sampler", SAMPLER, "--num-samples", "3")


def test_a_table_and_the_json_that_was_asked_for(
    run: Run, quick: tuple[str, ...], tmp_path: Path
) -> None:
    done = run("evaluate", *quick, "--json", tmp_path / "a.json")
    assert done.code == 0, done.err
    for words in ("cmu: 4 clips", "energy_score", "reprojection_px", "± ", "s/frame", "mm"):
        assert words in done.out
    content = json.loads((tmp_path / "a.json").read_text())
    assert set(FIGURES) < set(content)
    assert content["experiment"] == "cmu" and content["config"]["noise_px"] == 5
    assert "mocap.cs.cmu.edu" in content["credit"]
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


def test_a_folder_holds_results_table_configuration_and_pictures(
    run: Run, quick: tuple[str, ...], tmp_path: Path
) -> None:
    assert run("evaluate", *quick, "--out", tmp_path / "out").code == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"results.json", "table.txt", "config.yaml", "calibration.png", "joints.png"} <= names
    config = tmp_path / "out" / "config.yaml"
    again = run("evaluate", "--experiment", config, "--json", tmp_path / "again.json")
    assert again.code == 0, again.err
    first = json.loads((tmp_path / "out" / "results.json").read_text())
    second = json.loads((tmp_path / "again.json").read_text())
    assert first["energy_score"] == second["energy_score"]


def test_options_lie_over_the_experiment_and_set_over_both(
    run: Run, quick: tuple[str, ...], tmp_path: Path
) -> None:
    done = run(
        *("evaluate", *quick, "--out", tmp_path / "out", "--report", "none"),
        *("--noise-px", "1", "--occlude", "half", "--keypoints", "coco-17", "--seed", "3"),
        *("--root", "known", "--energy", "normalised-reprojection", "--energy-scale", "7"),
        *("--projection", "pinhole:focal=[1000,1000],centre=[500,500]"),
        *("--set", "samples=2", "--chunk", "64", "--precision", "float64"),
    )
    assert done.code == 0, done.err
    config = yaml.safe_load((tmp_path / "out" / "config.yaml").read_text())
    expected = {
        "noise_px": 1.0,
        "occlude": "half",
        "keypoints": "coco-17",
        "seed": 3,
        "root": "known",
        "energy_scale": 7.0,
        "samples": 2,
        "chunk": 64,
        "report": [],
    }
    assert {name: config[name] for name in expected} == expected
    assert config["projection"]["name"] == "pinhole"


def test_shards_are_merged_on_the_command_line(
    run: Run, quick: tuple[str, ...], tmp_path: Path
) -> None:
    files = [tmp_path / f"{number}.json" for number in (1, 2)]
    for number, file in enumerate(files, 1):
        words = ("--set", "frames=10", "--shard", f"{number}/2", "--json", file)
        assert run("evaluate", *quick, *words).code == 0
    done = run("evaluate", "--merge", *files, "--json", tmp_path / "all.json")
    assert done.code == 0, done.err
    whole = json.loads((tmp_path / "all.json").read_text())
    assert whole["clips"] == 4 and whole["shards"] == ["1/2", "2/2"]


def test_results_that_are_there_are_not_overwritten(
    run: Run, quick: tuple[str, ...], tmp_path: Path
) -> None:
    kept = tmp_path / "a.json"
    kept.write_text("{}")
    done = run("evaluate", *quick, "--json", kept)
    assert done.code == 2 and f"--json {kept} exists already; name a new file." in done.err
    assert kept.read_text() == "{}" and list(tmp_path.iterdir()) == [kept]


def test_ctrl_c_leaves_nothing(
    run: Run, quick: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from platypose import Platypose

    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Platypose, "sample", interrupted)
    done = run("evaluate", *quick, "--json", tmp_path / "a.json", "--out", tmp_path / "out")
    assert done.code == 130 and "Stopped; nothing was written." in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--experiment is missing; there is 3dhp"),
        (("--experiment", "cmv"), "There is no experiment 'cmv' (did you mean cmu?)"),
        (("--experiment", "cmu"), "--data is missing; it names the files to lift."),
        (("--merge",), "--merge needs the JSON files of the shards."),
        (("a.json",), "a.json: files of results are for --merge"),
        (("--experiment", "cmu", "--shard", "3/2"), "--shard 3/2 must have the form i/n"),
        (("--experiment", "cmu", "--json", "no/a.json"), "--json no/a.json must be a file name"),
        (("--experiment", "cmu", "--root", "guessed"), "root is 'guessed' but needs one of"),
        (("--experiment", "cmu", "--set", "sample=3"), "sample is unknown (did you mean samples"),
    ],
)
def test_what_was_typed_wrong_is_one_sentence(
    run: Run, words: tuple[str, ...], message: str
) -> None:
    done = run("evaluate", *words)
    assert done.code == 2
    assert message in done.err and "Traceback" not in done.err
