"""The networks' weights, which Google publishes in the npm package @mediapipe/pose."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import attrs

from platypose.api import UserError
from platypose.files import write_atomically
from platypose.motion.download import Download, fetch

VERSION = "0.5.1675469404"
SHA256 = "8bb349a7b3a3ba699df23be804ddd3b3eab810b50b15406894be257859388a84"
SIZE = 40985403

DETECTION = "pose_detection.tflite"
MEMBERS = {
    # The packed assets are this one file.
    DETECTION: "package/pose_solution_packed_assets.data",
    "pose_landmark_heavy.tflite": "package/pose_landmark_heavy.tflite",
    "pose_landmark_full.tflite": "package/pose_landmark_full.tflite",
    "pose_landmark_lite.tflite": "package/pose_landmark_lite.tflite",
}
"""What each file is called in the package."""


@attrs.frozen(kw_only=True)
class Weights:
    """Files of the two networks: where people are, and where their keypoints are."""

    detection: Path
    landmarks: Path


def locate(model: str, folder: str = "") -> Weights:
    """The files, downloaded on first use into the user's cache.

    Arguments:
        model: heavy, full or lite.
        folder: where they are; empty for the cache.

    Raises:
        UserError: they are not in `folder`, or cannot be downloaded.
    """
    names = (DETECTION, f"pose_landmark_{model}.tflite")
    if folder:
        missing = [name for name in names if not (Path(folder) / name).is_file()]
        if missing:
            raise UserError(f"The folder {folder} has no {missing[0]}.")
    home = Path(folder) if folder else cache()
    if not all((home / name).is_file() for name in names):
        download(home)
    return Weights(detection=home / names[0], landmarks=home / names[1])


def cache() -> Path:
    """The folder of this version's weights in the user's cache."""
    import pooch

    return Path(pooch.os_cache("platypose")) / f"blazepose-{VERSION}"


def download(folder: Path) -> None:
    """Download the package, check it, and keep the networks alone.

    Raises:
        UserError: it cannot be had, or is not what was published.
    """
    url = f"{registry().rstrip('/')}/@mediapipe/pose/-/pose-{VERSION}.tgz"
    print(f"Downloading the weights of BlazePose, {SIZE / 1e6:.0f} MB, from {url}", file=sys.stderr)
    archive = fetch(
        Download(url=url, filename=f"pose-{VERSION}.tgz", size=SIZE, sha256=SHA256), folder
    )
    with tarfile.open(archive) as package:
        for name, member in MEMBERS.items():
            source = package.extractfile(member)
            assert source is not None, "the checksum says that the member is there"
            with write_atomically(folder / name) as file:
                shutil.copyfileobj(source, file)
    archive.unlink()


def registry() -> str:
    """The npm registry that this machine uses."""
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        if os.environ.get(name):
            return os.environ[name]
    if npm := shutil.which("npm"):
        with tempfile.TemporaryDirectory() as nowhere:
            told = subprocess.run(
                [npm, "config", "get", "registry"],
                cwd=nowhere,  # a project's own settings are not the machine's
                capture_output=True,
                text=True,
                check=False,
            )
        if told.returncode == 0 and told.stdout.strip().startswith("http"):
            return told.stdout.strip()
    return "https://registry.npmjs.org/"
