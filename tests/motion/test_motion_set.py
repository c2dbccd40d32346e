from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from platypose.api import UserError
from platypose.motion import Clip, MotionSet, bone_lengths


def _motion() -> MotionSet:
    rng = np.random.default_rng(0)
    return MotionSet(
        positions=rng.standard_normal((12, 3, 3)).astype(np.float32),
        clips=(
            Clip(name="01_01", subject="01", split="train", start=0, frames=5),
            Clip(
                name="05_01",
                subject="05",
                split="test",
                start=5,
                frames=3,
                action="leap",
                absolute=False,
            ),
            Clip(name="02_01", subject="02", split="train", start=8, frames=4),
        ),
        skeleton="three joints",
        frame_rate=30.0,
        credit="Recorded by somebody; thanks, Zoë.",
        source="made up",
        licence="Free for every use.",
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = _motion()
    written.write(tmp_path / "a.safetensors")
    read = MotionSet.read(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(read.positions, written.positions)
    everything_else = [field.name for field in attrs.fields(MotionSet) if field.name != "positions"]
    assert len(everything_else) == 6
    for name in everything_else:
        assert getattr(read, name) == getattr(written, name)


def test_the_header_is_json_under_one_key(tmp_path: Path) -> None:
    _motion().write(tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", framework="numpy") as file:
        (key,) = file.metadata()
        header = json.loads(file.metadata()[key])
    assert key == "platypose"
    assert (header["kind"], header["format"]) == ("motion-set", 1)
    assert header["clips"][1]["split"] == "test"


def test_a_file_from_before_actions_and_licences_is_read(tmp_path: Path) -> None:
    save_file({"positions": _POSE}, tmp_path / "a.safetensors", metadata=_header())
    read = MotionSet.read(tmp_path / "a.safetensors")
    assert (read.clips[0].action, read.clips[0].absolute, read.licence) == ("", True, "")


def test_reading_maps_the_positions_and_does_not_load_them(tmp_path: Path) -> None:
    frames = 2_000_000  # 204 MB
    with (tmp_path / "a.safetensors").open("wb") as file:
        clip = Clip(name="a", subject="a", split="train", start=0, frames=frames)
        header = _header(clips=[attrs.asdict(clip)], skeleton="h36m-17")
        size = frames * 17 * 3 * 4
        entry = {"dtype": "F32", "shape": [frames, 17, 3], "data_offsets": [0, size]}
        text = json.dumps({"__metadata__": header, "positions": entry}).encode()
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + size)
    tracemalloc.start()
    read = MotionSet.read(tmp_path / "a.safetensors")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read.positions.shape == (frames, 17, 3) and not read.positions.flags.writeable
    assert peak < 0.1 * size


def test_writing_leaves_only_the_file(tmp_path: Path) -> None:
    _motion().write(tmp_path / "a.safetensors")
    _motion().write(tmp_path / "a.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_folder_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.safetensors cannot be written"):
        _motion().write(tmp_path / "absent" / "a.safetensors")


def test_split_keeps_the_frames_of_its_clips() -> None:
    motion = _motion()
    train = motion.split("train")
    assert [clip.name for clip in train.clips] == ["01_01", "02_01"]
    for clip, original in zip(train.clips, (motion.clips[0], motion.clips[2]), strict=True):
        np.testing.assert_array_equal(train.of(clip), motion.of(original))
    assert len(train.positions) == 9


def test_unknown_split_names_those_there_are() -> None:
    with pytest.raises(UserError, match='no split "valid"; its splits are: test, train'):
        _motion().split("valid")


def test_hours_by_split() -> None:
    assert _motion().hours() == pytest.approx({"train": 9 / 30 / 3600, "test": 3 / 30 / 3600})


def test_bone_lengths_of_a_person_who_grows() -> None:
    pose = np.zeros((4, 3, 3), dtype=np.float32)
    pose[:, 1, 2] = 0.5
    pose[:, 2, 2] = 0.5 + np.array([0.1, 0.3, 0.2, 0.2])
    clips = (
        Clip(name="a", subject="anna", split="train", start=0, frames=2),
        Clip(name="b", subject="bert", split="train", start=2, frames=2),
    )
    lengths = bone_lengths(attrs.evolve(_motion(), positions=pose, clips=clips), (-1, 0, 1))
    np.testing.assert_allclose(lengths["anna"].mean_mm, [500, 200], atol=1e-3)
    np.testing.assert_allclose(lengths["anna"].spread_mm, [0, 100], atol=1e-3)
    np.testing.assert_allclose(lengths["bert"].spread_mm, [0, 0], atol=1e-3)


def _clip(**changes: Any) -> Callable[[MotionSet], MotionSet]:
    def change(motion: MotionSet) -> MotionSet:
        first = attrs.evolve(motion.clips[0], **changes)
        return attrs.evolve(motion, clips=(first, *motion.clips[1:]))

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: attrs.evolve(m, positions=m.positions[:, :, :2]), r"shape \(12, 3, 2\)"),
        (lambda m: attrs.evolve(m, positions=m.positions[0]), r"shape \(3, 3\)"),
        (lambda m: attrs.evolve(m, positions=m.positions[:-1]), "12 frames and the positions 11"),
        (lambda m: attrs.evolve(m, positions=m.positions * np.float32(np.nan)), "NaN"),
        (lambda m: attrs.evolve(m, frame_rate=0.0), "frame rate must be a positive number"),
        (_clip(frames=4), 'clip "05_01" starts at frame 5, not 4'),
        (_clip(frames=0), 'clip "01_01" has no frames'),
        (_clip(name="05_01"), 'two clips are named "05_01"'),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    change: Callable[[MotionSet], MotionSet], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        change(_motion())


_CLIP: dict[str, object] = {
    "name": "a",
    "subject": "a",
    "split": "train",
    "start": 0,
    "frames": 2,
}


def _header(**changes: object) -> dict[str, str]:
    header: dict[str, object] = {
        "kind": "motion-set",
        "format": 1,
        "skeleton": "three joints",
        "frame_rate": 30.0,
        "credit": "",
        "source": "",
        "clips": [_CLIP],
    }
    header.update(changes)
    return {"platypose": json.dumps({k: v for k, v in header.items() if v is not None})}


def _stored(positions: np.ndarray, metadata: dict[str, str] | None) -> Callable[[Path], None]:
    return lambda path: save_file({"positions": positions}, path, metadata=metadata)


_POSE = np.zeros((2, 3, 3), dtype=np.float32)


def _cut_short(path: Path) -> None:
    save_file({"positions": _POSE}, path, metadata=_header())
    path.write_bytes(path.read_bytes()[:-5])


def _cut_in_header(path: Path) -> None:
    save_file({"positions": _POSE}, path, metadata=_header())
    path.write_bytes(path.read_bytes()[:20])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist or is not a file"),
        (lambda path: path.mkdir(), "does not exist or is not a file"),
        (lambda path: path.write_bytes(b""), "not a safetensors file or is cut short"),
        (lambda path: path.write_text("a,b,c\n" * 10), "not a safetensors file or is cut short"),
        (_cut_short, "not a safetensors file or is cut short"),
        (_cut_in_header, "not a safetensors file or is cut short"),
        (_stored(_POSE, None), "safetensors file but not a motion set"),
        (_stored(_POSE, {"platypose": "{"}), "safetensors file but not a motion set"),
        (_stored(_POSE, {"platypose": "[1]"}), "safetensors file but not a motion set"),
        (_stored(_POSE, _header(kind="checkpoint")), 'file of kind "checkpoint", not a motion set'),
        (_stored(_POSE, _header(format=2)), "motion-set format 2, and .* reads up to 1; upgrade"),
        (_stored(_POSE, _header(format="x")), "motion-set format x"),
        (_stored(_POSE, _header(credit=None)), "damaged: its header does not fit"),
        (_stored(_POSE, _header(clips=[{"name": "a"}])), "damaged: its header does not fit"),
        (_stored(_POSE, _header(clips=7)), "damaged: its header does not fit"),
        (_stored(_POSE, _header(frame_rate="fast")), "frame rate must be a positive number"),
        (_stored(_POSE, _header(skeleton=17)), "damaged: its header does not fit"),
        (
            _stored(_POSE, _header(clips=[{**_CLIP, "frames": "2"}])),
            "damaged: its header does not fit",
        ),
        (_stored(_POSE[:1], _header()), "the clips have 2 frames and the positions 1"),
        (_stored(_POSE[..., :2].copy(), _header()), r"shape \(2, 3, 2\)"),
        (_stored(_POSE.astype(np.float64), _header()), "not float64"),
        (_stored(_POSE + np.float32(np.inf), _header()), "NaN or infinite"),
        (
            lambda path: save_file({"poses": _POSE}, path, metadata=_header()),
            'damaged: it has no tensor "positions"',
        ),
    ],
)
def test_a_wrong_file_is_one_sentence_that_names_it(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "a.safetensors"
    make(path)
    with pytest.raises(UserError, match=message) as caught:
        MotionSet.read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
