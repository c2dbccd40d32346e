"""Videos that become part of the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from platypose.api import UserError
from platypose.evidence.file import video_of
from platypose_viewer.packing import as_text

TYPES = {
    ".m4v": "video/mp4",
    ".mov": "video/mp4",  # browsers that play its codec play it under this name
    ".mp4": "video/mp4",
    ".ogv": "video/ogg",
    ".webm": "video/webm",
}
"""Of the containers that browsers play, by suffix."""
LARGEST_MB = 40
"""Of one video."""


@attrs.frozen(kw_only=True)
class Video:
    """A video as text.

    Attributes:
        type: for the browser, such as video/mp4.
        text: base64 of the file.
    """

    type: str
    text: str


def read_video(path: Path) -> Video:
    """A video that the user asked for.

    Raises:
        UserError: it is missing, too large, or in a container that no browser plays.
    """
    if not path.is_file():
        raise UserError(f"There is no video {path}.")
    if path.suffix.lower() not in TYPES:
        raise UserError(f"{path} is none of the videos that browsers play: {', '.join(TYPES)}.")
    megabytes = path.stat().st_size / 1e6
    if megabytes > LARGEST_MB:
        raise UserError(
            f"{path} has {megabytes:.0f} MB, but a page holds videos of {LARGEST_MB} MB at most; "
            "make a smaller copy of the same frames."
        )
    return Video(type=TYPES[path.suffix.lower()], text=as_text(path.read_bytes()))


def known_video(sources: Sequence[Path], views: int) -> tuple[tuple[Video, ...], str]:
    """The videos in which the person was seen, where all views have one that suits a page.

    Arguments:
        sources: the files that were lifted; those of detections name their video.
        views: how many cameras saw the person.

    Returns:
        one for each view or none, and a sentence on why none, empty if none is expected.
    """
    videos = [path for path in map(video_of, sources) if path and path.suffix.lower() in TYPES]
    if len(videos) != views:
        return (), ""
    try:
        return tuple(map(read_video, videos)), ""
    except UserError as error:
        return (), f"Shown without its video: {error}"
