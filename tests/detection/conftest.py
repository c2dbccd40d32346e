"""Videos of a white square on black, made with PyAV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

WIDTH, HEIGHT, SQUARE = 96, 64, 8
MILLISECOND = Fraction(1, 1000)

Film = Callable[..., Path]


def picture(left: int, top: int) -> NDArray[np.uint8]:
    """A white square whose upper left pixel is there."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[top : top + SQUARE, left : left + SQUARE] = 255
    return image


def write_video(
    path: Path,
    places: Sequence[tuple[int, int]],
    times: Sequence[int] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """A frame for each place of the square.

    Arguments:
        path: the ending chooses the container.
        places: left and top of the square in each frame.
        times: of the frames, milliseconds; None for 25 Hz.
        metadata: of the file, under whatever names.
    """
    import av

    times = range(0, 40 * len(places), 40) if times is None else times
    options = {"movflags": "use_metadata_tags"} if metadata else {}
    with av.open(path, "w", options=options) as container:
        container.metadata.update(metadata or {})
        if path.suffix == ".avi":  # which has no room for the times of B-frames
            stream: Any = container.add_stream("ffv1", rate=25)
        else:
            stream = container.add_stream("libx264", rate=25, options={"crf": "4", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        stream.codec_context.time_base = stream.time_base = MILLISECOND
        stream.codec_context.thread_count = 1
        for time, place in zip(times, places, strict=True):
            frame = av.VideoFrame.from_ndarray(picture(*place), format="rgb24")
            frame.pts, frame.time_base = time, MILLISECOND
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """`film(places, times=None, name="clip.mp4", metadata=None)` writes a video."""

    def write(
        places: Sequence[tuple[int, int]],
        times: Sequence[int] | None = None,
        name: str = "clip.mp4",
        metadata: Mapping[str, str] | None = None,
    ) -> Path:
        return write_video(tmp_path / name, places, times, metadata)

    return write
