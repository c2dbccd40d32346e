"""Videos as upright pictures on a constant clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api import Frame, UserError
from platypose.detection.boxes import Boxes, has_boxes
from platypose.detection.focal import noted_focal

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

FORMATS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,vvc,av1,obu,ivf,flv,asf,ogg,mxf,gxf,"
    "dv,wtv,rm,nut,mjpeg,mpjpeg,gif,apng,yuv4mpegpipe,image2,png_pipe,jpeg_pipe,webp_pipe,tiff_pipe,"
    "bmp_pipe,qoi_pipe,wav,mp3,aac,flac"
)
"""FFmpeg's names of what is read. Playlists, which name other files, and coloured text are not; of
sound the common ones are, so that a recording is called what it is."""

MOST_PIXELS = 1 << 26
"""Of one picture, 67 million: twice those of 8K."""

MOST_HERTZ = 100_000.0
"""Above it, times are damaged; high-speed cameras stay below."""

UNEVEN = 0.5
"""Share of an interval by which a frame may miss the clock before the video counts as uneven."""


@attrs.frozen(kw_only=True)
class Video:
    """A video file whose frames were counted and timed, without decoding them.

    The clock is constant: tick k is k / `frame_rate` seconds after the first frame. A frame
    belongs to the tick that is nearest to its time. Where frames come at uneven times, some ticks
    have none and others would have several, of which the first is kept.

    Attributes:
        path: the file.
        frame_rate: ticks a second; of uneven videos that of the median interval.
        num_frames: ticks in all.
        image_size: width and height, pixels, upright.
        even: whether every tick has its frame.
        focal_35mm: focal length that the file's metadata note, as of a lens on 35 mm film, mm; None
            where they do not.
        pixel_shape: width of a pixel in units of its height, as it is to be shown.
    """

    path: Path
    frame_rate: float
    num_frames: int
    image_size: tuple[int, int]
    even: bool
    focal_35mm: float | None = None
    pixel_shape: float = 1.0

    @classmethod
    def open(cls, path: Path) -> Video:
        """Look at a file.

        Raises:
            UserError: it is missing or damaged, has no pictures, too large ones or none that can
                be decoded, or PyAV is not installed.
        """
        if path.is_dir():
            raise UserError(f"{path} is a folder; name a video file.")
        if not path.is_file():
            raise UserError(f"There is no file {path}.")
        if path.stat().st_size == 0:
            raise UserError(f"{path} is empty.")
        with _opened(path) as (container, stream):
            announced = stream.frames
            guessed = stream.average_rate or stream.guessed_rate or Fraction(25)
            tags = [stream.metadata, container.metadata]
            times, packets = _packet_times(container, stream)
            reached = packets
            if container.format.name == "avi" and times is not None and len(times) > 1:
                # There, frames that the camera dropped are announced too, and B-frames come late.
                end = times[-1] + 2 * np.median(np.diff(times))
                reached = max(packets, round(end / float(stream.time_base or 1)))
        if packets == 0:
            raise UserError(f"{path} is a video without frames.")
        if reached < 0.98 * announced - 1:
            raise UserError(
                f"{path} is cut off: {announced} frames are announced and {packets} are there."
            )
        with _opened(path) as (container, stream):
            first = next(_decoded(path, container, stream), None)
            if first is None:
                raise UserError(f"{path} is a video without frames that can be decoded.")
            size = first.height, first.width
            shape = float(stream.codec_context.sample_aspect_ratio or 1)
            if first.rotation % 180:
                size, shape = (first.width, first.height), 1 / shape
            tags.append(getattr(first, "metadata", {}))  # Exif, of a picture
        if times is None:
            times = np.arange(packets) / float(guessed)
        rate, even = _clock(times, float(guessed))
        if rate > MOST_HERTZ:
            raise UserError(f"{path} has {rate:.3g} frames a second; its times are damaged.")
        ticks = int(np.rint((times[-1] - times[0]) * rate)) + 1
        if ticks > 100 * packets + 100:
            raise UserError(
                f"{path} has {packets} frames in {times[-1] - times[0]:.0f} seconds; its times are "
                "damaged."
            )
        return cls(
            path=path,
            frame_rate=rate,
            num_frames=ticks,
            image_size=(size[1], size[0]),
            even=even,
            focal_35mm=noted_focal(path, *tags),
            pixel_shape=shape,
        )

    def frames(self, *, start: int = 0, every: int = 1) -> Iterator[Frame]:
        """Decode.

        Arguments:
            start: the first tick that is wanted.
            every: every which tick, counted from 0.

        Yields:
            the frames of those ticks, those without a frame left out.

        Raises:
            UserError: the file is damaged somewhere, or its frames go back in time.
        """
        with _opened(self.path) as (container, stream):
            zero, before, taken = None, -np.inf, -1
            for number, frame in enumerate(_decoded(self.path, container, stream)):
                time = number / self.frame_rate if frame.time is None else frame.time
                zero = time if zero is None else zero
                if time < before:
                    raise UserError(
                        f"{self.path}: its frame {number} is of {time:.3f} s, after one of "
                        f"{before:.3f} s; the times of a video must not go back."
                    )
                before = time
                tick = int(np.rint((time - zero) * self.frame_rate))
                if tick == taken or tick >= self.num_frames:
                    continue
                taken = tick
                if tick < start or tick % every or frame.is_corrupt:
                    continue
                image = _upright(self.path, frame)
                if image.shape[1::-1] != self.image_size:
                    raise UserError(
                        f"{self.path}: its frame {number} has {image.shape[1]} x {image.shape[0]} "
                        f"pixels, after others of {self.image_size[0]} x {self.image_size[1]}."
                    )
                yield Frame(index=tick, time=tick / self.frame_rate, image=image)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The file and its moving pictures.

    Raises:
        UserError: it is no video, none that can be decoded, or one of too large pictures.
    """
    try:
        import av
        from av.stream import Disposition
    except ModuleNotFoundError:
        raise UserError("Videos need the package av: pip install 'platypose[video]'.") from None
    try:
        # "file:" so that a name with a colon is no address.
        container = av.open(
            f"file:{path}",
            container_options={"format_whitelist": FORMATS},
            metadata_errors="replace",
        )
    except (av.FFmpegError, ValueError) as error:
        if _lacks_contents(path):
            raise UserError(
                f"{path} is cut off, or is damaged: its table of contents, which a camera writes "
                "at the end, is not there."
            ) from None
        raise UserError(f"{path} is no video, or is damaged ({_reason(error)}).") from None
    with container:
        streams = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        ]
        if not streams:
            raise UserError(f"{path} has no moving pictures, or is cut off.")
        stream = streams[0]
        context: Any = stream.codec_context
        if context is None:
            raise UserError(f"{path} is coded in a way that this PyAV cannot decode.")
        width, height = context.width, context.height
        if width * height > MOST_PIXELS:
            raise UserError(
                f"{path} has pictures of {width} x {height} pixels; at most {MOST_PIXELS} are read."
            )
        context.thread_type = "AUTO"
        context.options = {"max_pixels": str(MOST_PIXELS)}
        yield container, stream


def _lacks_contents(path: Path) -> bool:
    """Whether an MP4 or MOV file has pictures, but not the list of where they are."""
    try:
        with path.open("rb") as file:
            if not has_boxes(file):
                return False
            size = path.stat().st_size
            return b"moov" not in [kind for kind, _, _ in Boxes(file).between(0, size)]
    except OSError:
        return False


def _packet_times(
    container: InputContainer, stream: VideoStream
) -> tuple[NDArray[np.float64] | None, int]:
    """Times of the packets in ascending order, None where none has a time; and their number."""
    import av

    times, packets = [], 0
    try:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            packets += 1
            if packet.pts is not None and not packet.is_discard and packet.time_base:
                times.append(float(packet.pts * packet.time_base))
    except av.FFmpegError:
        pass  # what is missing is counted by the caller
    return (np.unique(times) if times else None), packets


def _clock(times: NDArray[np.float64], guessed: float) -> tuple[float, bool]:
    """The constant rate that suits times, and whether they keep to it."""
    if len(times) < 2:
        return guessed, True
    span = times[-1] - times[0]
    rate = (len(times) - 1) / span
    if np.abs((times - times[0]) * rate - np.arange(len(times))).max() < UNEVEN:
        return float(rate), True
    return float(1 / np.median(np.diff(times))), False


def _decoded(path: Path, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    import av

    try:
        yield from container.decode(stream)
    except av.FFmpegError as error:
        raise UserError(f"{path} is damaged ({_reason(error)}).") from None


def _upright(path: Path, frame: VideoFrame) -> NDArray[np.uint8]:
    """The picture as a player shows it: phones note how they were held, and turn no pixels."""
    import av

    try:
        image = frame.to_ndarray(format="rgb24")
    except (av.FFmpegError, ValueError) as error:
        raise UserError(f"{path} has colours that cannot be read ({_reason(error)}).") from None
    # The display matrix is counter-clockwise, as is rot90.
    turned = np.rot90(image, round(frame.rotation / 90) % 4)
    return np.ascontiguousarray(turned, np.uint8)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).rstrip(".")
