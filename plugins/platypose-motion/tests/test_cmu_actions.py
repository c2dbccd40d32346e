"""cmu-actions.npz, written from a walker whose trial is known as BVH too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from platypose_motion import cgspeed, cmu_actions
from platypose_motion.axes import z_up
from platypose_motion.bvh import forward_kinematics, parse
from platypose_motion.pose_joints import ACCLAIM, ACCLAIM_TOES, combine

from platypose.api import UserError

Array = np.ndarray[Any, Any]
Write = Callable[..., str]
FRAMES = 61


@pytest.fixture
def walker(trial: Write, column: Callable[[str], int]) -> str:
    """Walks and bends the back evenly, as the Acclaim skeletons do."""

    def bend(walk: Array) -> None:
        for joint in ("LowerBack", "Spine", "Spine1"):
            walk[:, column(joint) + 2] = 8 * np.sin(np.arange(len(walk)) / 20)

    return trial(FRAMES, bend)


def written(path: Path, text: str, names: tuple[str, ...], **changes: Any) -> Path:
    """The file as published: whole millimetres from the hips, without the lost bones."""
    bvh = parse(text, "walker.bvh")
    places = z_up(forward_kinematics(bvh)) * cgspeed.UNIT * 1000
    relative = np.round(places - places[:, :1]).astype(np.int16)
    arrays: dict[str, Any] = {
        "positions_mm": np.concatenate([relative] * len(names)),
        "joint_names": np.array([joint.name.replace(" ", "") for joint in bvh.joints]),
        "sequence_names": np.array(names),
        "sequence_lengths": np.array([len(relative)] * len(names)),
        "frame_rate_hz": np.float32(120),
    }
    np.savez_compressed(path, **{**arrays, **changes})
    return path


@pytest.fixture
def file(tmp_path: Path, walker: str) -> Path:
    names = ("test/walking/walking_1", "train/basketball_signal/basketball_signal_12")
    return written(tmp_path / "cmu-actions.npz", walker, names)


def test_joints_are_those_of_the_same_trial_as_bvh(file: Path, walker: str) -> None:
    recording = cmu_actions.read(cmu_actions.trials(file)[1])
    bvh = parse(walker, "walker.bvh")
    ends = {bone: z_up(place) for bone, place in cgspeed.acclaim_ends(bvh).items()}
    expected = combine(ends, ACCLAIM)
    hip = expected[:, :1]
    # Whole millimetres, and a thorax that is found from positions alone.
    np.testing.assert_allclose(
        recording.positions - recording.positions[:, :1], expected - hip, atol=6e-3
    )
    toes = np.stack([ends[name] for name in ACCLAIM_TOES], axis=1)
    assert recording.toes is not None
    np.testing.assert_allclose(recording.toes - recording.positions[:, :1], toes - hip, atol=6e-3)


def test_positions_are_known_to_be_relative(file: Path) -> None:
    recording = cmu_actions.read(cmu_actions.trials(file)[0])
    assert not recording.absolute
    assert recording.frame_rate == 120
    assert len(recording.positions) == FRAMES


def test_trials_keep_the_split_and_name_no_person(file: Path) -> None:
    trials = cmu_actions.trials(file)
    assert [trial.name for trial in trials] == [
        "actions/test/walking/walking_1",
        "actions/train/basketball_signal/basketball_signal_12",
    ]
    assert [trial.split for trial in trials] == ["test", "train"]
    assert [trial.action for trial in trials] == ["walking", "basketball signal"]
    assert len({trial.subject for trial in trials}) == 2, "nobody is in both splits"


def test_the_file_is_known_by_what_it_holds(file: Path, tmp_path: Path) -> None:
    assert cmu_actions.is_cmu_actions(file.rename(tmp_path / "renamed"))
    other = tmp_path / "other.npz"
    np.savez(other, positions_mm=np.zeros(3))
    (tmp_path / "text.npz").write_text("no archive")
    for path in (other, tmp_path / "text.npz", tmp_path, tmp_path / "missing.npz"):
        assert not cmu_actions.is_cmu_actions(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"joint_names": np.array([f"joint {index}" for index in range(38)])}, "no joint Head"),
        ({"sequence_lengths": np.array([FRAMES - 1])}, "do not fit"),
    ],
)
def test_a_damaged_file_is_one_sentence(
    tmp_path: Path, trial: Write, changes: dict[str, Any], message: str
) -> None:
    path = written(tmp_path / "a.npz", trial(FRAMES), ("train/walking/walking_1",), **changes)
    with pytest.raises(UserError, match=message):
        cmu_actions.trials(path)
