"""Files that were damaged or made up: a clear sentence or a right result, and nothing else."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platypose.api import Reader, UserError
from platypose.config import choose
from platypose.evidence import Detections
from platypose.evidence.reading import read_evidence

FORMATS = [
    *("openpose", "coco", "alphapose", "mmpose", "mediapipe"),
    *("deeplabcut-csv", "deeplabcut-h5", "videopose3d", "detections"),
]
JSON = FORMATS[:5]


@pytest.fixture(scope="module")
def content(files: Any) -> Any:
    """The bytes of a valid file of each format, two frames long, and the reader's name."""

    @cache
    def of(name: str) -> tuple[str, bytes]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "seen.json"
            if name == "detections":
                reader, keypoints, write = files.WRITERS["coco"]
                found = read_evidence(write(path, files.seen(keypoints, 2)[:1]))
                found.write(path)  # type: ignore[union-attr]
                return "", path.read_bytes()
            reader, keypoints, write = files.WRITERS[name]
            path = write(path, files.seen(keypoints, 2)[:1])
            return reader, (next(path.iterdir()) if path.is_dir() else path).read_bytes()

    return of


def read(content: bytes, reader: str) -> Detections | None:
    """What is read of these bytes, or None where the reader says what is wrong with them.

    Anything else that is raised, a warning of NumPy's too, fails the test that calls it.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(folder) / "seen.json"
        path.write_bytes(content)
        for chosen in (None, choose(Reader, reader)) if reader else (None,):
            try:
                found = read_evidence(path, chosen)
            except UserError as error:
                assert str(path) in str(error) and "\n" not in str(error)
                assert str(error).endswith((".", "?")), error
                found = None
    assert found is None or isinstance(found, Detections)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_the_files_to_be_damaged_are_right(name: str, content: Any) -> None:
    reader, whole = content(name)
    found = read(whole, reader)
    assert found is not None and len(found.people) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_every_cut_is_a_sentence_or_a_shorter_video(name: str, content: Any) -> None:
    reader, whole = content(name)
    complete = read(whole, reader)
    assert complete is not None
    for end in {*range(0, 12), *range(0, len(whole), max(len(whole) // 25, 1)), len(whole) - 1}:
        found = read(whole[:end], reader)
        assert found is None or found.num_frames <= complete.num_frames


@settings(max_examples=30)
@given(data=st.data())
@pytest.mark.parametrize("name", FORMATS)
def test_damaged_bytes_do_no_harm(name: str, content: Any, data: st.DataObject) -> None:
    reader, whole = content(name)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged)))
        length = data.draw(st.integers(0, 8))
        damaged[place : place + length] = data.draw(st.binary(max_size=8))
    read(bytes(damaged), reader)


STRANGE = st.sampled_from(
    [
        *(None, True, "", "x", "1", {}, [], [[]], [None], {"x": 1}),
        *(0, -1, 1, 17, 2**31, 2**63, 10**30, 10**400, -(10**12)),
        *(0.5, -0.5, 1e-320, 1e7, 1e308, -1e308, float("nan"), float("inf"), float("-inf")),
    ]
)


def nodes(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON document where something else could stand: container and key."""
    found = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        found.append((value, key))
        if isinstance(inner, (dict, list)):
            found += nodes(inner)
    return found


@settings(max_examples=40)
@given(data=st.data())
@pytest.mark.parametrize("name", JSON)
def test_strange_values_do_no_harm(name: str, content: Any, data: st.DataObject) -> None:
    reader, whole = content(name)
    document = json.loads(whole)
    places = nodes(document)
    # Half of the places are numbers of keypoints; the few others matter as much.
    few = [place for place in places if isinstance(place[1], str)]
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(few) | st.sampled_from(places))
        if isinstance(container, list):
            container[key : key + 1] = data.draw(st.just([]) | st.lists(STRANGE, max_size=2))
        elif data.draw(st.booleans()):
            container[key] = data.draw(STRANGE)
        else:
            container.pop(key, None)
    found = read(json.dumps(document).encode(), reader)
    for track in found.people if found else ():
        assert np.isfinite(track.keypoints).all() and (track.confidence <= 1).all()


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "null", "0", '""', "[]", "{}", "[[]]", "[{}]", "[null]", "[1, 2]", "nan"),
        *("[" * 100_000, '{"people":' * 100_000, '[{"keypoints":' * 50_000),
        '[{"image_id":' + "9" * 5000 + ', "keypoints": [1, 2, 3]}]',
        '[{"image_id": 1, "keypoints": ' + "[" * 500 + "]" * 500 + "}]",
        '{"people": [{"pose_keypoints_2d": [' + "1," * 74 + '"x"]}]}',
        "\ufeff[]",
        "scorer,a\nbodyparts,nose\ncoords,x\n0,1\n",
        "scorer\n",
        "scorer,\n" * 1000,
        "scorer,a,a,a\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1,2\n",
        "scorer,a,a,a\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n1e3,1,2,3\n",
        "scorer,a,a,a\nbodyparts,nose,nose,nose\ncoords,x,y,z\n0,1,2,3\n",
        "scorer,a,a,a\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n" + "9" * 30 + ",1,2,1\n",
        'scorer,"' + "a" * 200_000,
        "\x00" * 100,
        "PK\x03\x04" + "\x00" * 100,
        "\x89HDF\r\n\x1a\n" + "\x00" * 600,
    ],
)
def test_made_up_files_give_nobody_and_take_no_memory(text: str) -> None:
    raw = text.encode("latin-1" if text.startswith("\x89") else "utf-8")
    for reader in ("openpose", "coco", "alphapose", "mmpose", "mediapipe", "deeplabcut"):
        tracemalloc.start()
        found = read(raw, reader)
        assert found is None or not found.people
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
        tracemalloc.stop()


@pytest.mark.parametrize("name", [*FORMATS[:-1], "folder"])
def test_an_empty_folder_and_a_file_of_zero_bytes_are_one_sentence(
    name: str, tmp_path: Path
) -> None:
    reader = name.partition("-")[0]
    empty = tmp_path / "empty"
    empty.touch()
    for path in (tmp_path, empty):
        with pytest.raises(UserError) as caught:
            read_evidence(path, None if name == "folder" else choose(Reader, reader))
        assert str(path) in str(caught.value)


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    with path.open("wb") as file:
        file.write(b'[{"image_id": 0, "keypoints": [')
        file.truncate(300 << 20)
    with pytest.raises(UserError, match=r"has 300 MB; at most 256 MB of JSON are read"):
        read_evidence(path)


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(
    files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platypose_formats.videopose3d.MOST_BYTES", 1000)
    path = files.videopose3d(tmp_path / "seen", files.seen("coco-17"))
    with pytest.raises(UserError, match=r"seen.npz/\w+ has \d+ bytes; at most 1000 are read"):
        read_evidence(path)


def test_a_confidence_in_per_cent_is_refused(files: Any, tmp_path: Path) -> None:
    people = files.seen("coco-17")
    people[..., 2] *= 100
    with pytest.raises(UserError, match=r"has a confidence of .*; it should be between 0 and 1"):
        read_evidence(files.coco(tmp_path / "seen.json", people))


def test_fractions_of_the_picture_are_refused_where_pixels_are_expected(
    files: Any, tmp_path: Path
) -> None:
    people = files.seen("body-25")
    people[..., :2] /= 2000
    with pytest.raises(UserError, match="coordinates that are fractions of the picture; pixels"):
        read_evidence(files.openpose(tmp_path / "seen", people))


def test_frames_beyond_any_video_are_refused(files: Any, tmp_path: Path) -> None:
    path = files.coco(tmp_path / "seen.json", files.seen("coco-17"))
    path.write_text(path.read_text().replace('"image_id": 3', '"image_id": 300000000000'))
    with pytest.raises(UserError, match="frames 0 to 300000000000, which are no frames of a video"):
        read_evidence(path)
