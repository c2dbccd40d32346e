"""Samplers side by side on one evidence."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from platypose.api import UserError
from platypose.evaluation.compare import run as module
from platypose.evaluation.compare.config import jobs, read_calls, read_entrants
from platypose.evaluation.compare.rows import FIGURES, alike, read_rows, reference, write_rows
from platypose.evaluation.compare.run import Comparison, Plan, Progress
from platypose.evaluation.compare.table import markdown
from platypose.evaluation.config import EvaluateConfig
from platypose.evaluation.metrics import best_of
from platypose.evaluation.run import evaluate

Quick = Callable[..., EvaluateConfig]
TWO = "guided-ddim:skip=0,substeps=1,guided-ddim:skip=0,substeps=1,energy_scale=0"


def _plan(config: EvaluateConfig, samplers: str = TWO, **changes: Any) -> Plan:
    options = {"priors": (config.prior,), "calls": (2, 3), **changes}
    return Plan(config=config, entrants=read_entrants(samplers), **options)


def _figures(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: row[key] for key in (*FIGURES, "best_of") if key != "seconds"} for row in rows]


def test_an_option_belongs_to_the_sampler_before_it() -> None:
    first, second, third = read_entrants(
        "posterior, guided-ddim:substeps=10,energy_scale=0.3 ,guided-ddim:calls=16,substeps=3"
    )
    assert [e.sampler.name for e in (first, second, third)] == [
        "posterior",
        "guided-ddim",
        "guided-ddim",
    ]
    assert second.options == {"substeps": 10} and second.changes == {"energy_scale": 0.3}
    assert second.label == "guided-ddim:substeps=10,energy_scale=0.3"
    assert third.label == "guided-ddim:substeps=3" and third.options["calls"] == 16


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--samplers is empty"),
        ("substeps=3", "begins with an option"),
        ("posterior,posterior", "names posterior twice"),
        ("posteriour", "did you mean posterior"),
        ("posterior:cals=3", "cals"),
        ("posterior:energy_scale=-1", "energy_scale is -1 but needs a number"),
        ("posterior:energy=reprojektion", "did you mean .*reprojection"),
    ],
)
def test_a_wrong_sampler_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_entrants(text)


@pytest.mark.parametrize("text", ["", "0", "2,x", "2.5"])
def test_calls_are_whole_numbers(text: str) -> None:
    assert read_calls("8, 2,2") == (2, 8)
    with pytest.raises(UserError, match="whole numbers above 0"):
        read_calls(text)


def test_every_sampler_takes_part_at_every_number_of_calls_unless_it_names_its_own(
    quick: Quick,
) -> None:
    entrants = read_entrants(
        "posterior,guided-ddim:calls=16,ancestral,posterior:energy=bone-length"
    )
    chosen = jobs(quick(), entrants, (2, 8))
    calls = [getattr(job.config.sampler.config, "calls", None) for job in chosen]
    assert calls == [2, 8, 16, None, 2, 8]
    assert chosen[-1].config.energies[0].name == "bone-length"
    assert chosen[0].config.energies == quick().energies


def test_a_row_is_what_an_evaluation_says(quick: Quick) -> None:
    config = quick(limit=5)
    comparison = Comparison(_plan(config))
    comparison.run()
    rows = comparison.rows()
    assert [(row["calls"], row["energy_scale"]) for row in rows] == [
        *((2, 1.0), (3, 1.0)),
        *((2, 0), (3, 0)),
    ]
    sampler = "guided-ddim:levels=ddim3,skip=0,substeps=1"
    alone = evaluate(quick(limit=5, sampler=sampler)).to_plain()
    for key, name in FIGURES.items():
        if key != "seconds":
            assert rows[1][key] == pytest.approx(alone[name]), key
    assert rows[1]["calibration"] == alone["calibration"]
    assert rows[1]["best_of"]["1"] == pytest.approx(alone["mpjpe_mean"], rel=1e-5)
    assert rows[0]["reprojection_px"] < rows[2]["reprojection_px"]  # a scale of 0 ignores the image


def test_repeats_have_other_seeds_and_a_spread(quick: Quick) -> None:
    comparison = Comparison(_plan(quick(limit=3), calls=(2,), repeats=2))
    comparison.run()
    rows = comparison.rows()
    sampler = "guided-ddim:calls=2,skip=0,substeps=1"
    single = [evaluate(quick(limit=3, seed=seed, sampler=sampler)) for seed in (0, 1)]
    scores = [evaluation.to_plain()["energy_score"] for evaluation in single]
    assert rows[0]["energy_score"] == pytest.approx(sum(scores) / 2)
    assert rows[0]["energy_score_sd"] == pytest.approx(abs(scores[0] - scores[1]) / 2**0.5)
    assert rows[0]["clips"] == 3


def test_the_seconds_of_samplers_are_taken_in_turn(
    quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    original = module.lift_scene

    def spy(config: EvaluateConfig, *rest: Any) -> Any:
        if config.samples > module.FEW:
            order.append((rest[2], config.energy_scale))
        return original(config, *rest)

    monkeypatch.setattr(module, "lift_scene", spy)
    Comparison(_plan(quick(limit=2, frames=4), calls=(2,))).run()
    assert order == [(0, 1.0), (0, 0), (1, 1.0), (1, 0)]


def test_a_run_that_was_stopped_goes_on_to_the_same_end(quick: Quick, tmp_path: Path) -> None:
    config, journal = quick(limit=3, frames=4), tmp_path / "a.json.partial"
    whole = Comparison(_plan(config))
    whole.run()

    counts = itertools.count()

    def stop(_: Any) -> None:
        if next(counts) == 6:  # in the second of three clips
            raise KeyboardInterrupt

    first = Comparison(_plan(config), journal)
    with pytest.raises(KeyboardInterrupt):
        first.run(stop)
    assert {row["clips"] for row in first.rows()} == {1}
    journal.write_text(journal.read_text() + '[0, 1, [[{"clips"')  # as a crash would leave it

    second = Comparison(_plan(config), journal)
    seen: list[Progress] = []
    second.run(seen.append)
    assert seen[-1].clips == seen[-1].total == 8
    assert _figures(second.rows()) == [
        {key: pytest.approx(value) for key, value in row.items()} for row in _figures(whole.rows())
    ]
    with pytest.raises(UserError, match=r"a.json.partial is of an interrupted comparison"):
        Comparison(_plan(config, calls=(2,)), journal)
    second.finish()
    assert not journal.exists()


def test_a_sampler_that_cannot_be_run_is_named_before_anything_is_lifted(quick: Quick) -> None:
    with pytest.raises(UserError, match=r"guided-ddim:skip=0: .*ddim1"):
        Comparison(_plan(quick(limit=2), "guided-ddim:skip=0", calls=(1,))).run()


def test_rows_are_compared_with_the_best_of_those_of_most_calls() -> None:
    def row(label: str, calls: int, score: float) -> dict[str, Any]:
        name = label.partition(":")[0]
        return {"sampler": name, "label": label, "calls": calls, "energy_score": score}

    rows = [row("a", 2, 1.0), row("b:x=1", 4, 9.0), row("b:x=1", 16, 8.0), row("b:x=2", 16, 7.0)]
    assert reference(rows, "b") is rows[3]
    assert reference(rows, "b:x=1") is rows[2]
    assert reference(rows, "c") is None


def test_a_file_of_rows_is_read_back_and_makes_the_table(quick: Quick, tmp_path: Path) -> None:
    comparison = Comparison(_plan(quick(limit=2)))
    comparison.run()
    path = tmp_path / "rows.json"
    write_rows(comparison.rows(), path)
    rows = read_rows(path)
    assert rows == comparison.rows() and isinstance(json.loads(path.read_text()), list)
    assert len(alike([*rows, {**rows[0], "noise_px": 1.0}])) == 2
    lines = markdown(rows, "guided-ddim").splitlines()
    assert "2 single frames, 6 hypotheses, root unknown, noise 5 px" in lines[0]
    assert len({line.count("|") for line in lines[2:8]}) == 1
    (best,) = [line for line in lines if line.endswith("| 1.00 | 1.00 | 1.00 | 1.00 |")]
    assert best.split("|")[2].strip() == "3"
    path.write_text("{}")
    with pytest.raises(UserError, match="holds no results of platypose compare"):
        read_rows(path)


def test_the_best_of_fewer_is_the_mean_over_all_subsets() -> None:
    errors = torch.rand(7, 3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    each = errors.mean((1, 2)).tolist()
    found = best_of(errors)
    assert list(found) == [1, 2, 5]
    for count, expected in found.items():
        subsets = [min(subset) for subset in itertools.combinations(each, count)]
        assert expected == pytest.approx(sum(subsets) / len(subsets))
