"""From what a detector saw in videos to the evidence of one person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from platypose.api.errors import UserError
from platypose.evidence.checks import Array
from platypose.evidence.detections import Detections, Track
from platypose.evidence.evidence import Camera, Evidence
from platypose.evidence.guess import level_pose
from platypose.evidence.matching import people_across
from platypose.mapped import pieces, release, zeros_on_disk

Person = tuple[Track | None, ...]
"""Somebody as seen in each view; None where a view never shows them."""


def evidence_of(
    views: Sequence[Detections],
    cameras: Sequence[Camera],
    person: Sequence[Track | None],
    frame_rate: float | None = None,
) -> Evidence:
    """The evidence of one person, from the first frame that shows the person to the last.

    Frames of the views are taken for the same moment if they have the same index. Where a view
    does not show the person, or has ended, its keypoints have confidence 0. A view that never
    shows the person is left out.

    Arguments:
        views: a video each.
        cameras: that took them, one each.
        person: that person in each view, None where a view does not show them.
        frame_rate: frames per second; None for that of the videos.

    Raises:
        UserError: the views differ in what they must share, or nobody knows the frame rate.
    """
    assert len(views) == len(cameras) == len(person)
    _require_alike(views)
    _require_placed(cameras)
    rate = _frame_rate(views) if frame_rate is None else frame_rate
    length = max(view.num_frames for view in views)
    seen = [number for number, track in enumerate(person) if track is not None]
    views, cameras = [views[number] for number in seen], [cameras[number] for number in seen]
    tracks = [track for track in person if track is not None]
    first = min(int(track.frames[0]) for track in tracks)
    last = max(int(track.frames[-1]) for track in tracks)
    frames = np.arange(first, last + 1)
    for camera in cameras:
        if camera.moves and len(camera.rotation) != length:
            raise UserError(
                f"Camera {camera.name!r} moves over {len(camera.rotation)} frames, but the video "
                f"has {length}."
            )

    def spread(name: str, fill: Array | float = 0.0) -> Array | None:
        """An array of the tracks, laid out over frames and views; None where a view has none."""
        found = [getattr(track, name) for track in tracks]
        if any(array is None or array.shape[1:] != found[0].shape[1:] for array in found):
            return None
        if len(tracks) == 1 and len(frames) == len(found[0]):
            alone: Array = found[0][:, None]
            return alone
        shape = (len(frames), len(views), *found[0].shape[1:])
        if name == "heatmaps":  # an hour of them may be more than the memory
            whole = zeros_on_disk(shape, found[0].dtype)
        else:
            whole = np.empty(shape, found[0].dtype)
            whole[...] = fill
        for view, (track, array) in enumerate(zip(tracks, found)):
            for start, piece in pieces(array):
                whole[track.frames[start : start + len(piece)] - first, view] = piece
                release(whole)
        return whole

    confidence = spread("confidence")
    heatmaps, affine = spread("heatmaps"), spread("cell_to_pixel", np.eye(2, 3))
    both = heatmaps is not None and affine is not None
    return Evidence(
        frame_rate=rate,
        keypoint_set=views[0].keypoint_set,
        keypoint_names=views[0].keypoint_names,
        cameras=tuple(camera.at(frames) for camera in cameras),
        keypoints=spread("keypoints"),
        confidence=confidence,
        covariance=spread("covariance", np.eye(2)),
        heatmaps=heatmaps if both else None,
        cell_to_pixel=affine if both else None,
        credit=" ".join(dict.fromkeys(view.credit for view in views if view.credit)),
        first_frame=first,
    )


def people_of(
    views: Sequence[Detections], cameras: Sequence[Camera], choice: str
) -> list[tuple[str, Person]]:
    """The people who are to be lifted, each by name and as seen in each view.

    Arguments:
        views: a video each.
        cameras: that took them, one each.
        choice: "all"; "largest", whoever covers most of the pictures; or a name. Names with commas
            between them are of one person, as each view calls them.

    Raises:
        UserError: nobody is there, or nobody of that name; or who is who in several views cannot
            be found out.
    """
    if len(views) > 1 and "," in choice:
        names = [name.strip() for name in choice.split(",")]
        if len(names) != len(views):
            raise UserError(
                f"--person {choice} names {len(names)} people for {len(views)} views; name one in "
                "each view."
            )
        return [(names[0], tuple(view.person(name)[0] for view, name in zip(views, names)))]
    if len(views) == 1:
        return [(track.name, (track,)) for track in views[0].person(choice)]
    everybody = dict(_across(views, cameras))
    if choice == "all":
        return list(everybody.items())
    name = next(iter(everybody)) if choice == "largest" else choice
    if name not in everybody:
        known = ", ".join(list(everybody)[:20])
        raise UserError(
            f"There is no person {choice!r}; choose largest, all, one of {known}, or name one in "
            "each view, as in --person 0,1."
        )
    return [(name, everybody[name])]


def _across(views: Sequence[Detections], cameras: Sequence[Camera]) -> list[tuple[str, Person]]:
    """Everybody in several views, by name, from the largest on."""
    if all(len(view.people) == 1 for view in views):  # who else could it be
        return [(views[0].people[0].name, tuple(view.people[0] for view in views))]
    if not any(view.people for view in views):
        raise UserError("Nobody was found in any of the frames.")
    _require_alike(views)
    guessed = [camera.name for camera in cameras if camera.guessed]
    if guessed:
        raise UserError(
            "Who is who in several views is found with cameras that are known, but that of camera "
            f"{guessed[0]!r} is a guess; name one person in each view, as in --person 0,1."
        )
    people = people_across(views, cameras)
    together = any(sum(track is not None for track in person) > 1 for _, person in people)
    if sum(bool(view.people) for view in views) > 1 and not together:
        raise UserError(
            "No two views show the same person by these cameras: the calibration or the order of "
            "the views is wrong, or the videos do not start together."
        )
    return people


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
    guessed = [camera.name for camera in cameras if _stands_anywhere(camera)]
    if len(cameras) > 1 and guessed:
        raise UserError(
            f"Several views need cameras whose places are known, but that of camera {guessed[0]!r} "
            "is a guess; calibrate them together, and give the file with --camera."
        )


def _stands_anywhere(camera: Camera) -> bool:
    """Whether the camera's place is that of cameras of which none is known."""
    if not camera.guessed or camera.moves:
        return False
    rotation, translation = level_pose()
    centre = -camera.rotation.T @ camera.translation
    return bool(np.allclose(centre, -rotation.T @ translation))
