"""The writer of a recording for the Rerun viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api import BuildContext, UserError
from platypose.evidence import Camera, Evidence
from platypose.lifting.result import Result
from platypose_viewer.config import RerunConfig
from platypose_viewer.limbs import limbs, side

Array = NDArray[Any]

NAME = "samples.rrd"
COLOURS = {"left": (0, 114, 178), "middle": (110, 110, 110), "right": (213, 94, 0)}
"""Blue, grey and vermilion, which people with any colour vision tell apart."""
THIN, BOLD = 0.002, 0.012
"""Radii of hypotheses and of their mean, metres."""


@attrs.frozen(kw_only=True)
class Recording:
    """A `Writer` of samples.rrd."""

    config: RerunConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write samples.rrd, with the timelines `frame` and `time`.

        Arguments:
            result: the hypotheses.
            evidence: what they were lifted from; its cameras stand in the scene.
            folder: where to write; it exists.

        Raises:
            UserError: the Rerun SDK is not installed.
        """
        try:
            import rerun
        except ModuleNotFoundError:
            raise UserError(
                "The writer rerun needs the SDK; "
                "install it with: pip install 'platypose-viewer[rerun]'"
            ) from None
        path = folder / NAME
        recording = rerun.RecordingStream("platypose")
        recording.save(str(path))
        recording.log("world", rerun.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        cameras = evidence.cameras if evidence is not None else ()
        for frame in range(result.samples.shape[1]):
            recording.set_time("frame", sequence=frame)
            recording.set_time("time", duration=frame / result.frame_rate)
            self._log_joints(rerun, recording, result, frame)
            for view, camera in enumerate(cameras[: result.projected.shape[2]]):
                if frame == 0 or camera.moves:
                    _log_camera(rerun, recording, camera, frame)
                self._log_image(rerun, recording, result, frame, view, camera.name)
        recording.flush()
        recording.disconnect()
        return (path,)

    def _log_joints(self, rerun: Any, recording: Any, result: Result, frame: int) -> None:
        names, bones = result.skeleton.joints, result.skeleton.bones
        sides = [COLOURS[side(names[a], names[b])] for a, b in bones]
        for entity, poses, radius in (
            ("hypotheses", result.joints[: self.config.hypotheses, frame], THIN),
            ("mean", result.joints[:, frame].mean(0)[None], BOLD),
        ):
            strips = _strips(poses, bones)
            lines = rerun.LineStrips3D(strips, colors=sides * len(poses), radii=radius)
            recording.log(f"world/{entity}", lines)

    def _log_image(
        self, rerun: Any, recording: Any, result: Result, frame: int, view: int, name: str
    ) -> None:
        names = result.keypoint_names
        pairs = limbs(names, result.skeleton)
        seen = result.weights[frame, view] > 0
        dots = rerun.Points2D(
            result.observed[frame, view, seen],
            colors=[COLOURS[side(name)] for name, there in zip(names, seen) if there],
            radii=3.0,
        )
        recording.log(f"world/{name}/keypoints", dots)
        poses = result.projected[: self.config.hypotheses, frame, view]
        sides = [COLOURS[side(names[a], names[b])] for a, b in pairs]
        lines = rerun.LineStrips2D(_strips(poses, pairs), colors=sides * len(poses), radii=0.5)
        recording.log(f"world/{name}/hypotheses", lines)


def _log_camera(rerun: Any, recording: Any, camera: Camera, frame: int) -> None:
    """Where a camera stands, and how it sees if it has a focal length."""
    one = camera.at(np.array([frame]))
    rotation, translation = one.rotation.reshape(3, 3), one.translation.reshape(3)
    place = rerun.Transform3D(translation=-rotation.T @ translation, mat3x3=rotation.T)
    recording.log(f"world/{camera.name}", place)
    if "focal" in camera.parameters:
        lens = rerun.Pinhole(
            focal_length=camera.parameters["focal"],
            principal_point=camera.parameters["centre"],
            resolution=camera.image_size,
        )
        recording.log(f"world/{camera.name}", lens, static=True)


def _strips(poses: Array, pairs: Any) -> Array:
    """(H * lines, 2, D) the ends of the lines of poses, (H, K, D)."""
    chosen = np.array(list(pairs), int).reshape(-1, 2)
    return poses[:, chosen].reshape(-1, 2, poses.shape[-1])


def build(config: RerunConfig, context: BuildContext) -> Recording:
    """The writer of `config`."""
    return Recording(config=config)
