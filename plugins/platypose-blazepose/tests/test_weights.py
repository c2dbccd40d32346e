"""Where the networks come from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from platypose_blazepose.weights import locate, registry

from platypose.api import Detector, UserError
from platypose.api.kinds.detector import KIND
from platypose.compute import plain_context
from platypose.config import choose
from platypose.registry import plugins


def test_the_registry_is_the_one_that_the_machine_is_set_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("npm_config_registry", "https://npm.example.org/all/")
    assert registry() == "https://npm.example.org/all/"


def test_without_npm_it_is_the_public_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("npm_config_registry", raising=False)
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    monkeypatch.setenv("PATH", "")
    assert registry() == "https://registry.npmjs.org/"


def test_npm_itself_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("npm_config_registry", raising=False)
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho https://mirror.example.org/\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert subprocess.run(["npm"], check=True, capture_output=True).stdout
    assert registry() == "https://mirror.example.org/"


def test_a_folder_without_the_networks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no pose_detection\.tflite\.$"):
        locate("heavy", str(tmp_path))
    (tmp_path / "pose_detection.tflite").touch()
    with pytest.raises(UserError, match=r"has no pose_landmark_full\.tflite\.$"):
        locate("full", str(tmp_path))


def test_a_file_that_is_no_network(tmp_path: Path) -> None:
    for name in ("pose_detection", "pose_landmark_lite"):
        (tmp_path / f"{name}.tflite").write_bytes(b"not a network" * 100)
    chosen = choose(Detector, f"blazepose:model=lite,weights={tmp_path}")
    with pytest.raises(UserError, match=r"tflite is no model for LiteRT \(.*\)\.$"):
        plugins().registry(KIND).build(chosen, plain_context())
