"""From what a detector saw in videos to the evidence of one person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from platypose.api.errors import UserError
from platypose.evidence.checks import Array
from platypose.evidence.detections import Detections, Track
from platypose.evidence.evidence import Camera, Evidence


def evidence_of(
    views: Sequence[Detections],
    cameras: Sequence[Camera],
    person: Sequence[Track],
    frame_rate: float | None = None,
) -> Evidence:
    """The evidence of one person, from the first frame that shows the person to the last.

    Frames of the views are taken for the same moment if they have the same index. Where a view
    does not show the person, or has ended, its keypoints have confidence 0.

    Arguments:
        views: a video each.
        cameras: that took them, one each.
        person: that person in each view.
        frame_rate: frames per second; None for that of the videos.

    Raises:
        UserError: the views differ in what they must share, or nobody knows the frame rate.
    """
    assert len(views) == len(cameras) == len(person)
    _require_alike(views)
    _require_placed(cameras)
    rate = _frame_rate(views) if frame_rate is None else frame_rate
    first = min(int(track.frames[0]) for track in person)
    last = max(int(track.frames[-1]) for track in person)
    frames = np.arange(first, last + 1)
    length = max(view.num_frames for view in views)
    for camera in cameras:
        if camera.moves and len(camera.rotation) != length:
            raise UserError(
                f"Camera {camera.name!r} moves over {len(camera.rotation)} frames, but the video "
                f"has {length}."
            )

    def spread(name: str, fill: Array | float = 0.0) -> Array | None:
        """An array of the tracks, laid out over frames and views; None where a view has none."""
        found = [getattr(track, name) for track in person]
        if any(array is None or array.shape[1:] != found[0].shape[1:] for array in found):
            return None
        whole = np.empty((len(frames), len(views), *found[0].shape[1:]), found[0].dtype)
        whole[...] = fill
        for view, (track, array) in enumerate(zip(person, found)):
            whole[track.frames - first, view] = array
        return whole

    confidence = spread("confidence")
    heatmaps, affine = spread("heatmaps"), spread("cell_to_pixel", np.eye(2, 3))
    seen = heatmaps is not None and affine is not None
    return Evidence(
        frame_rate=rate,
        keypoint_set=views[0].keypoint_set,
        keypoint_names=views[0].keypoint_names,
        cameras=tuple(camera.at(frames) for camera in cameras),
        keypoints=spread("keypoints"),
        confidence=confidence,
        covariance=spread("covariance", np.eye(2)),
        heatmaps=heatmaps if seen else None,
        cell_to_pixel=affine if seen else None,
        credit=" ".join(dict.fromkeys(view.credit for view in views if view.credit)),
        first_frame=first,
    )


def people_of(views: Sequence[Detections], choice: str) -> list[tuple[str, tuple[Track, ...]]]:
    """The people who are to be lifted, each by name and as seen in each view.

    Arguments:
        views: a video each.
        choice: "largest" or a name, the same person in each view; names with commas between them,
            one for each view; "all" for everybody in the only view.

    Raises:
        UserError: nobody is there, or nobody of that name; several views, and several people there.
    """
    if choice == "all":
        if len(views) > 1 and any(len(view.people) > 1 for view in views):
            raise UserError(
                "--person all: who is who in several views is not known; name one person in each "
                "view, as in --person 0,1."
            )
        found = [view.person("all") for view in views]
        return [(track.name, (track, *(f[0] for f in found[1:]))) for track in found[0]]
    names = [choice]
    if len(views) > 1 and "," in choice:
        names = choice.split(",")
        if len(names) != len(views):
            raise UserError(
                f"--person {choice} names {len(names)} people for {len(views)} views; name one in "
                "each view."
            )
    names = names * len(views) if len(names) == 1 else names
    tracks = tuple(view.person(name.strip())[0] for view, name in zip(views, names))
    return [(tracks[0].name, tracks)]


def _frame_rate(views: Sequence[Detections]) -> float:
    rates = {view.frame_rate for view in views if view.frame_rate is not None}
    if not rates:
        raise UserError("The files do not say how many frames a second has; give --frame-rate.")
    if max(rates) > 1.001 * min(rates):
        raise UserError(
            f"The views have different frame rates ({', '.join(f'{r:g}' for r in sorted(rates))}); "
            "where that is a mistake, give the right one with --frame-rate."
        )
    return float(max(rates))


def _require_alike(views: Sequence[Detections]) -> None:
    for view in views[1:]:
        first = views[0].keypoint_set, views[0].keypoint_names
        if (view.keypoint_set, view.keypoint_names) != first:
            raise UserError(
                f"The views must have the same keypoints, but one is of {first[0]!r} and another "
                f"of {view.keypoint_set!r}."
            )


def _require_placed(cameras: Sequence[Camera]) -> None:
    guessed = [camera.name for camera in cameras if camera.guessed]
    if len(cameras) > 1 and guessed:
        raise UserError(
            f"Several views need cameras that are known, but that of camera {guessed[0]!r} is a "
            "guess; calibrate them together, and give the file with --camera."
        )
