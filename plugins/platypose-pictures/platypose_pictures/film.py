"""The writers of films."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from platypose.api import BuildContext, UserError
from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_pictures.config import MovieConfig
from platypose_pictures.movie import pictures, timing

COLOURS = 64
"""In a GIF; lines on white need no more."""


@attrs.frozen(kw_only=True)
class Gif:
    """A `Writer` of clip.gif."""

    config: MovieConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write clip.gif, which begins anew at its end.

        Arguments:
            result: the hypotheses.
            evidence: what they were lifted from, if anything.
            folder: where to write; it exists.
        """
        path = folder / "clip.gif"
        first, *others = _in_one_palette(pictures(result, evidence, self.config))
        when = timing(result, self.config)
        # A GIF counts hundredths of a second; the rounded times add up to the right length.
        ends = np.rint(np.arange(len(when.frames) + 1) * 100 / when.rate) * 10
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=[int(value) for value in np.diff(ends)],
            loop=0,
            optimize=False,
        )
        return (path,)


@attrs.frozen(kw_only=True)
class Mp4:
    """A `Writer` of clip.mp4."""

    config: MovieConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write clip.mp4: H.264, which slides and browsers play.

        Arguments:
            result: the hypotheses.
            evidence: what they were lifted from, if anything.
            folder: where to write; it exists.

        Raises:
            UserError: PyAV is not installed.
        """
        try:
            import av
        except ModuleNotFoundError:
            raise UserError(
                "An MP4 needs PyAV; install it with: pip install 'platypose-pictures[mp4]'"
            ) from None
        path = folder / "clip.mp4"
        rate = Fraction(timing(result, self.config).rate).limit_denominator(1001)
        with av.open(str(path), "w") as file:
            stream = file.add_stream("libx264", rate=rate, options={"crf": "20"})
            stream.pix_fmt = "yuv420p"
            for number, picture in enumerate(pictures(result, evidence, self.config)):
                if number == 0:
                    stream.height, stream.width = picture.shape[:2]
                file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            file.mux(stream.encode())
        return (path,)


def _in_one_palette(frames: Iterator[NDArray[np.uint8]]) -> Iterator[Image.Image]:
    """Indexed pictures with the colours of the first, so that nothing flickers."""
    palette = None
    for frame in frames:
        picture = Image.fromarray(frame)
        if palette is None:
            palette = _with_white(picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT))
        yield picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _with_white(palette: Image.Image) -> Image.Image:
    """The same, with white in the place of the colours that are nearly so."""
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    colours[(colours > 245).all(1)] = 255
    whiter = Image.new("P", (1, 1))
    whiter.putpalette(colours.ravel().tolist())
    return whiter


def build_gif(config: MovieConfig, context: BuildContext) -> Gif:
    """The writer `gif`."""
    return Gif(config=config)


def build_mp4(config: MovieConfig, context: BuildContext) -> Mp4:
    """The writer `mp4`."""
    return Mp4(config=config)
