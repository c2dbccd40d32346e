"""Every data set of this distribution says how its files are had."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from platypose_motion.plugin import platypose_datasets
from typer.testing import CliRunner

from platypose.api import Dataset
from platypose.api.kinds.dataset import KIND
from platypose.cli import main
from platypose.cli.app import build_app
from platypose.compute import plain_context
from platypose.config import choose
from platypose.motion.download import Obtainable
from platypose.registry import plugins
from platypose.skeleton import H36M_17

OWN_FILES = {"bvh", "c3d"}
LICENSED = {"h36m", "3dhp", "3dpw", "amass"}
NAMES = {spec.name for spec in platypose_datasets()} - OWN_FILES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_it_says_where_its_files_are(name: str) -> None:
    dataset = plugins().registry(KIND).build(choose(Dataset, name), plain_context())
    assert isinstance(dataset, Obtainable)
    how = dataset.obtaining()
    # Nobody knows where ReActIdle will be tomorrow; its authors are named.
    assert "http" in how.instructions or "RSAIT" in how.instructions
    assert all(item.url.startswith("http") for item in how.downloads)
    if name in LICENSED:
        assert not how.downloads


def test_cmu_comes_from_its_own_archive() -> None:
    dataset = plugins().registry(KIND).build(choose(Dataset, "cmu"), plain_context())
    assert isinstance(dataset, Obtainable)
    (item,) = dataset.obtaining().downloads
    assert item.url == "http://mocap.cs.cmu.edu/allasfamc.zip"


def test_the_command_prints_whom_to_ask() -> None:
    result = CliRunner().invoke(build_app(), ["data", "download", "h36m"])
    assert result.exit_code == 0
    assert "http://vision.imar.ro/human3.6m" in result.output
    assert "data_3d_h36m.npz" in result.output
    assert "Licence: For academic research" in result.output
    assert "platypose data download h36m --check FOLDER" in result.output


def test_check_names_what_is_there_and_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    joints = np.zeros((60, 32, 3), "float32")
    kept = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
    joints[:, kept] = np.array(H36M_17.standing)
    subjects = ("S1", "S5", "S6", "S7", "S8", "S9")
    positions = {subject: {"Walking": joints} for subject in subjects}
    np.savez_compressed(tmp_path / "data_3d_h36m.npz", positions_3d=positions)
    monkeypatch.setattr(
        sys, "argv", ["platypose", "data", "download", "h36m", "--check", str(tmp_path)]
    )
    with pytest.raises(SystemExit) as stop:
        main()
    output = capsys.readouterr()
    assert stop.value.code == 2
    assert "holds 6 recordings of h36m: 5 train, 1 test." in output.out
    assert "S9/Walking: 60 frames at 50 Hz, sound." in output.out
    assert "lacks S11/ of what is published" in output.err
