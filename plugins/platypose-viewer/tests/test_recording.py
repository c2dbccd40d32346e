"""The Rerun recording, read back with Rerun's own reader."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from platypose_viewer.config import RerunConfig
from platypose_viewer.recording import Recording

from platypose.api import UserError

Scene = Callable[..., Any]


def column(path: Path, entity: str, name: str) -> list[Any]:
    """The values of a component, in the order of the frames."""
    chunk = pytest.importorskip("rerun.chunk")
    rows: dict[int, Any] = {}
    for piece in chunk.RrdReader(str(path)).stream():
        batch = piece.to_record_batch()
        (found,) = [n for n in batch.schema.names if n.endswith(name)] or [None]
        if piece.entity_path == entity and found is not None:
            frames = batch.column("frame").to_pylist()
            rows |= dict(zip(frames, batch.column(found).to_pylist()))
    return [rows[frame] for frame in sorted(rows)]


def test_joints_and_keypoints_are_read_back(scene: Scene, tmp_path: Path) -> None:
    pytest.importorskip("rerun")
    made = scene(frames=3, views=2)
    config = RerunConfig(hypotheses=2)
    (path,) = Recording(config=config).write(made.result, made.evidence, tmp_path)
    bones = np.array(made.result.skeleton.bones)
    drawn = np.array(column(path, "/world/hypotheses", "strips"))
    expected = made.result.joints[:2, :, bones].swapaxes(0, 1)
    np.testing.assert_allclose(drawn.reshape(expected.shape), expected, atol=1e-6)
    mean = np.array(column(path, "/world/mean", "strips"))
    expected = made.result.joints.mean(0)[:, bones]
    np.testing.assert_allclose(mean.reshape(expected.shape), expected, atol=1e-6)
    dots = np.array(column(path, "/world/cam1/keypoints", "positions"))
    np.testing.assert_allclose(dots, made.result.observed[:, 1], atol=1e-4)


def test_without_the_sdk_the_user_is_told(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(UserError, match=r"platypose-viewer\[rerun\]"):
        Recording(config=RerunConfig()).write(scene().result, None, tmp_path)
    assert not list(tmp_path.iterdir())
