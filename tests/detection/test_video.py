"""Videos as people have them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from platypose.api import UserError
from platypose.detection import Video
from platypose.detection import video as module

av = pytest.importorskip("av")

Film = Callable[..., Path]


def corner(image: NDArray[np.uint8]) -> tuple[int, int]:
    """Left and top of the white square."""
    rows, columns = np.nonzero(image.min(-1) > 128)
    return int(columns.min()), int(rows.min())


def turned(path: Path, matrix: Sequence[int]) -> Path:
    """The same file with another display matrix (a, b, c, d) in its track's header."""
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    content[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def test_frames_come_one_a_tick(film: Film) -> None:
    places = [(2 * i, 3 * i) for i in range(12)]
    video = Video.open(film(places))
    assert (video.num_frames, video.image_size, video.even) == (12, (96, 64), True)
    assert video.frame_rate == pytest.approx(25)
    frames = list(video.frames())
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(12) / 25)
    assert [corner(frame.image) for frame in frames] == places


def test_every_third_frame_from_the_fifth_on(film: Film) -> None:
    video = Video.open(film([(i, 0) for i in range(12)]))
    assert [corner(frame.image)[0] for frame in video.frames(start=5, every=3)] == [6, 9]


@pytest.mark.parametrize("offset", [0, 5000])
def test_uneven_frames_go_to_the_nearest_tick(film: Film, offset: int) -> None:
    """Two frames dropped by the phone, and one that came twice; nothing after is displaced."""
    times = [0, 40, 80, 200, 240, 246, 280, 320, 360, 400]
    video = Video.open(film([(i, 0) for i in range(10)], [offset + time for time in times]))
    assert not video.even
    assert (video.frame_rate, video.num_frames) == (pytest.approx(25), 11)
    found = {frame.index: corner(frame.image)[0] for frame in video.frames()}
    assert found == {0: 0, 1: 1, 2: 2, 5: 3, 6: 4, 7: 6, 8: 7, 9: 8, 10: 9}


def test_jitter_below_half_a_frame_changes_nothing(film: Film) -> None:
    jitter = np.random.default_rng(0).integers(-12, 13, 40)
    jitter[[0, -1]] = 0
    video = Video.open(film([(i, 0) for i in range(40)], list(40 * np.arange(40) + jitter)))
    assert video.even and video.frame_rate == pytest.approx(25)
    assert [frame.index for frame in video.frames()] == list(range(40))


@pytest.mark.parametrize(
    ("matrix", "size", "expected"),
    [
        ((0, 1, -1, 0), (64, 96), (64 - 3 - 8, 2)),  # shown turned clockwise by a quarter
        ((0, -1, 1, 0), (64, 96), (3, 96 - 2 - 8)),
        ((-1, 0, 0, -1), (96, 64), (96 - 2 - 8, 64 - 3 - 8)),
    ],
    ids=["clockwise", "counter-clockwise", "upside down"],
)
def test_a_phone_held_otherwise(
    film: Film, matrix: Sequence[int], size: tuple[int, int], expected: tuple[int, int]
) -> None:
    video = Video.open(turned(film([(2, 3)] * 2), matrix))
    assert video.image_size == size
    frame = next(iter(video.frames()))
    assert frame.image.shape == (size[1], size[0], 3)
    assert corner(frame.image) == expected


def sound(path: Path) -> Path:
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        samples.sample_rate = 8000
        container.mux(stream.encode(samples))
    return path


def test_a_file_of_sound(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"voice\.wav has no moving pictures, or is cut off\.$"):
        Video.open(sound(tmp_path / "voice.wav"))


def test_a_missing_an_empty_and_another_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^There is no file .*clip\.mp4\.$"):
        Video.open(tmp_path / "clip.mp4")
    with pytest.raises(UserError, match=r"is a folder; name a video file\.$"):
        Video.open(tmp_path)
    (tmp_path / "clip.mp4").touch()
    with pytest.raises(UserError, match=r"clip\.mp4 is empty\.$"):
        Video.open(tmp_path / "clip.mp4")
    (tmp_path / "clip.mp4").write_text("A letter to grandmother. " * 99)
    with pytest.raises(UserError, match=r"clip\.mp4 is no video, or is damaged \(.*\)\.$"):
        Video.open(tmp_path / "clip.mp4")


def test_a_file_without_its_end(film: Film) -> None:
    """MP4 has its table of contents there."""
    path = film([(i, 0) for i in range(12)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"clip\.mp4 is cut off, .*: its table of contents, .*\.$"):
        Video.open(path)
    path.write_bytes(content[:-800])
    with pytest.raises(UserError, match=r"clip\.mp4 has no moving pictures, or is cut off\.$"):
        Video.open(path)


def test_a_file_whose_table_of_contents_promises_more(film: Film, tmp_path: Path) -> None:
    path, cut = film([(i, i) for i in range(40)]), tmp_path / "cut.mp4"
    with av.open(path) as source, av.open(cut, "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    content = cut.read_bytes()
    cut.write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(UserError, match=r"cut\.mp4 is (cut off: 40 frames are announced|damaged)"):
        Video.open(cut)


def test_a_codec_that_nobody_has(film: Film) -> None:
    path = film([(0, 0)] * 2)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz9"))
    with pytest.raises(UserError, match=r"clip\.mp4 is coded in a way that this PyAV cannot"):
        Video.open(path)


def test_times_that_go_back(film: Film, tmp_path: Path) -> None:
    """Two recordings of a camera that were joined as files."""
    first = film([(i, 0) for i in range(12)], name="first.ts")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() * 2)
    with pytest.raises(UserError, match=r"joined\.ts: .* must not go back\.$"):
        list(Video.open(joined).frames())


def test_a_video_without_frames(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(path, "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.start_encoding()
    with pytest.raises(UserError, match=r"clip\.mkv (is a video without frames|is no video)"):
        Video.open(path)


def test_a_stream_without_times_has_its_own_rate(film: Film) -> None:
    video = Video.open(film([(i, 0) for i in range(12)], name="clip.h264"))
    assert video.frame_rate == pytest.approx(25) and video.even
    assert [corner(frame.image)[0] for frame in video.frames()] == list(range(12))


def test_frames_that_a_camera_dropped_from_an_avi_are_not_cut_off(film: Film) -> None:
    """Its header announces 480 ticks of a millisecond, of which 12 have a frame."""
    path = film([(i, 0) for i in range(12)], name="clip.avi")
    video = Video.open(path)
    assert video.frame_rate == pytest.approx(25) and video.num_frames == 12
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=r"clip\.avi is cut off: 480 frames are announced"):
        Video.open(path)


def test_a_rate_that_no_camera_has(film: Film) -> None:
    path = film([(i, 0) for i in range(12)])
    content = bytearray(path.read_bytes())
    place = content.index(b"mdhd") + 4 + 12
    content[place : place + 4] = struct.pack(">I", 2_000_000_000)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"clip\.mp4 has .* frames a second; its times are damaged"):
        Video.open(path)


@pytest.mark.parametrize(
    "text",
    ["#EXTM3U\n#EXTINF:1,\nhttp://localhost/a.ts\n", "ffconcat version 1.0\nfile other.mp4\n"],
    ids=["playlist", "concat"],
)
def test_a_text_that_names_other_videos_opens_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "clip.mp4").write_text(text)
    with pytest.raises(UserError, match=r"clip\.mp4 is no video, or is damaged \(.*\)\.$"):
        Video.open(tmp_path / "clip.mp4")


def test_a_title_in_another_alphabet_and_a_name_like_an_address(film: Film) -> None:
    path = film([(i, 0) for i in range(3)], name="http:clip.mp4", metadata={"title": "Doerte"})
    path.write_bytes(path.read_bytes().replace(b"Doerte", b"D\xf6rte\0"))
    assert Video.open(path).num_frames == 3


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.avi", "clip.ts"])
def test_damage_is_one_sentence_or_a_video(film: Film, name: str) -> None:
    path = film([(2 * i, 3 * i) for i in range(8)], name=name)
    whole = path.read_bytes()
    place = st.integers(0, len(whole) - 1)
    edit = st.tuples(place, st.integers(0, 40), st.binary(max_size=8))

    @settings(max_examples=40, deadline=4000, derandomize=True, database=None)
    @given(st.lists(edit, min_size=1, max_size=4))
    def try_all(edits: list[tuple[int, int, bytes]]) -> None:
        content = whole
        for start, length, instead in edits:
            content = content[:start] + instead + content[start + length :]
        path.write_bytes(content)
        try:
            video = Video.open(path)
            frames = [frame.index for frame in video.frames()]
        except UserError as error:
            assert str(path) in str(error) and str(error).endswith(".")
            return
        assert frames == sorted(set(frames)) and len(frames) <= video.num_frames <= 1000

    try_all()


def test_huge_pictures(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PIXELS", 6000)
    with pytest.raises(UserError, match=r"pictures of 96 x 64 pixels; at most 6000 are read\.$"):
        Video.open(film([(0, 0)]))


def test_a_single_picture_is_a_video_of_one_frame(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 48)).save(tmp_path / "photo.png")
    video = Video.open(tmp_path / "photo.png")
    assert (video.num_frames, video.image_size) == (1, (64, 48))
    assert [frame.index for frame in video.frames()] == [0]


def test_without_pyav_a_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    (tmp_path / "clip.mp4").write_text("x")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match=r"pip install 'platypose\[video\]'\.$"):
        Video.open(tmp_path / "clip.mp4")
