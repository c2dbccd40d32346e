from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from platypose import Evidence
from platypose.api import UserError
from platypose.evidence import Camera
from platypose.testing import scene

EXAMPLE = Path(__file__).parents[2] / "examples" / "data" / "balancing.safetensors"
ARRAYS = [
    *("keypoints", "confidence", "covariance", "heatmaps", "cell_to_pixel"),
    *("joints_3d", "joints_3d_mask", "root"),
]


def _same(first: Evidence, second: Evidence) -> None:
    for name in ("frame_rate", "keypoint_set", "keypoint_names", "credit"):
        assert getattr(first, name) == getattr(second, name)
    for name in ARRAYS:
        one, other = getattr(first, name), getattr(second, name)
        assert (one is None) == (other is None), name
        if one is not None:
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    assert len(first.cameras) == len(second.cameras)
    for one, other in zip(first.cameras, second.cameras):
        assert attrs.asdict(one, value_serializer=_plain) == attrs.asdict(
            other, value_serializer=_plain
        )


def _plain(instance: object, attribute: object, value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 3),
    ending=st.sampled_from([".safetensors", ".npz"]),
    without=st.sets(st.sampled_from([name for name in ARRAYS if name != "keypoints"])),
    frame_rate=st.floats(0.1, 1000),
    credit=st.text(st.characters(exclude_categories=["Cs"])),
    dtype=st.sampled_from([np.float64, np.float32, np.float16, np.int32]),
)
def test_what_is_written_is_read_again(
    frames: int, ending: str, without: set[str], frame_rate: float, credit: str, dtype: type
) -> None:
    full = scene.evidence(frames)
    if "cell_to_pixel" in without:
        without = without | {"heatmaps"}
    changes: dict[str, Any] = dict.fromkeys(without)
    assert full.keypoints is not None
    evidence = attrs.evolve(
        full,
        frame_rate=frame_rate,
        credit=credit,
        keypoints=full.keypoints.astype(dtype),
        **changes,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"seen{ending}"
        evidence.write(path)
        _same(Evidence.read(path), evidence)
        assert [file.name for file in Path(folder).iterdir()] == [path.name]


def test_the_reader_looks_at_the_content_and_not_at_the_name(tmp_path: Path) -> None:
    scene.evidence(1).write(tmp_path / "seen.npz")
    renamed = (tmp_path / "seen.npz").rename(tmp_path / "seen.safetensors")
    _same(Evidence.read(renamed), scene.evidence(1))


def test_the_shipped_example_is_sixty_frames_of_heatmaps_of_one_camera() -> None:
    evidence = Evidence.read(EXAMPLE)
    assert evidence.num_frames == 60 and len(evidence.cameras) == 1
    assert evidence.keypoints is None and evidence.heatmaps is not None
    assert evidence.heatmaps.shape[:2] == (60, 1) and evidence.credit


@pytest.mark.parametrize("dtype", [np.float16, np.int64])
def test_any_type_of_number_serves_for_the_affine(dtype: type) -> None:
    full = scene.evidence(1)
    assert full.cell_to_pixel is not None
    attrs.evolve(full, cell_to_pixel=full.cell_to_pixel.astype(dtype))


def _set(name: str, index: Any, value: float) -> dict[str, Any]:
    array = np.array(getattr(scene.evidence(2), name))
    array[index] = value
    return {name: array}


def _short(name: str) -> dict[str, Any]:
    return {name: getattr(scene.evidence(2), name)[:1]}


FLAT = np.zeros((2, 2, 1, 2, 3))
NONE = dict.fromkeys(ARRAYS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame_rate": 0.0}, "frame rate must be a positive number, not 0.0"),
        ({"frame_rate": float("nan")}, "frame rate must be a positive number, not nan"),
        (NONE, "holds no keypoints, heatmaps or joints_3d"),
        ({**NONE, "keypoints": np.zeros((0, 2, 14, 2))}, "has no frames"),
        ({"keypoint_set": "coco"}, "no keypoint set 'coco'"),
        ({"keypoint_names": ("nose", "tail")}, "Keypoint 'tail' is not of the set 'body-25'"),
        ({"keypoint_names": ("neck", "neck")}, "names a keypoint twice"),
        ({"keypoint_names": ()}, "names none of them"),
        ({"cameras": ()}, "but no camera"),
        ({"cameras": scene.cameras()[:1]}, r"keypoints has shape \(2, 2, 14, 2\) but needs \(2, 1"),
        (_short("confidence"), r"confidence has shape \(1, 2, 14\) but needs \(2, 2, 14\)"),
        (_short("covariance"), "covariance has shape"),
        (_short("heatmaps"), r"heatmaps has shape \(1, .* but needs \(frames, cameras, keypoints"),
        (_short("cell_to_pixel"), "cell_to_pixel has shape"),
        (_short("joints_3d"), "joints_3d has shape"),
        (_short("joints_3d_mask"), "joints_3d_mask has shape"),
        (_short("root"), "root has shape"),
        (
            _set("keypoints", (1, 0, 3, 1), np.nan),
            r"NaN or infinite at \(1, 0, 3, 1\)",
        ),
        (_set("keypoints", (0, 1, 2, 0), -np.inf), r"keypoints is NaN or infinite at \(0, 1, 2, 0"),
        (_set("heatmaps", (0, 0, 0, 0, 0), np.nan), "heatmaps is NaN"),
        (_set("heatmaps", (0, 0, 0, 0, 0), -0.1), "scores below 0"),
        (_set("confidence", (0, 0, 0), 1.01), "confidence must lie between 0 and 1"),
        (_set("confidence", (0, 0, 0), -0.01), "confidence must lie between 0 and 1"),
        (_set("root", (0, 0), np.inf), "root is NaN or infinite"),
        ({"cell_to_pixel": None}, "heatmaps but no cell_to_pixel"),
        ({"cell_to_pixel": FLAT}, "maps a heatmap onto a line"),
        ({"heatmaps": np.zeros((2, 2, 14, 1, 9))}, r"heatmaps of \(1, 9\) cells are too small"),
        ({"heatmaps": np.zeros((2, 2, 14, 9))}, "heatmaps has shape"),
        ({"keypoints": np.full((2, 2, 14, 2), "x")}, "keypoints holds <U1, not numbers"),
        ({"joints_3d": np.zeros((2, 51))}, "joints_3d has shape"),
    ],
)
def test_parts_that_do_not_fit_are_one_sentence(changes: dict[str, Any], message: str) -> None:
    assert len(scene.evidence(2).keypoint_names) == 14
    with pytest.raises(UserError, match=message) as caught:
        attrs.evolve(scene.evidence(2), **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rotation": np.eye(2)}, r"rotation of camera 'camera 0' has shape \(2, 2\)"),
        ({"rotation": np.diag([1, 1, -1])}, "is no rotation matrix"),
        ({"rotation": 2 * np.eye(3)}, "is no rotation matrix"),
        ({"rotation": np.full((3, 3), np.nan)}, "rotation of camera 'camera 0' is NaN"),
        ({"translation": [0, 0]}, "translation of camera 'camera 0' has shape"),
        ({"image_size": (0, 9)}, r"two positive numbers, not \(0, 9\)"),
        ({"image_size": (9,)}, r"two positive numbers, not \(9,\)"),
        ({"parameters": [1, 2]}, "its parameters a mapping"),
        ({"projection": 3}, "must be a name"),
    ],
)
def test_a_camera_that_cannot_be_is_one_sentence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        attrs.evolve(scene.cameras()[0], **changes)


def test_a_rotation_as_calibrations_print_it_is_near_enough() -> None:
    camera = scene.cameras()[0]
    assert isinstance(attrs.evolve(camera, rotation=camera.rotation.round(4)), Camera)


def _header(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """The scene's file with another header."""
    from safetensors import safe_open

    scene.evidence(1).write(path)
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["platypose"])
    change(header)
    save_file(load_file(path), path, metadata={"platypose": json.dumps(header)})


def _stored(**metadata: str) -> Callable[[Path], None]:
    return lambda path: save_file({"keypoints": np.zeros((1, 1, 1, 2))}, path, metadata=metadata)


def _cut(path: Path) -> None:
    scene.evidence(1).write(path)
    path.write_bytes(path.read_bytes()[:-7])


def _npz_cut(path: Path) -> None:
    scene.evidence(1).write(path.with_suffix(".npz"))
    path.write_bytes(path.with_suffix(".npz").read_bytes()[:-700])


def _npz_scrambled(path: Path) -> None:
    scene.evidence(1).write(path.with_suffix(".npz"))
    content = bytearray(path.with_suffix(".npz").read_bytes())
    content[300:900] = b"\xff" * 600
    path.write_bytes(content)


def _zip_of_text(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("keypoints", "none")


def _pickled(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, keypoints=np.array([{"a": 1}], dtype=object))


def _extra_array(path: Path) -> None:
    scene.evidence(1).write(path)
    content = json.loads('{"kind": "evidence", "format": 1}')
    save_file({"keypoint": np.zeros(1)}, path, metadata={"platypose": json.dumps(content)})


def _bfloat16(path: Path) -> None:
    import torch
    from safetensors.torch import save_file as save_torch

    save_torch({"keypoints": torch.zeros(1, dtype=torch.bfloat16)}, path)


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "absent": (lambda p: None, "There is no file"),
    "a folder": (lambda p: p.mkdir(), "There is no file"),
    "empty": (lambda p: p.write_bytes(b""), "is no evidence file, or is damaged"),
    "text": (lambda p: p.write_text("x,y\n1,2\n" * 9), "is no evidence file, or is damaged"),
    "cut short": (_cut, "is no evidence file, or is damaged"),
    "npz cut short": (_npz_cut, "is no evidence file, or is damaged"),
    "npz scrambled": (_npz_scrambled, "is no evidence file, or is damaged"),
    "zip of text": (_zip_of_text, "its entry 'keypoints' is no array"),
    "pickled": (_pickled, "is no evidence file, or is damaged"),
    "bfloat16": (_bfloat16, "is no evidence file, or is damaged"),
    "no header": (_stored(), "has no entry 'platypose'"),
    "header no JSON": (_stored(platypose="{"), "a header that is no JSON"),
    "header a list": (_stored(platypose="[1]"), "holds something else, not evidence"),
    "another kind": (_stored(platypose='{"kind": "prior"}'), "holds prior, not evidence"),
    "newer": (lambda p: _header(p, lambda h: h.update(format=2)), "evidence format 2; .* reads 1"),
    "unknown array": (_extra_array, "holds an array 'keypoint'"),
    "no cameras": (lambda p: _header(p, lambda h: h.pop("cameras")), "header has no 'cameras'"),
    "no credit": (lambda p: _header(p, lambda h: h.pop("credit")), "header has no 'credit'"),
    "camera without size": (
        lambda p: _header(p, lambda h: h["cameras"][0].pop("image_size")),
        "Camera 'camera 0' has no 'image_size'",
    ),
    "camera with more": (
        lambda p: _header(p, lambda h: h["cameras"][0].update(lens="wide")),
        "Camera 'camera 0' has a field 'lens'",
    ),
    "cameras a number": (lambda p: _header(p, lambda h: h.update(cameras=3)), "malformed"),
    "camera a word": (lambda p: _header(p, lambda h: h.update(cameras=["c"])), "must be a mapping"),
    "rotation of words": (
        lambda p: _header(p, lambda h: h["cameras"][0].update(rotation="none")),
        "rotation of camera 'camera 0' must be a list of numbers",
    ),
    "frame rate a word": (lambda p: _header(p, lambda h: h.update(frame_rate="fast")), "malformed"),
    "set a list": (lambda p: _header(p, lambda h: h.update(keypoint_set=["a"])), "malformed"),
}


@pytest.mark.parametrize(("make", "message"), FILES.values(), ids=FILES.keys())
def test_a_wrong_file_is_one_sentence_that_names_it(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "seen.safetensors"
    make(path)
    with pytest.raises(UserError, match=message) as caught:
        Evidence.read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"seen\.npz cannot be written"):
        scene.evidence(1).write(tmp_path / "absent" / "seen.npz")
