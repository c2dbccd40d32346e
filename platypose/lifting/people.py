"""Who is lifted: files of evidence and of cameras in, the evidence of each person out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from platypose.api import UserError
from platypose.evidence import Camera, Detections, Evidence
from platypose.evidence.cameras import choose_cameras, fit_to_image, read_cameras
from platypose.evidence.compose import evidence_of, people_of
from platypose.evidence.guess import guessed_camera, tilted
from platypose.evidence.reading import read_evidence
from platypose.evidence.refine import refined
from platypose.lifting.config import LiftConfig


def read_people(config: LiftConfig) -> dict[str, Evidence]:
    """The evidence of those who are to be lifted, by name.

    Of several cameras that are only about known it has what they are found to be.

    Raises:
        UserError: a file or an option is wrong, or they do not go together.
    """
    seen = [
        read_evidence(path, config.format, image_size=config.image_size) for path in config.evidence
    ]
    views = [view for view in seen if isinstance(view, Detections)]
    where = ", ".join(map(str, config.evidence))
    try:
        if len(views) < len(seen):
            return {"0": refined(_with_cameras(seen, config))}
        sizes = [config.image_size or view.image_size for view in views]
        noted = views[0].focal if views[0].image_size == sizes[0] else None
        cameras = _cameras(config, sizes, noted)
        return {
            name: refined(evidence_of(views, cameras, tracks, config.frame_rate))
            for name, tracks in people_of(views, cameras, config.person)
        }
    except UserError as error:
        raise UserError(_placed(str(error), where)) from None


def resolved(config: LiftConfig) -> LiftConfig:
    """The same, with paths that hold from any folder."""
    camera = config.camera
    if camera is not None and Path(camera).exists():
        camera = str(Path(camera).resolve())
    evidence = tuple(path.resolve() for path in config.evidence)
    return attrs.evolve(config, evidence=evidence, camera=camera)


def _with_cameras(seen: Sequence[Detections | Evidence], config: LiftConfig) -> Evidence:
    """The one evidence that has cameras of its own."""
    evidence = seen[0]
    if len(seen) > 1 or not isinstance(evidence, Evidence):
        raise UserError(
            "evidence with cameras stands alone; several files are for detections, one for each "
            "camera."
        )
    for option in ("fov", "tilt", "image_size"):
        if getattr(config, option) is not None:
            raise UserError(f"--{option.replace('_', '-')} is for files that have no cameras.")
    if config.person not in ("largest", "all", "0"):
        raise UserError(f"there is no person {config.person!r}; this evidence is of one person.")
    if config.frame_rate is not None:
        evidence = attrs.evolve(evidence, frame_rate=config.frame_rate)
    if config.camera is None:
        if config.views:
            raise UserError("--view names cameras of --camera, and there is none.")
        return evidence
    sizes = [camera.image_size for camera in evidence.cameras]
    return attrs.evolve(evidence, cameras=_cameras(config, sizes))


def _cameras(
    config: LiftConfig, sizes: Sequence[tuple[int, int] | None], noted: float | None = None
) -> tuple[Camera, ...]:
    """One for each view: from a file or a preset, or a guess by what the only video notes."""
    if config.camera is None:
        return (_guess(config, sizes, noted),)
    if config.fov is not None:
        raise UserError("--fov is for a video without a camera file; leave it or --camera out.")
    cameras = read_cameras(config.camera, config.camera_format)
    cameras = choose_cameras(cameras, config.views, len(sizes))
    if config.tilt is not None:
        cameras = tuple(tilted(camera, config.tilt) for camera in cameras)
    return tuple(
        fit_to_image(camera, size, rescale=config.rescale_camera)
        for camera, size in zip(cameras, sizes)
    )


def _guess(
    config: LiftConfig, sizes: Sequence[tuple[int, int] | None], noted: float | None
) -> Camera:
    if len(sizes) > 1:
        raise UserError("several views need their cameras; give the calibration with --camera.")
    for option, value in (("--view", config.views), ("--camera-format", config.camera_format)):
        if value:
            raise UserError(f"{option} is for a camera file, and there is no --camera.")
    if sizes[0] is None:
        raise UserError(
            "the file does not say the size of the picture; give --image-size, as in 1920x1080."
        )
    return guessed_camera(sizes[0], fov=config.fov, tilt=config.tilt, noted=noted)


def _placed(message: str, where: str) -> str:
    """A message that names an option or a file says enough; to others the files are added."""
    return message if message.startswith(("--", "/")) else f"{where}: {message}"
