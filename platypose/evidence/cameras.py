"""Cameras by the name of a file or a preset, and made to suit a video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from platypose.api.errors import UserError, close_matches
from platypose.api.kinds.calibration import KIND as CALIBRATION
from platypose.api.kinds.calibration import Calibration
from platypose.evidence.camera_file import is_own, read_own
from platypose.evidence.evidence import Camera
from platypose.evidence.presets import preset

if TYPE_CHECKING:
    from platypose.config import Chosen


def read_cameras(source: str, chosen: Chosen[Calibration] | None = None) -> tuple[Camera, ...]:
    """The cameras of a file or folder, or of a preset.

    Arguments:
        source: a path, or the name of a preset such as "h36m:S1/54138969".
        chosen: the format; None takes Platypose's own or asks each component for its.

    Raises:
        UserError: there is no such file or preset, no component or more than one recognises it,
            or it is damaged.
    """
    path = Path(source)
    if not _exists(path):
        found = preset(source)
        if found is None:
            raise UserError(f"--camera {source}: there is no such file, and no such preset.")
        return found
    if chosen is None and is_own(path):
        cameras = read_own(path)
    else:
        cameras = _component(path, chosen).read(path)
    if not cameras:
        raise UserError(f"{path} holds no camera.")
    names = [camera.name for camera in cameras]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UserError(f"{path} has two cameras called {twice[0]!r}.")
    return cameras


def choose_cameras(
    cameras: Sequence[Camera], names: Sequence[str], views: int
) -> tuple[Camera, ...]:
    """One camera for each view.

    Arguments:
        cameras: those at hand.
        names: of the cameras that took the views, in their order; none for all as they come.
        views: how many views there are.

    Raises:
        UserError: a name is unknown or stands twice, or the numbers differ.
    """
    known = [camera.name for camera in cameras]
    for name in names:
        if name not in known:
            raise UserError(f"--view {name}: there is no such camera{close_matches(name, known)}.")
    if len(set(names)) < len(names):
        raise UserError("--view names a camera twice.")
    chosen = [cameras[known.index(name)] for name in names] if names else list(cameras)
    if len(chosen) != views:
        raise UserError(
            f"{_number(views, 'evidence file')} and {_number(len(chosen), 'camera')} do not go "
            f"together; give one of each, in the same order, or name the cameras with --view "
            f"(there is {', '.join(known[:12])}{', …' if len(known) > 12 else ''})."
        )
    return tuple(chosen)


def fit_to_image(camera: Camera, image_size: tuple[int, int] | None, *, rescale: bool) -> Camera:
    """A camera for a video of some size.

    Arguments:
        camera: as calibrated.
        image_size: width and height of the video, pixels; None where it is not known.
        rescale: whether the video is the calibrated picture at another size.

    Raises:
        UserError: the sizes differ and `rescale` is false, or the camera cannot be rescaled.
    """
    if image_size is None or tuple(image_size) == tuple(camera.image_size):
        return camera
    (width, height), (old_width, old_height) = image_size, camera.image_size
    sizes = (
        f"the video of camera {camera.name!r} is {width} x {height} pixels, but it was calibrated "
        f"at {old_width} x {old_height}"
    )
    if not rescale:
        raise UserError(
            f"{sizes[0].upper()}{sizes[1:]}; --rescale-camera takes the one for the other at "
            "another size."
        )
    scale = width / old_width, height / old_height
    if abs(scale[0] / scale[1] - 1) > 0.02:
        raise UserError(f"--rescale-camera: {sizes}, which is another shape.")
    parameters = dict(camera.parameters)
    if not {"focal", "centre"} <= set(parameters):
        raise UserError(
            f"--rescale-camera: the projection {camera.projection!r} of camera {camera.name!r} has "
            "no focal length and centre to rescale."
        )
    try:
        parameters["focal"] = [f * s for f, s in zip(parameters["focal"], scale)]
        # A pixel's centre has whole coordinates, so that the picture begins at −½.
        parameters["centre"] = [(c + 0.5) * s - 0.5 for c, s in zip(parameters["centre"], scale)]
    except TypeError:
        raise UserError(
            f"focal and centre of camera {camera.name!r} must each be two numbers."
        ) from None
    return attrs.evolve(camera, parameters=parameters, image_size=(width, height))


def _component(path: Path, chosen: Chosen[Calibration] | None) -> Calibration:
    from platypose.compute import plain_context
    from platypose.config import Chosen
    from platypose.registry import plugins

    registry, context = plugins().registry(CALIBRATION), plain_context()
    if chosen is not None:
        return registry.build(chosen, context)
    found = []
    for name in registry.names():
        component = registry.build(Chosen(name, registry.configure(name, {})), context)
        if component.recognises(path):
            found.append((name, component))
    if len(found) == 1:
        return found[0][1]
    names = [name for name, _ in found] or registry.names()
    which = "could be any of" if found else "is of none of"
    raise UserError(
        f"{path} {which} the camera formats {', '.join(names)}; name one with --camera-format."
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
