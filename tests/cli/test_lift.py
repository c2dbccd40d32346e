from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import yaml

from platypose import Evidence
from platypose.api import Config, field
from platypose.api.kinds.reader import KIND as READER
from platypose.evidence import Detections, Track
from platypose.evidence.camera_file import write_cameras
from platypose.registry import plugins, use
from platypose.testing import scene

QUICK = "guided-ddim:levels=ddim3,skip=0,substeps=1"
EXAMPLE = Path(__file__).parents[2] / "examples" / "data" / "balancing.safetensors"


@pytest.fixture
def quick(tiny_prior: Path) -> tuple[str, ...]:
    words = ("--prior", str(tiny_prior), "--sampler", QUICK, "--samples", "3", "--device", "cpu")
    return (*words, "--write", "none")


def test_a_lift_ends_with_a_table_and_a_folder(
    run: Callable[..., Any], seen: Path, quick: tuple[str, ...], tmp_path: Path
) -> None:
    done = run("lift", seen, "--out", tmp_path / "out", *quick)
    assert done.code == 0, done.err
    for words in ("frames", "hypotheses", "re-projection", "median", "spread, mm", "3 calls"):
        assert words in done.out
    assert done.out.strip().endswith(f"Wrote {tmp_path / 'out'}")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"samples.safetensors", "summary.json", "config.yaml"}


def test_json_is_the_summary_and_nothing_else(
    run: Callable[..., Any], seen: Path, quick: tuple[str, ...], tmp_path: Path
) -> None:
    done = run("lift", seen, "--out", tmp_path / "out", "--json", *quick)
    summary = json.loads(done.out)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert set(summary) == {
        *("frames", "hypotheses", "seconds", "denoiser_calls"),
        *("reprojection_error_px", "noise", "spread_mm", "root_spread_mm"),
        *("floor", "first_frame", "cameras", "guessed_cameras", "effective_samples"),
    }
    assert set(summary["reprojection_error_px"]) == {"median", "p95"}


def test_open_writes_the_page_and_opens_it(
    run: Callable[..., Any],
    seen: Path,
    quick: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    done = run("lift", seen, "--out", tmp_path / "out", "--open", "--json", *quick)
    assert json.loads(done.out)["hypotheses"] == 3
    assert opened == [(tmp_path / "out" / "view.html").as_uri()]


def test_the_saved_configuration_repeats_the_run_bit_for_bit(
    run: Callable[..., Any], seen: Path, quick: tuple[str, ...], tmp_path: Path
) -> None:
    words = ("--energy", "reprojection:sigma=3", "--energy", "bone-length:scale=0.1")
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    assert run("lift", seen, "--out", first, "--seed", "7", *words, *quick).code == 0
    saved = first / "config.yaml"
    assert run("lift", "--config", saved, "--out", again).code == 0
    assert run("lift", "--config", saved, "--out", other, "--set", "seed=8").code == 0
    samples = [(path / "samples.safetensors").read_bytes() for path in (first, again, other)]
    assert samples[0] == samples[1] != samples[2]
    assert (again / "config.yaml").read_text() == saved.read_text()
    content = yaml.safe_load(saved.read_text())
    assert content["seed"] == 7 and content["evidence"] == [str(seen)]
    names = [(energy["name"], energy["scale"]) for energy in content["energies"]]
    assert names == [("reprojection", 1.0), ("bone-length", 0.1)]


def test_an_option_overrides_the_file_and_set_overrides_both(
    run: Callable[..., Any], seen: Path, quick: tuple[str, ...], tmp_path: Path
) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(f"evidence: {seen}\nsamples: 9\nseed: 1\nenergies: [reprojection]\n")
    done = run(
        *("lift", "--config", config, "--out", tmp_path / "out", *quick),
        *("--seed", "2", "--set", "samples=2", "--set", "energies.0.sigma=9"),
    )
    assert done.code == 0, done.err
    content = yaml.safe_load((tmp_path / "out" / "config.yaml").read_text())
    assert (content["samples"], content["seed"]) == (2, 2)
    assert content["energies"][0]["sigma"] == 9.0


@attrs.frozen(kw_only=True)
class _PointsConfig(Config):
    frames: int = field(1, doc="How many.")


class _Points:
    def __init__(self, config: _PointsConfig, context: object) -> None:
        self.frames = config.frames

    def recognises(self, path: Path) -> bool:
        return False

    def read(self, path: Path) -> Evidence:
        assert path.read_text() == "foreign"
        return scene.evidence(self.frames)


@pytest.fixture
def foreign() -> Iterator[str]:
    plugins().registry(READER).register("points", _PointsConfig, _Points)
    yield "points"
    use(None)


def test_a_reader_of_a_foreign_format_gives_the_evidence(
    run: Callable[..., Any], foreign: str, quick: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "points.txt").write_text("foreign")
    words = ("lift", tmp_path / "points.txt", "--format", f"{foreign}:frames=3")
    done = run(*words, "--out", tmp_path / "out", "--json", *quick)
    assert done.code == 0, done.err
    assert json.loads(done.out)["frames"] == 3


def test_pictures_come_by_default(
    run: Callable[..., Any], seen: Path, quick: tuple[str, ...], tmp_path: Path
) -> None:
    done = run("lift", seen, "--out", tmp_path / "out", *quick[:-2])
    assert done.code == 0, done.err
    pictures = {path.name for path in (tmp_path / "out").glob("*.png")}
    assert {"overlay.png", "poses.png"} <= pictures


def test_the_shipped_prior_lifts_the_shipped_heatmaps(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    words = ("--prior", "pose-17", "--samples", "2", "--write", "none", "--device", "cpu")
    done = run("lift", EXAMPLE, "--out", tmp_path / "out", "--json", *words)
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert (summary["frames"], summary["hypotheses"], summary["denoiser_calls"]) == (60, 2, 8)
    # The median length of Gaussian errors with the deviation of the heatmaps' blobs, 19 px.
    assert summary["reprojection_error_px"]["median"] == pytest.approx(1.18 * 19, rel=0.25)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder with what a detector saw in two videos, left and right, and their cameras.json."""
    known = scene.evidence(2)
    assert known.keypoints is not None and known.confidence is not None
    for view, name in enumerate(("left", "right")):
        person = Track(
            name="0",
            frames=np.arange(2),
            keypoints=known.keypoints[:, view],
            confidence=known.confidence[:, view],
        )
        Detections(
            keypoint_set=known.keypoint_set,
            keypoint_names=known.keypoint_names,
            num_frames=2,
            people=(person,),
        ).write(tmp_path / name)
    write_cameras(known.cameras, tmp_path / "cameras.json")
    return tmp_path


def test_two_videos_and_their_cameras_are_lifted_and_lifted_again(
    run: Callable[..., Any], videos: Path, quick: tuple[str, ...]
) -> None:
    words = ("--camera", videos / "cameras.json", "--view", "camera 1", "--view", "camera 0")
    done = run(
        *("lift", videos / "right", videos / "left", *words, "--out", videos / "first", *quick),
        *("--frame-rate", "30", "--image-size", "1000x1000", "--person", "0"),
    )
    assert done.code == 0, done.err
    assert "guess" not in done.err
    saved = videos / "first" / "config.yaml"
    assert run("lift", "--config", saved, "--out", videos / "again").code == 0
    first, again = (
        (videos / name / "samples.safetensors").read_bytes() for name in ("first", "again")
    )
    assert first == again


def test_a_video_without_a_camera_is_lifted_with_a_guess_that_is_said(
    run: Callable[..., Any], videos: Path, quick: tuple[str, ...]
) -> None:
    words = ("--frame-rate", "30", "--image-size", "1000x1000", "--person", "all")
    done = run("lift", videos / "left", "--out", videos / "out", *words, *quick)
    assert done.code == 0, done.err
    assert "Person 0" in done.out and "The camera is a guess" in done.err
    assert (videos / "out" / "person-0" / "samples.safetensors").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give --image-size"),
        (("--image-size", "big"), "--image-size big must be WIDTHxHEIGHT"),
        (("--image-size", "9x9"), "give --frame-rate"),
        (("--fov", "200"), "fov is 200.0 but needs an angle from 1 to 170"),
        (("--camera-format", "colmap"), "--camera-format is for a camera file"),
        (("--camera", "x", "--camera-format", "colmap:up=[0,0,0]"), "up is .* not all 0"),
        (("--camera", "x", "--camera-format", "vicon"), "no camera format 'vicon'"),
        (("--image-size", "0x9"), "image_size is .* but needs two whole numbers above 0"),
    ],
)
def test_cameras_that_do_not_fit_are_one_sentence(
    words: tuple[str, ...], message: str, run: Callable[..., Any], videos: Path
) -> None:
    done = run("lift", videos / "left", "--out", videos / "out", *words)
    assert done.code == 2 and "Traceback" not in done.err
    assert re.search(message, done.err), done.err
    assert not (videos / "out").exists()
