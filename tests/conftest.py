"""What tests of several folders share: wheels in a clean environment, and a tiny prior."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="session")
def build_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where wheels and environment are made: a new folder, `PLATYPOSE_TEST_BUILD` to keep it."""
    kept = os.environ.get("PLATYPOSE_TEST_BUILD")
    if kept is None:
        return tmp_path_factory.mktemp("build")
    folder = ROOT / kept
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="session")
def wheels(build_folder: Path) -> dict[str, Path]:
    """The wheel of each distribution, by the distribution's name."""
    plugins = (path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
    folder = build_folder / "wheels"
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation")
    example = ROOT / "examples" / "third-party-energy"
    _run(*pip, "--wheel-dir", folder, ROOT, *plugins, example)
    return {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}


@pytest.fixture(scope="session")
def clean_environment(build_folder: Path, wheels: dict[str, Path]) -> Path:
    """The `bin` folder of a virtual environment with those wheels and what they need, no more."""
    environment = build_folder / "environment"
    _run(sys.executable, "-m", "venv", environment)
    pip = (environment / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile")
    _run(*pip, "-c", ROOT / "constraints.txt", *wheels.values())
    return environment / "bin"


@pytest.fixture(scope="session")
def people() -> Iterator[ModuleType]:
    """The module of the data set "people", registered in this process, importable in others."""
    from platypose.api.kinds.dataset import KIND
    from platypose.registry import plugins

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tests" / "motion" / "people")
        module = importlib.import_module("made_up_people")
        registry = plugins().registry(KIND)
        registry.register("people", module.PeopleConfig, module.build, "Made-up people.")
        yield module
        registry.entries.remove(registry.find("people"))


@pytest.fixture(scope="session")
def tiny_motion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motion set of people who sway: two clips to train on, one held out."""
    import numpy as np

    from platypose.motion import Clip, MotionSet
    from platypose.skeleton import H36M_17

    names, frames = ("01_01", "02_01", "05_01"), (40, 24, 30)
    random = np.random.default_rng(0)
    standing = np.array(H36M_17.standing)
    pieces = []
    for length in frames:
        time = np.arange(length)[:, None, None] / 30
        sway = 0.1 * np.sin(2 * time + random.uniform(0, 6, standing.shape))
        pieces.append(standing + sway + [0.3, 0.1, 0.95] + [0.2, 0, 0] * time)
    starts = np.cumsum([0, *frames[:-1]])
    motion = MotionSet(
        positions=np.concatenate(pieces).astype(np.float32),
        clips=tuple(
            Clip(
                name=name,
                subject=name[:2],
                split="test" if name == "05_01" else "train",
                start=int(start),
                frames=length,
            )
            for name, start, length in zip(names, starts, frames)
        ),
        skeleton="h36m-17",
        frame_rate=30.0,
        credit="Nobody was recorded.",
        source="made up",
    )
    path = tmp_path_factory.mktemp("motion") / "swaying.safetensors"
    motion.write(path)
    return path


@pytest.fixture(scope="session")
def tiny_prior(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a tiny network with random weights."""
    import torch

    from platypose.api import BuildContext, Denoiser, Schedule
    from platypose.api.kinds.denoiser import KIND as DENOISER
    from platypose.api.kinds.schedule import KIND as SCHEDULE
    from platypose.checkpoint import Header
    from platypose.checkpoint.prior import describe, save_prior
    from platypose.config import choose
    from platypose.registry import plugins
    from platypose.skeleton import H36M_17

    denoiser = choose(Denoiser, "mdm:layers=1,width=16,heads=2,feed_forward=16")
    context = BuildContext(
        skeleton=H36M_17,
        device=torch.device("cpu"),
        dtype=torch.float32,
        generator=torch.Generator().manual_seed(0),
    )
    network = plugins().registry(DENOISER).build(denoiser, context)
    header = Header(
        components={
            "denoiser": describe(DENOISER, denoiser),
            "schedule": describe(SCHEDULE, choose(Schedule, "cosine")),
        },
        skeleton="h36m-17",
        scale=0.3,
        frame_rate=30.0,
        frames=1,
        step=0,
        seed=0,
        data=("made up",),
        credit="Nobody was recorded.",
        licence="MIT",
        ema=False,
        measures={},
        versions={},
    )
    path = tmp_path_factory.mktemp("prior") / "tiny.safetensors"
    save_prior(path, network.state_dict(), header)
    return path
