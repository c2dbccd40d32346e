"""Running a detector over a video."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import numpy as np

from platypose.api import Detector, Frame, Person, UserError
from platypose.detection.spool import Spool
from platypose.detection.video import Video
from platypose.evidence.detections import Detections, Track
from platypose.evidence.guess import focal_of_35mm

SAVE_SECONDS = 5.0
"""After so long what was found is safe from an interruption."""

Crop = tuple[int, int, int, int]


def detect_video(
    video: Video | Path,
    detector: Detector,
    *,
    every: int = 1,
    crop: Crop | None = None,
    heatmaps: bool = True,
    spool: Path | None = None,
    name: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Detections:
    """Find the people of a video, and link them through time.

    Arguments:
        video: the file, or what `Video.open` made of it.
        detector: finds people in single frames.
        every: every which frame.
        crop: left, top, right and bottom of the part of the picture that the detector sees,
            pixels; what it finds is in pixels of the whole picture nevertheless.
        heatmaps: whether to keep them.
        spool: a folder for what is found meanwhile. If it is there from an interrupted run of the
            same, that run goes on. The heatmaps that are returned lie in it, so it is the
            caller's to remove. None keeps all in memory.
        name: of the detector, by which a run that goes on is recognised.
        progress: called as (frames done, frames in all).

    Raises:
        UserError: the video is damaged, or the crop not inside of it.
    """
    video = Video.open(video) if isinstance(video, Path) else video
    if every < 1:
        raise UserError(f"Every {every} frames is not possible; give a whole number of at least 1.")
    if crop is not None:
        _require_inside(crop, video)
    if spool is not None:
        people = _spooled(video, detector, every, crop, heatmaps, spool, name, progress)
    else:
        with tempfile.TemporaryDirectory() as folder:
            found = _spooled(video, detector, every, crop, heatmaps, Path(folder), name, progress)
            people = tuple(_in_memory(track) for track in found)
    return Detections(
        keypoint_set=detector.keypoint_set,
        keypoint_names=detector.keypoint_names,
        num_frames=frames_of(video, every),
        frame_rate=video.frame_rate / every,
        image_size=video.image_size,
        focal=focal_of(video),
        people=people,
        credit=detector.credit,
    )


def focal_of(video: Video) -> float | None:
    """The focal length that a video's metadata note, pixels."""
    if video.focal_35mm is None:
        return None
    return focal_of_35mm(video.focal_35mm, video.image_size)


def frames_of(video: Video, every: int) -> int:
    """How many frames the detections of a video have."""
    return (video.num_frames + every - 1) // every


def heatmap_bytes(video: Video, detector: Detector, every: int) -> int:
    """Size of the heatmaps of one person who is there all the time."""
    height, width = detector.heatmap_size or (0, 0)
    return frames_of(video, every) * len(detector.keypoint_names) * height * width


def _spooled(
    video: Video,
    detector: Detector,
    every: int,
    crop: Crop | None,
    heatmaps: bool,
    folder: Path,
    name: str,
    progress: Callable[[int, int], None],
) -> tuple[Track, ...]:
    status = video.path.stat()
    of = {
        "video": str(video.path.resolve()),
        "size": status.st_size,
        "time": status.st_mtime,
        "detector": name,
        "every": every,
        "crop": crop,
        "heatmaps": heatmaps,
    }
    total = frames_of(video, every)
    size = detector.heatmap_size if heatmaps else None
    with Spool(folder, of, len(detector.keypoint_names), size) as kept:
        done = kept.next_frame
        progress(done, total)
        saved = time.monotonic()
        # A detector may look at several frames before it speaks of the first.
        asked: list[int] = []

        def frames() -> Iterator[Frame]:
            if done >= total:
                return
            for frame in video.frames(start=done * every, every=every):
                index = frame.index // every
                asked.append(index)
                yield attrs.evolve(frame, index=index, image=_cropped(frame.image, crop))

        for people in detector.detect(frames()):
            index = asked.pop(0)
            kept.add(index, [_moved(person, crop) for person in people])
            progress(index + 1, total)
            if time.monotonic() - saved > SAVE_SECONDS:
                kept.save()
                saved = time.monotonic()
        assert not asked, "a detector says something of every frame"
        return kept.people_found(total)


def _require_inside(crop: Crop, video: Video) -> None:
    left, top, right, bottom = crop
    width, height = video.image_size
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise UserError(
            f"The crop {left},{top},{right},{bottom} is not left,top,right,bottom within the "
            f"{width} x {height} pixels of {video.path}."
        )


def _cropped(image: np.ndarray, crop: Crop | None) -> np.ndarray:
    if crop is None:
        return image
    left, top, right, bottom = crop
    return np.ascontiguousarray(image[top:bottom, left:right])


def _moved(person: Person, crop: Crop | None) -> Person:
    """From pixels of the crop to pixels of the picture."""
    if crop is None:
        return person
    corner = np.array(crop[:2])
    affine = person.cell_to_pixel
    if affine is not None:
        affine = np.column_stack([affine[:, :2], affine[:, 2] + corner])
    return attrs.evolve(
        person,
        keypoints=person.keypoints + corner,
        box=person.box + np.tile(corner, 2),
        cell_to_pixel=affine,
    )


def _in_memory(track: Track) -> Track:
    if track.heatmaps is None:
        return track
    return attrs.evolve(track, heatmaps=np.array(track.heatmaps))
