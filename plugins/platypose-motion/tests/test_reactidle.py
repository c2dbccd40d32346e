from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from platypose_motion.reactidle import ReactIdle

from platypose.api import Dataset, Trial, UserError
from platypose.skeleton import H36M_17

Write = Callable[..., str]
JOINT = {name: index for index, name in enumerate(H36M_17.joints)}
IDLE = ReactIdle()


def _trials(path: Path, **texts: str) -> dict[str, Trial]:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"{name.lstrip('_')}.bvh", text)
    return {trial.name: trial for trial in IDLE.trials([path])}


def test_one_person_acted_and_genuine_is_held_out(tmp_path: Path, reactidle: Write) -> None:
    assert isinstance(IDLE, Dataset)
    assert pickle.loads(pickle.dumps(IDLE)) == IDLE
    text = reactidle(frames=2)
    trials = _trials(
        tmp_path / "a.zip", _001_acted=text, _012_acted=text, _012_genuine=text, _015_genuine=text
    )
    assert {name: trial.split for name, trial in trials.items()} == {
        "001_acted": "train",
        "012_acted": "test",
        "012_genuine": "test",
        "015_genuine": "train",
    }
    assert (trials["012_genuine"].subject, trials["012_genuine"].action) == ("012", "genuine")


def test_offsets_that_channels_repeat_count_once(tmp_path: Path, reactidle: Write) -> None:
    trial = _trials(tmp_path / "a.zip", _001_acted=reactidle())["001_acted"]
    recording = IDLE.read(trial)
    assert recording.frame_rate == 24.0
    pose = recording.positions
    # The same proportions as in the file, whatever the size.
    thigh = np.linalg.norm(pose[0, JOINT["left_knee"]] - pose[0, JOINT["left_hip"]])
    arm = np.linalg.norm(pose[0, JOINT["left_elbow"]] - pose[0, JOINT["left_shoulder"]])
    hips = np.linalg.norm(pose[0, JOINT["left_hip"]] - pose[0, JOINT["right_hip"]])
    assert arm / thigh == pytest.approx(0.252369 / 0.331026, abs=1e-4)
    assert hips / thigh == pytest.approx(2 * 0.096594 / 0.331026, abs=1e-4)
    # The root's position adds to its offset, so the feet are at the floor.
    ankles = pose[:, [JOINT["left_foot"], JOINT["right_foot"]], 2]
    assert (ankles > 0.03).all()
    assert (ankles < 0.12).all()
    assert (pose[:, JOINT["left_wrist"], 1] > 0.4).all()
    sway = pose[:, JOINT["hip"], 1]
    assert sway.argmax() == 12
    assert recording.toes is not None
    assert (recording.toes[..., 0] > 0.1).all()


def test_every_person_has_the_size_of_an_adult(tmp_path: Path, reactidle: Write) -> None:
    trials = _trials(
        tmp_path / "a.zip", _001_acted=reactidle(size=0.8), _002_acted=reactidle(size=1.1)
    )
    small, large = (IDLE.read(trial) for trial in trials.values())
    np.testing.assert_allclose(small.positions, large.positions, atol=1e-5)
    legs = np.linalg.norm(np.diff(small.positions[0, [4, 5, 6]], axis=0), axis=-1).sum()
    assert 0.75 < legs < 0.95


def test_another_skeleton_and_a_strange_source_are_one_sentence(
    tmp_path: Path, reactidle: Write, trial: Write
) -> None:
    other = _trials(tmp_path / "a.zip", _001_acted=trial(3))["001_acted"]
    with pytest.raises(UserError, match=r"001_acted\.bvh has no joint .*thigh\.L"):
        IDLE.read(other)
    cut = _trials(tmp_path / "b.zip", _001_acted=reactidle()[:-40])["001_acted"]
    with pytest.raises(UserError, match=r"001_acted\.bvh, line \d+: a frame has \d+ values"):
        IDLE.read(cut)
    with pytest.raises(UserError, match=r"c\.zip holds no ReActIdle recording, such as 001_acted"):
        _trials(tmp_path / "c.zip", walk=reactidle())
