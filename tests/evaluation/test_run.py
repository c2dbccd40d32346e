"""A whole evaluation with a tiny prior."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from platypose import Evidence
from platypose.api import Config, Trial, UserError
from platypose.api.kinds.dataset import KIND as DATASET
from platypose.evaluation.config import EvaluateConfig
from platypose.evaluation.experiment import experiment, experiments
from platypose.evaluation.made import MadeSource
from platypose.evaluation.result import Evaluation, merge, read_json, write_json
from platypose.evaluation.run import evaluate
from platypose.evaluation.tally import FIGURES
from platypose.evidence.presets import h36m_cameras
from platypose.registry import plugins, use

Quick = Callable[..., EvaluateConfig]
TIMED = {"seconds", "seconds_in_all"}


def _close(first: Any, second: Any, path: str = "") -> None:
    """The same but for rounding and for what the clock says."""
    if isinstance(first, dict):
        assert first.keys() == second.keys(), path
        for key in first.keys() - TIMED - {"shards"}:
            _close(first[key], second[key], f"{path}.{key}")
    elif isinstance(first, float):
        assert second == pytest.approx(first, rel=1e-9), path
    elif isinstance(first, list):
        assert len(first) == len(second)
        for one, other in zip(first, second):
            _close(one, other, path)
    else:
        assert first == second, path


def test_all_figures_of_single_frames_are_there(quick: Quick) -> None:
    content = evaluate(quick(limit=9)).to_plain()
    assert content["clips"] == content["frames"] == 9
    missing = {name for name in FIGURES if content[name] is None}
    assert missing == {"mpjve", "acceleration_error"}
    assert content["denoiser_calls"] == 3 and content["hypotheses"] == 6
    assert content["mpjpe_best_frame"] == content["mpjpe_best_sequence"] < content["mpjpe_mean"]
    assert set(content["by_action"]) == {"standing", "lying down"}
    assert {"upright", "lying"} == set(content["by_stance"])
    assert list(content["by_data_set"]) == ["people"]
    assert sum(row["clips"] for row in content["by_stance"].values()) == 9
    assert content["by_joint"]["hip"]["mpjpe_mean"] == 0
    assert content["versions"]["torch"] and content["credit"].startswith("Nobody")


def test_clips_have_velocities_and_a_prior_of_single_frames_lifts_them(quick: Quick) -> None:
    content = evaluate(quick(frames=20, limit=3)).to_plain()
    assert content["clips"] == 3 and content["frames"] == 60
    assert all(content[name] is not None for name in FIGURES)
    further = content["further"]
    assert further["mpjve_per_second"] == pytest.approx(30 * content["mpjve"])


def test_the_whole_is_the_mean_of_its_parts(quick: Quick) -> None:
    content = evaluate(quick(limit=9)).to_plain()
    rows = content["by_stance"].values()
    for name in ("energy_score", "mpjpe_mean", "root_error"):
        mean = sum(row["clips"] * row[name] for row in rows) / 9
        assert content[name] == pytest.approx(mean)


@pytest.mark.parametrize("frames", [1, 20])
def test_shards_add_up_to_the_whole(
    quick: Quick, frames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platypose.evaluation.scenes.TOGETHER", 5)
    config = quick(frames=frames, spacing=1, limit=12 if frames == 1 else 4)
    whole = evaluate(config)
    parts = []
    for number in (1, 2):
        path = tmp_path / f"{number}.json"
        write_json(evaluate(config, shard=(number, 2)).to_plain(), path)
        parts.append(read_json(path))
    assert all(part.whole.clips for part in parts)
    merged = merge(parts, ["1.json", "2.json"])
    _close(whole.to_plain(), merged.to_plain())


def test_memory_is_bounded_and_changes_neither_clips_nor_noise(quick: Quick) -> None:
    small, large = (evaluate(quick(limit=10, chunk=chunk)).to_plain() for chunk in (12, 8192))
    assert small["clips"] == large["clips"] == 10
    assert small["by_stance"].keys() == large["by_stance"].keys()
    assert small["mpjpe_mean"] == pytest.approx(large["mpjpe_mean"], rel=0.3)


def test_the_denoiser_never_sees_more_than_the_chunk(
    quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    from platypose import Platypose

    seen = []
    original = Platypose._denoise

    def spy(self: Platypose, x: Any, sigma: float, chunk: int) -> Any:
        seen.append(x.shape[0] * x.shape[1])
        return original(self, x, sigma, chunk)

    monkeypatch.setattr(Platypose, "_denoise", spy)
    evaluate(quick(limit=10, chunk=24))
    assert max(seen) == 24
    seen.clear()
    evaluate(quick(limit=1, frames=16, chunk=40))
    assert sorted(set(seen)) == [32]  # 2 of 6 hypotheses of 16 frames at once


def test_the_seed_decides_and_the_clips_stay(quick: Quick) -> None:
    first, again, other = (evaluate(quick(limit=5, seed=s)).to_plain() for s in (1, 1, 2))
    _close(first, again)
    assert first["mpjpe_mean"] != other["mpjpe_mean"]
    assert {k: v["clips"] for k, v in first["by_stance"].items()} == {
        k: v["clips"] for k, v in other["by_stance"].items()
    }


def test_a_limit_takes_the_first_of_one_order(quick: Quick) -> None:
    counts = []
    evaluate(quick(limit=7), progress=lambda done: counts.append((done.clips, done.total)))
    assert counts[0] == (0, 7) and counts[-1] == (7, 7)


def test_the_known_root_is_the_true_one(quick: Quick) -> None:
    content = evaluate(quick(limit=5, root="known")).to_plain()
    assert content["root_error"] < 0.01 and content["root"] == "known"
    unknown = evaluate(quick(limit=5)).to_plain()
    assert unknown["root_error"] > 10


def test_energies_that_tie_frames_are_refused_for_single_frames(quick: Quick) -> None:
    energies = ["reprojection", "bone-length"]
    with pytest.raises(UserError, match="ties frames together"):
        evaluate(quick(limit=9, energies=energies))
    assert evaluate(quick(limit=2, frames=10, energies=energies)).whole.clips == 2


def test_another_projection_stands_in(quick: Quick) -> None:
    projection = {"name": "weak-perspective", "scale": 200.0, "centre": [500.0, 500.0]}
    content = evaluate(quick(limit=3, projection=projection)).to_plain()
    assert content["clips"] == 3


def test_every_experiment_that_comes_along_names_itself_and_hides_the_root() -> None:
    assert {"cmu", "h36m", "3dhp", "3dpw"} <= set(experiments())
    for name in experiments():
        content = experiment(name)
        assert content["experiment"] == name
        assert (content.get("root") == "known") == name.endswith("-published")
    scales = {name: experiment(name)["energy_scale"] for name in ("h36m", "3dhp", "3dpw")}
    assert scales == {"h36m": 30, "3dhp": 10, "3dpw": 10}
    with pytest.raises(UserError, match="did you mean cmu"):
        experiment("cmuu")


def _filmed(people: Path) -> list[Evidence]:
    """What made cameras saw, with the truth, as evidence to be read."""
    source = MadeSource(
        [people], h36m_cameras(), split="test", frames=40, spacing=40, frame_rate=30.0,
        keypoints="coco-17",
    )  # fmt: skip
    scenes = (source.see((e,), i) for i, e in enumerate(source.excerpts()[:3]))
    return [
        attrs.evolve(s.evidence, joints_3d=s.truth, root=None, frame_rate=60.0)
        for s in scenes
        if s is not None
    ]


def test_evidence_files_with_joints_3d_are_lifted_without_seeing_them(
    quick: Quick, people: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "lab"
    folder.mkdir()
    for number, evidence in enumerate(_filmed(people)):
        evidence.write(folder / f"trial {number}.safetensors")
    content = evaluate(quick(data=[str(folder)], noise_px=0)).to_plain()
    assert content["clips"] == 3  # of 40 frames at 60 Hz, 20 are taken, and one clip of each
    assert list(content["by_data_set"]) == ["lab"]
    assert content["mpjpe_mean"] > 50 and content["root_error"] > 10
    (folder / "no truth.safetensors").write_bytes(
        _bytes(attrs.evolve(_filmed(people)[0], joints_3d=None), tmp_path)
    )
    with pytest.raises(UserError, match="no truth has no truth to compare with"):
        evaluate(quick(data=[str(folder)]))


def test_only_measured_joints_count_where_the_truth_has_gaps(
    quick: Quick, people: Path, tmp_path: Path
) -> None:
    whole = _filmed(people)[0]
    assert whole.joints_3d is not None
    mask = np.ones(whole.joints_3d.shape[:2], bool)
    mask[:, [9, 10]] = False
    gaps = attrs.evolve(
        whole,
        joints_3d=np.where(mask[..., None], whole.joints_3d, 0.0),
        joints_3d_mask=mask,
    )
    config = quick(data=[str(tmp_path / "a.safetensors")], noise_px=0, samples=3)
    contents = []
    for evidence in (whole, gaps):
        evidence.write(tmp_path / "a.safetensors")
        contents.append(evaluate(config).to_plain())
    full, partial = contents
    kept = {name: row for name, row in full["by_joint"].items() if name not in ("neck", "head")}
    assert partial["by_joint"] == kept
    assert partial["mpjpe_mean"] == pytest.approx(
        sum(row["mpjpe_mean"] for row in kept.values()) / 15
    )
    assert partial["root_error"] == full["root_error"] and list(partial["by_stance"]) == ["unknown"]
    mask[3, 0] = False
    attrs.evolve(gaps, joints_3d_mask=mask).write(tmp_path / "bad.safetensors")
    with pytest.raises(UserError, match="bad has no truth to compare with"):
        evaluate(quick(data=[str(tmp_path / "bad.safetensors")]))


def test_what_was_filmed_has_its_own_cameras(quick: Quick, people: Path, tmp_path: Path) -> None:
    _filmed(people)[0].write(tmp_path / "a.safetensors")
    with pytest.raises(UserError, match="views is for made cameras alone"):
        evaluate(quick(data=[str(tmp_path / "a.safetensors")], views=2))


def _bytes(evidence: Evidence, folder: Path) -> bytes:
    evidence.write(folder / "copy.safetensors")
    return (folder / "copy.safetensors").read_bytes()


@pytest.fixture
def laboratory(people: Path) -> Iterable[list[str]]:
    """A registered data set that has evidence; gives the list of trials that were read."""
    evidences = _filmed(people)
    read: list[str] = []

    @attrs.frozen
    class Laboratory:
        credit: str = "Nobody."
        licence: str = "None."

        def trials(self, sources: Sequence[Path]) -> list[Trial]:
            return [
                Trial(name=f"t{i}", subject="s", split=split, source=sources[0], action="hopping")
                for i, split in enumerate(("test", "test", "train"))
            ]

        def read(self, trial: Trial) -> Any:
            raise NotImplementedError

        def evidence(self, trial: Trial) -> list[Evidence]:
            read.append(trial.name)
            return [evidences[int(trial.name[1:])]] * 2

    use(None)
    plugins().registry(DATASET).register("laboratory", Config, lambda config, context: Laboratory())
    yield read
    use(None)


def test_a_data_set_that_has_evidence_is_lifted_trial_by_trial(
    laboratory: list[str], quick: Quick, people: Path
) -> None:
    content = evaluate(quick(dataset="laboratory", spacing=5, samples=2)).to_plain()
    # Two trials of two views; of 40 frames at 60 Hz 20 are taken, and every fifth is a clip.
    assert content["clips"] == 2 * 2 * 4
    assert list(content["by_action"]) == ["hopping"]
    assert list(content["by_data_set"]) == ["laboratory"]
    assert "t2" not in laboratory and len(laboratory) <= 4


def test_a_data_set_without_evidence_is_one_sentence(quick: Quick) -> None:
    with pytest.raises(UserError, match="'cmu' has no evidence of what cameras saw"):
        evaluate(quick(dataset="cmu"))


def test_frames_that_show_too_little_are_left_out_and_counted(
    quick: Quick, people: Path, tmp_path: Path
) -> None:
    first, second, *_ = _filmed(people)
    assert first.keypoints is not None
    confidence = np.ones(first.keypoints.shape[:3])
    confidence[7, :, 2:] = 0
    folder = tmp_path / "lab"
    folder.mkdir()
    attrs.evolve(first, confidence=confidence, frame_rate=30.0).write(folder / "a.safetensors")
    second.write(folder / "b.safetensors")
    content = evaluate(quick(data=[str(folder)], frames=40)).to_plain()
    assert content["clips"] == 1
    assert content["left_out"]["a frame shows fewer than 3 keypoints"] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": []}, "--data is missing"),
        ({"data": ["nowhere.safetensors"]}, "there is no .*nowhere.safetensors"),
        ({"occlude": "random:2"}, "occlude is 'random:2' but needs none, lower-body"),
        ({"noise_px": -1}, "noise_px is -1.0 but needs"),
        ({"samples": 0}, "samples is 0 but needs"),
    ],
)
def test_what_is_wrong_is_one_sentence(changes: dict[str, Any], message: str, quick: Quick) -> None:
    with pytest.raises(UserError, match=message):
        evaluate(quick(**changes))


def test_results_of_different_evaluations_do_not_merge(quick: Quick) -> None:
    first = evaluate(quick(limit=2), shard=(1, 2))
    noisier = evaluate(quick(limit=2, noise_px=9), shard=(2, 2))
    with pytest.raises(UserError, match="a and b differ in noise_px"):
        merge([first, noisier], ["a", "b"])
    with pytest.raises(UserError, match="The shard 1/2 is there twice"):
        merge([first, first], ["a", "b"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "is no JSON"),
        ("{}", "holds no results of platypose evaluate"),
        ('{"kind": "evaluation", "format": 99}', "result format 99"),
        ('{"kind": "evaluation", "format": 2}', "is damaged"),
    ],
)
def test_a_wrong_file_of_results_is_one_sentence(
    content: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        read_json(path)


def test_the_json_is_strict(quick: Quick, tmp_path: Path) -> None:
    write_json(evaluate(quick(limit=2)).to_plain(), tmp_path / "a.json")

    def refuse(word: str) -> float:
        raise AssertionError(word)

    content = json.loads((tmp_path / "a.json").read_text(), parse_constant=refuse)
    assert all(value is None or math.isfinite(value) for value in map(content.get, FIGURES))
    assert Evaluation.from_plain(content, "a.json").to_plain() == content
