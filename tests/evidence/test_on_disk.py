"""Heatmaps that stay on the disk."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import attrs
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from platypose import Evidence
from platypose.api import UserError
from platypose.evidence import Detections, Track
from platypose.evidence.compose import evidence_of
from platypose.mapped import mapped_arrays, pieces, release, zeros_on_disk
from platypose.testing import scene

FRAMES = 200


def test_reading_evidence_does_not_read_its_heatmaps(tmp_path: Path) -> None:
    seen = scene.evidence(FRAMES)
    assert seen.heatmaps is not None
    whole = np.asarray(255 * seen.heatmaps / seen.heatmaps.max(), np.uint8)
    attrs.evolve(seen, heatmaps=whole).write(tmp_path / "seen.safetensors")
    tracemalloc.start()
    again = Evidence.read(tmp_path / "seen.safetensors")
    some = again.at(np.arange(50, 54))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert again.heatmaps is not None and some.heatmaps is not None
    assert peak < whole.nbytes / 4
    np.testing.assert_array_equal(again.heatmaps, whole)
    np.testing.assert_array_equal(some.heatmaps, whole[50:54])
    assert some.heatmaps.flags.writeable and not again.heatmaps.flags.writeable


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float32", "float64", "bool"])
def test_arrays_on_the_disk_are_those_that_safetensors_reads(tmp_path: Path, dtype: str) -> None:
    arrays = {"a": np.arange(12).reshape(3, 4).astype(dtype), "none": np.zeros((0, 2), dtype)}
    save_file(arrays, tmp_path / "x.safetensors", metadata={"note": "ü"})
    expected, found = (
        load_file(tmp_path / "x.safetensors"),
        mapped_arrays(tmp_path / "x.safetensors"),
    )
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_what_was_let_go_of_is_read_again() -> None:
    array = zeros_on_disk((4, 3), np.float32)
    array[2] = 7.0
    release(array)
    np.testing.assert_array_equal(array, [[0] * 3, [0] * 3, [7] * 3, [0] * 3])
    assert [(start, len(piece)) for start, piece in pieces(array)] == [(0, 4)]


def test_a_negative_score_far_into_the_heatmaps_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platypose.mapped.PIECE", 1)  # one frame at a time
    seen = scene.evidence(4)
    assert seen.heatmaps is not None
    wrong = seen.heatmaps.astype(np.float32)
    wrong[3, 0, 0, 0, 0] = -1
    with pytest.raises(UserError, match="heatmaps has scores below 0"):
        attrs.evolve(seen, heatmaps=wrong)
    wrong[3, 0, 0, 0, 0] = np.nan
    with pytest.raises(UserError, match=r"heatmaps is NaN or infinite at \(3, 0, 0, 0, 0\)"):
        attrs.evolve(seen, heatmaps=wrong)


@pytest.mark.parametrize("frames", [[0, 1, 2, 3], [0, 1, 5, 6]])
def test_heatmaps_of_a_track_stand_in_their_frames(frames: list[int]) -> None:
    seen = scene.evidence(4)
    assert seen.heatmaps is not None and seen.cell_to_pixel is not None
    assert seen.keypoints is not None
    person = Track(
        name="0",
        frames=np.array(frames),
        keypoints=seen.keypoints[:, 0],
        confidence=np.ones(seen.keypoints[:, 0, :, 0].shape),
        heatmaps=seen.heatmaps[:, 0],
        cell_to_pixel=seen.cell_to_pixel[:, 0],
    )
    video = Detections(
        keypoint_set=seen.keypoint_set,
        keypoint_names=seen.keypoint_names,
        num_frames=8,
        frame_rate=30.0,
        people=(person,),
    )
    evidence = evidence_of([video], seen.cameras[:1], [person])
    assert evidence.heatmaps is not None and evidence.num_frames == frames[-1] + 1
    np.testing.assert_array_equal(evidence.heatmaps[frames, 0], seen.heatmaps[:, 0])
    missing = sorted(set(range(frames[-1])) - set(frames))
    assert not evidence.heatmaps[missing].any()
