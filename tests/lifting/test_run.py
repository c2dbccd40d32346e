from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from safetensors.numpy import load_file

from platypose import Evidence
from platypose.api import Config, Energy, Sampler, UserError, Writer
from platypose.api.kinds.writer import KIND as WRITER
from platypose.config import choose, read_yaml, structure
from platypose.lifting import Result
from platypose.lifting.config import LiftConfig, SampleConfig
from platypose.lifting.run import lift, sample, summarise
from platypose.registry import plugins, use
from platypose.skeleton import H36M_17
from platypose.testing import scene

QUICK = "guided-ddim:levels=ddim3,skip=0,substeps=1"


class _Broken:
    """Writes a file, then fails."""

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        (folder / "half.txt").write_text("half")
        raise UserError("The pen is empty.")


@pytest.fixture
def broken_writer() -> Iterator[str]:
    plugins().registry(WRITER).register("broken", Config, lambda config, context: _Broken())
    yield "broken"
    use(None)


@pytest.fixture
def config(tiny_prior: Path, tmp_path: Path) -> LiftConfig:
    scene.evidence(2).write(tmp_path / "seen.safetensors")
    return LiftConfig(
        evidence=(tmp_path / "seen.safetensors",),
        prior=str(tiny_prior),
        sampler=choose(Sampler, QUICK),
        samples=3,
        device="cpu",
    )


def test_a_run_writes_samples_summary_and_configuration(config: LiftConfig, tmp_path: Path) -> None:
    summary = lift(config, tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["config.yaml", "samples.safetensors", "summary.json"]
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == summary
    assert (summary["frames"], summary["hypotheses"], summary["denoiser_calls"]) == (2, 3, 3)
    assert summary["seconds"] > 0
    error = summary["reprojection_error_px"]
    assert 0 < error["median"] < error["p95"]
    assert list(summary["spread_mm"]) == list(H36M_17.joints)
    assert summary["spread_mm"]["hip"] == 0 < summary["spread_mm"]["head"]
    arrays = load_file(tmp_path / "out" / "samples.safetensors")
    assert arrays["samples"].shape == (3, 2, 17, 3) and arrays["root"].shape == (3, 2, 3)


def test_what_a_run_wrote_is_read_again(config: LiftConfig, tmp_path: Path) -> None:
    lift(config, tmp_path / "out")
    result = Result.read(tmp_path / "out" / "samples.safetensors")
    assert result.skeleton == H36M_17 and result.frame_rate == 30.0
    assert result.credit == "made up Nobody was recorded."
    assert result.projected.shape == (3, 2, 2, len(result.keypoint_names), 2)
    np.testing.assert_array_equal(result.joints[:, :, 0], result.root)
    with pytest.raises(UserError, match="There is no file"):
        Result.read(tmp_path / "absent")
    with pytest.raises(UserError, match="is no result of format 1"):
        Result.read(config.evidence[0])


def test_a_progress_report_comes_after_each_level(config: LiftConfig, tmp_path: Path) -> None:
    levels: list[int] = []
    lift(config, tmp_path / "out", progress=lambda step: levels.append(step.index))
    assert levels == [1, 2, 3]


def test_the_energies_that_were_meant_stand_in_the_configuration(
    config: LiftConfig, tmp_path: Path
) -> None:
    lift(config, tmp_path / "maps")
    assert "name: heatmap" in (tmp_path / "maps" / "config.yaml").read_text()
    points = attrs.evolve(scene.evidence(2), heatmaps=None, cell_to_pixel=None)
    points.write(tmp_path / "points.safetensors")
    lift(attrs.evolve(config, evidence=(tmp_path / "points.safetensors",)), tmp_path / "points")
    assert "name: reprojection" in (tmp_path / "points" / "config.yaml").read_text()


def test_paths_in_the_saved_configuration_hold_from_any_folder(
    config: LiftConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prior.safetensors").write_bytes(Path(config.prior).read_bytes())
    relative = attrs.evolve(config, evidence=(Path("seen.safetensors"),), prior="prior.safetensors")
    lift(relative, Path("out"))
    saved = Path("out/config.yaml").read_text()
    assert str(tmp_path / "seen.safetensors") in saved
    assert str(tmp_path / "prior.safetensors") in saved


def test_joints_in_3d_need_no_camera(config: LiftConfig, tmp_path: Path) -> None:
    Evidence(frame_rate=30.0, joints_3d=scene.person(2)).write(tmp_path / "joints.npz")
    joints = attrs.evolve(
        config, evidence=(tmp_path / "joints.npz",), energies=(choose(Energy, "joints-3d"),)
    )
    summary = lift(joints, tmp_path / "out")
    assert summary["reprojection_error_px"] == {"median": None, "p95": None}


def test_the_known_root_is_used_as_it_is(config: LiftConfig, tmp_path: Path) -> None:
    lift(attrs.evolve(config, root="known"), tmp_path / "out")
    root = load_file(tmp_path / "out" / "samples.safetensors")["root"]
    np.testing.assert_allclose(root, np.tile(scene.person(2)[:, 0], (3, 1, 1)), atol=1e-6)


def test_a_writer_that_fails_leaves_nothing(
    config: LiftConfig, tmp_path: Path, broken_writer: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    write = (choose(Writer, broken_writer),)
    with pytest.raises(UserError, match="The pen is empty"):
        lift(attrs.evolve(config, write=write), tmp_path / "new" / "deep" / "out")
    assert sorted(tmp_path.rglob("*")) == before
    free = SampleConfig(
        prior=config.prior, sampler=choose(Sampler, QUICK), write=write, samples=2, device="cpu"
    )
    with pytest.raises(UserError, match="The pen is empty"):
        sample(free, tmp_path / "out")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_writer_that_fails_keeps_the_empty_folder_it_was_given(
    config: LiftConfig, tmp_path: Path, broken_writer: str
) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="The pen is empty"):
        lift(attrs.evolve(config, write=(choose(Writer, broken_writer),)), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_empty_folder_is_taken_and_a_full_one_is_refused(
    config: LiftConfig, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    lift(config, tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(UserError, match="exists already; name a new folder"):
        lift(config, tmp_path / "out")
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_an_output_that_cannot_be_is_refused_before_any_work(
    config: LiftConfig, tmp_path: Path
) -> None:
    absent = attrs.evolve(config, evidence=(tmp_path / "absent",))
    with pytest.raises(UserError, match=r"--out .* cannot be written: .*seen.safetensors is no"):
        lift(absent, config.evidence[0] / "below" / "out")


def _result(samples: Any, **changes: Any) -> Result:
    h, f = samples.shape[:2]
    fields = {
        "root": np.zeros((h, f, 3)),
        "energy": np.zeros((h, f)),
        "skeleton": H36M_17,
        "frame_rate": 30.0,
        "credit": "",
        "projected": np.zeros((h, f, 1, 2, 2)),
        "observed": np.zeros((f, 1, 2, 2)),
        "weights": np.ones((f, 1, 2)),
        "keypoint_names": ("hip", "head"),
    }
    return Result(samples=samples, **(fields | changes))


def test_the_spread_is_the_root_of_the_summed_variance_over_hypotheses() -> None:
    samples = np.zeros((2, 1, 17, 3))
    samples[0, :, 10] = [0.03, 0.04, 0.0]  # 25 mm either side of the mean
    summary = summarise(_result(samples), seconds=1.0, denoiser_calls=1)
    assert summary["spread_mm"]["head"] == 25.0
    assert summary["spread_mm"]["neck"] == 0.0


def test_the_reprojection_error_leaves_out_missing_keypoints() -> None:
    projected = np.zeros((2, 1, 1, 2, 2))
    projected[:, :, :, 0] = [3.0, 4.0]
    projected[:, :, :, 1] = [300.0, 400.0]
    weights = np.array([[[0.5, 0.0]]])
    result = _result(np.zeros((2, 1, 17, 3)), projected=projected, weights=weights)
    error = summarise(result, seconds=1.0, denoiser_calls=1)["reprojection_error_px"]
    assert error == {"median": 5.0, "p95": 5.0}


def test_evidence_of_3d_joints_alone_is_lifted_with_the_energy_for_them(
    tiny_prior: Path, tmp_path: Path
) -> None:
    standing = np.asarray(H36M_17.standing, np.float32)[None] + np.float32(1.0)
    Evidence(frame_rate=30.0, joints_3d=standing).write(tmp_path / "joints.safetensors")
    config = structure(
        {
            "evidence": [str(tmp_path / "joints.safetensors")],
            "prior": str(tiny_prior),
            "sampler": "guided-ddim",
            "samples": 2,
        },
        LiftConfig,
        "test",
    )
    summary = lift(config, tmp_path / "out")
    saved = read_yaml(tmp_path / "out" / "config.yaml")
    assert [energy["name"] for energy in saved["energies"]] == ["joints-3d"]
    assert summary["reprojection_error_px"] == {"median": None, "p95": None}
