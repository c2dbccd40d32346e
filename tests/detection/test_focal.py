"""The focal length that phones and cameras note in their files."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platypose.detection import Video, detect_video
from platypose.detection.detect import focal_of
from platypose.detection.focal import noted_focal
from platypose.evidence.file import read_detections, write
from platypose.evidence.guess import focal_of_35mm, guessed_camera

pytest.importorskip("av")

Film = Callable[..., Path]
KEY = "com.apple.quicktime.camera.focal_length.35mm_equivalent"
LENS = "com.apple.quicktime.camera.lens_model"
PLACES = [(i, 2 * i) for i in range(3)]


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def meta(value: bytes, kind: int = 1, version: bytes = b"") -> bytes:
    """QuickTime's box of keys and values, as phones write it after a lens's name."""
    entries = [(LENS, 1, b"iPhone back camera 6.8mm f/1.8"), (KEY, kind, value)]
    keys = box(
        b"keys",
        struct.pack(">II", 0, len(entries)),
        *(box(b"mdta", key.encode()) for key, _, _ in entries),
    )
    values = box(
        b"ilst",
        *(
            box(struct.pack(">I", index + 1), box(b"data", struct.pack(">II", kind, 0), value))
            for index, (_, kind, value) in enumerate(entries)
        ),
    )
    handler = box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"mdta"), b"\0")
    return box(b"meta", version, handler, keys, values)


def with_box(path: Path, inside: tuple[bytes, ...], added: bytes) -> Path:
    """The same file with one more box at the end of another, the first of each kind."""
    content = bytearray(path.read_bytes())
    starts = [content.index(kind) - 4 for kind in inside]
    (size,) = struct.unpack_from(">I", content, starts[-1])
    content[starts[-1] + size : starts[-1] + size] = added
    for start in starts:
        (size,) = struct.unpack_from(">I", content, start)
        struct.pack_into(">I", content, start, size + len(added))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["clip.mov", "clip.mp4", "clip.mkv"])
@pytest.mark.parametrize(("key", "value"), [(KEY, "26"), ("FocalLengthIn35mmFilm", "50.00mm")])
def test_what_ffmpeg_writes_is_read(film: Film, name: str, key: str, value: str) -> None:
    video = Video.open(film(PLACES, name=name, metadata={key: value}))
    assert video.focal_35mm == float(value.removesuffix("mm"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (1, b"14"),
        (1, b"14.00mm"),
        (2, "14".encode("utf-16-be")),
        (21, struct.pack(">i", 14)),
        (67, struct.pack(">i", 14)),
        (74, struct.pack(">q", 14)),
        (76, struct.pack(">H", 14)),
        (23, struct.pack(">f", 14)),
        (24, struct.pack(">d", 14)),
    ],
)
def test_the_lens_that_an_iphone_writes_into_the_track(film: Film, kind: int, value: bytes) -> None:
    path = with_box(film(PLACES, name="clip.mov"), (b"moov", b"trak"), meta(value, kind))
    assert Video.open(path).focal_35mm == 14


def test_a_track_knows_better_than_the_movie_and_mp4_s_boxes_have_a_version(film: Film) -> None:
    path = with_box(film(PLACES), (b"moov",), meta(b"26", version=bytes(4)))
    assert Video.open(path).focal_35mm == 26
    assert Video.open(with_box(path, (b"moov", b"trak"), meta(b"13"))).focal_35mm == 13


@pytest.mark.parametrize(
    "text",
    [
        b'<rdf:Description exif:FocalLengthIn35mmFilm="35"/>',
        b"<exif:FocalLengthIn35mmFilm>35</exif:FocalLengthIn35mmFilm>",
    ],
)
def test_xmp_that_an_editor_left(film: Film, text: bytes) -> None:
    path = film(PLACES)
    uuid = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    path.write_bytes(path.read_bytes() + box(b"uuid", uuid, text))
    assert Video.open(path).focal_35mm == 35


@pytest.mark.parametrize("value", ["0", "-26", "nan", "26 feet", "1e9", "", "99999"])
def test_nonsense_is_not_known(film: Film, value: str) -> None:
    path = film(PLACES, name="clip.mov", metadata={KEY: value or " "})
    assert Video.open(path).focal_35mm is None
    assert noted_focal(with_box(path, (b"moov", b"trak"), meta(value.encode()))) is None


def test_exif_of_a_photo_held_upright(tmp_path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0xA405] = 26
    Image.new("RGB", (64, 48)).save(tmp_path / "photo.jpg", exif=exif)
    video = Video.open(tmp_path / "photo.jpg")
    assert (video.image_size, video.focal_35mm) == ((48, 64), 26)


def test_the_angle_from_corner_to_corner_is_that_of_film() -> None:
    """A 50 mm lens sees 46.8 degrees from corner to corner of 36 x 24 mm."""
    for size in ((1920, 1080), (1080, 1920), (4000, 3000)):
        half = np.hypot(*size) / 2
        angle = 2 * np.degrees(np.arctan(half / focal_of_35mm(50, size)))
        assert angle == pytest.approx(46.79, abs=0.01)
    assert focal_of_35mm(50, (3600, 2400)) == pytest.approx(5000)


def test_a_clip_that_was_turned_has_the_same_focal_length(film: Film) -> None:
    path = film(PLACES, name="clip.mov", metadata={KEY: "26"})
    lying = focal_of(Video.open(path))
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    content[start : start + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    video = Video.open(path)
    assert video.image_size == (64, 96)
    assert lying is not None and focal_of(video) == pytest.approx(lying)
    assert lying == pytest.approx(26 * np.hypot(96, 64) / np.hypot(36, 24))


class Nobody:
    keypoint_set, keypoint_names, heatmap_size, credit = "coco-17", ("nose",), None, ""

    def detect(self, frames):  # type: ignore[no-untyped-def]
        for _ in frames:
            yield []


def test_detections_carry_it_into_their_file(film: Film, tmp_path: Path) -> None:
    found = detect_video(film(PLACES, name="clip.mov", metadata={KEY: "26"}), Nobody())
    assert found.focal == pytest.approx(focal_of_35mm(26, (96, 64)))
    for name in ("found.safetensors", "found.npz"):
        write(found, tmp_path / name)
        assert read_detections(tmp_path / name).focal == found.focal
    assert detect_video(film(PLACES, name="other.mp4"), Nobody()).focal is None


def test_a_field_of_view_comes_before_metadata_and_these_before_a_guess() -> None:
    size = (1920, 1080)
    by_angle = guessed_camera(size, fov=60, noted=1500)
    assert by_angle.focal_deviation == 0
    assert by_angle.parameters["focal"][0] == pytest.approx(960 / np.tan(np.radians(30)))
    noted = guessed_camera(size, noted=1500)
    assert (noted.parameters["focal"], noted.name) == ([1500, 1500], "metadata")
    assert 0 < noted.focal_deviation < guessed_camera(size).focal_deviation


@settings(max_examples=60, deadline=500, derandomize=True, database=None)
@given(st.binary(max_size=40), st.integers(0, 400), st.integers(0, 40))
def test_damaged_boxes_say_nothing_or_a_length(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: int, length: int
) -> None:
    whole = box(b"ftyp", b"qt  ") + box(b"moov", box(b"trak", meta(b"26")), box(b"udta", meta(b"")))
    path = tmp_path_factory.getbasetemp() / "boxes.mov"
    path.write_bytes(whole[:start] + noise + whole[start + length :])
    found = noted_focal(path)
    assert found is None or 4 <= found <= 3000
