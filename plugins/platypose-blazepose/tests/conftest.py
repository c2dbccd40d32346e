"""The networks and a real video, from the package indices that the machine is set to."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

DOWNLOADS = Path(__file__).parents[3] / "build" / "downloads"
"""Kept from run to run, and not in the repository."""

POSE2SIM = "pose2sim-0.8.4-py3-none-any.whl"
TRIAL = "Pose2Sim/S00_Demo_BatchSession/S00_P00_SingleParticipant/S00_P00_T01_BalancingTrial/videos"


@pytest.fixture(scope="session")
def weights() -> str:
    """A folder with the networks, 41 MB."""
    from platypose_blazepose.weights import MEMBERS, download

    from platypose.api import UserError

    folder = DOWNLOADS / "blazepose"
    if not all((folder / name).is_file() for name in MEMBERS):
        try:
            download(folder)
        except UserError as error:
            pytest.skip(f"no npm registry can be reached: {error}")
    return str(folder)


@pytest.fixture(scope="session")
def videos() -> list[Path]:
    """Four cameras' views of a person who balances: Pose2Sim's demo, BSD-3-Clause, 41 MB."""
    wheel = DOWNLOADS / POSE2SIM
    if not wheel.is_file():
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(DOWNLOADS)]
        done = subprocess.run(
            [*pip, "pose2sim==0.8.4"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"no package index can be reached: {done.stderr.strip()[-300:]}")
    found = [DOWNLOADS / f"cam0{camera}.mp4" for camera in range(1, 5)]
    with zipfile.ZipFile(wheel) as archive:
        for path in found:
            if not path.is_file():
                path.write_bytes(archive.read(f"{TRIAL}/{path.name}"))
    return found
