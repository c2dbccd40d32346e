"""Several people before several cameras are told apart."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platypose.evidence import Camera, Detections, Track
from platypose.evidence.cameras import read_cameras
from platypose.evidence.matching import people_across
from platypose.evidence.reading import read_evidence

ROOT = Path(__file__).parents[2]
DOWNLOADS = ROOT / "build" / "downloads"
"""Kept from run to run, and not in the repository."""
DEMO = "Pose2Sim/S00_Demo_BatchSession"
TRIALS = {
    "balancing": "S00_P00_SingleParticipant/S00_P00_T01_BalancingTrial",
    "two": "S00_P01_MultiParticipants/S00_P01_T02_Participants1-2",
}


def _example() -> ModuleType:
    path = ROOT / "examples" / "several_people.py"
    spec = importlib.util.spec_from_file_location("several_people", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made = _example()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OpenPose's folders and the calibration of Pose2Sim's demo, BSD-3-Clause, 41 MB."""
    wheel = DOWNLOADS / "pose2sim-0.8.4-py3-none-any.whl"
    if not wheel.is_file():
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(DOWNLOADS)]
        done = subprocess.run([*pip, "pose2sim==0.8.4"], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no package index can be reached: {done.stderr.strip()[-300:]}")
    folder = tmp_path_factory.mktemp("pose2sim")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith("Calib.qca.txt") or any(f"{t}/pose/" in name for t in TRIALS.values()):
                archive.extract(name, folder)
    return folder / DEMO


def film(demo: Path, trial: str) -> tuple[list[Detections], tuple[Camera, ...]]:
    folders = sorted((demo / TRIALS[trial] / "pose").glob("cam*_json"))
    cameras = read_cameras(str(demo / "S00_Calibration" / "Calib.qca.txt"))
    return [view for view in map(read_evidence, folders) if isinstance(view, Detections)], cameras


def seen_by(person: tuple[Track | None, ...]) -> list[int]:
    """Frames in which each view shows somebody."""
    return [0 if track is None else len(track.frames) for track in person]


def test_who_watches_the_trial_is_in_two_views_and_who_balances_in_four(demo: Path) -> None:
    people = people_across(*film(demo, "balancing"))
    assert [(name, seen_by(person)) for name, person in people] == [
        ("0", [100, 100, 100, 100]),
        ("1", [100, 100, 0, 0]),
    ]


def test_two_participants_and_who_watches_are_three_people(demo: Path) -> None:
    views, cameras = film(demo, "two")
    # By size the second participant is second in the first view and, with few exceptions, in all.
    people = people_across(views, cameras)
    assert [seen_by(person) for _, person in people] == [
        [98, 100, 100, 100],
        [100, 100, 100, 100],
        [100, 100, 0, 0],
    ]


def test_a_tracker_s_mistakes_are_put_right_by_the_other_views(demo: Path) -> None:
    views, cameras = film(demo, "two")
    first, second, watching = views[0].people
    cut = 40
    exchanged = []
    for one, other, name in ((first, second, "a"), (second, first, "b")):
        early, late = one.frames < cut, other.frames >= cut + 35  # and nobody is seen in between
        parts = [(one, early), (other, late)]
        arrays: dict[str, Any] = {
            field: np.concatenate([getattr(track, field)[rows] for track, rows in parts])
            for field in ("frames", "keypoints", "confidence")
        }
        exchanged.append(Track(name=name, **arrays))
    views[0] = attrs.evolve(views[0], people=(*exchanged, watching))
    (_, balancing), (_, joined), (_, third) = people_across(views, cameras)
    for person, track in ((balancing, first), (joined, second), (third, watching)):
        kept = person[0]
        assert kept is not None
        rows = np.isin(track.frames, kept.frames)
        np.testing.assert_array_equal(kept.keypoints, track.keypoints[rows])
    assert [seen_by(person)[0] for person in (balancing, joined, third)] == [63, 65, 100]


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**6), number=st.integers(2, 3), cameras=st.integers(3, 4))
def test_everybody_is_found_in_any_arrangement(seed: int, number: int, cameras: int) -> None:
    scene = made.Scene(number, cameras, 5.0, exchanges=0.05, frames=20, seed=seed)
    people = people_across(scene.views, scene.cameras)
    assert scene.share_right([person for _, person in people]) > 0.7


def test_who_is_in_one_view_alone_is_kept_with_that_view() -> None:
    scene = made.Scene(2, 3, 5.0, frames=20, seed=1)
    views = [scene.views[0]]
    for view, truth in zip(scene.views[1:], scene.truth[1:]):
        others = [t for t in view.people if truth[int(t.frames[0]), t.keypoints[0].tobytes()] == 0]
        views.append(attrs.evolve(view, people=tuple(others)))
    people = [seen_by(person) for _, person in people_across(views, scene.cameras)]
    assert sorted(sum(frames > 5 for frames in person) for person in people if max(person) > 5) == [
        1,
        3,
    ]


def test_names_that_agree_are_kept_and_others_give_way_to_numbers() -> None:
    scene = made.Scene(2, 2, 3.0, exchanges=0.0, frames=10, seed=3)
    called = {"0": "ann", "1": "ben"}

    def named(view: Detections, names: dict[str, str]) -> Detections:
        people = [attrs.evolve(t, name=names[t.name]) for t in view.people if t.name in names]
        return attrs.evolve(view, people=tuple(people))

    views = [named(view, called) for view in scene.views]
    assert {name for name, _ in people_across(views, scene.cameras)} == {"ann", "ben"}
    views[1] = named(scene.views[1], {"0": "ben", "1": "ann"})
    assert [name for name, _ in people_across(views, scene.cameras)] == ["0", "1"]


def test_a_detector_s_name_joins_what_nobody_saw_together() -> None:
    scene = made.Scene(2, 2, 3.0, exchanges=0.0, frames=60, seed=3)
    views = []
    for view in scene.views:
        parts = []
        for track in (track for track in view.people if len(track.frames) > 30):
            rows = (track.frames < 12) | (track.frames > 48)
            arrays = {name: getattr(track, name)[rows] for name in ("frames", "keypoints")}
            parts.append(attrs.evolve(track, confidence=track.confidence[rows], **arrays))
        views.append(attrs.evolve(view, people=tuple(parts)))
    people = people_across(views, scene.cameras)
    assert len(people) == 2
    for _, person in people:
        for track in person:
            assert track is not None and track.frames[0] < 5 and track.frames[-1] > 55


def test_heatmaps_stay_with_their_frames() -> None:
    scene = made.Scene(2, 2, 3.0, exchanges=0.1, frames=10, seed=5)

    def marked(track: Track) -> Track:
        maps = np.zeros((len(track.frames), 17, 2, 2), np.uint8)
        maps[:] = track.frames[:, None, None, None]
        affine = np.broadcast_to(np.eye(2, 3), (len(track.frames), 1, 2, 3)).copy()
        return attrs.evolve(track, heatmaps=maps, cell_to_pixel=affine)

    views = [attrs.evolve(v, people=tuple(map(marked, v.people))) for v in scene.views]
    for _, person in people_across(views, scene.cameras):
        for track in person:
            if track is not None:
                assert track.heatmaps is not None
                np.testing.assert_array_equal(track.heatmaps[:, 0, 0, 0], track.frames)
