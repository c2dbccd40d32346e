"""VideoPose3D: data_2d_*.npz, the 2D keypoints of many videos."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from platypose.api import BuildContext, UserError
from platypose.evidence import Detections
from platypose.unpickling import read_npz
from platypose_formats.config import VideoPose3DConfig
from platypose_formats.people import Found, detections

SETS = {"h36m": "h36m-17", "coco": "coco-17", "humaneva15": None}
"""Keypoint set by `layout_name`."""

MOST_BYTES = 1 << 30
"""Of an array; the largest that is published, of Human3.6M, has a third of it."""


class VideoPose3D:
    """Reads one video: of a subject, an action and a camera."""

    def __init__(self, config: VideoPose3DConfig, context: BuildContext) -> None:
        self.config = config

    def recognises(self, path: Path) -> bool:
        """Whether it is an .npz file with an array positions_2d."""
        try:
            with zipfile.ZipFile(path) as archive:
                return "positions_2d.npy" in archive.namelist()
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
            return False

    def read(self, path: Path) -> Detections:
        """The video that the options choose; these files hold no confidence.

        Raises:
            UserError: the file is damaged or something else, or holds more than one video.
        """
        content = read_npz(path, ["positions_2d", "metadata"], MOST_BYTES)
        metadata = content.get("metadata")
        if "positions_2d" not in content or not isinstance(metadata, dict):
            raise UserError(
                f"{path} is none of VideoPose3D's: positions_2d or metadata is missing."
            )
        keypoints = SETS.get(str(metadata.get("layout_name")))
        if keypoints is None:
            raise UserError(
                f"{path} has keypoints of {str(metadata.get('layout_name'))[:40]!r}; "
                "h36m and coco are read."
            )
        subject, actions = _choose(content["positions_2d"], self.config.subject, "subject", path)
        _, cameras = _choose(actions, self.config.action, "action", path)
        if not isinstance(cameras, (list, tuple, np.ndarray)):
            raise UserError(f"{path} has no list of cameras where one should be.")
        by_camera = {str(index): array for index, array in enumerate(cameras)}
        camera = None if self.config.camera is None else str(self.config.camera)
        _, video = _choose(by_camera, camera, "camera", path)
        return _detections(video, keypoints, metadata, subject, path)


def _choose(content: Any, wanted: str | None, option: str, path: Path) -> tuple[str, Any]:
    """The entry that was wanted, or the only one."""
    if not isinstance(content, dict) or not content:
        raise UserError(f"{path} has no {option} where one should be.")
    names = {str(name): value for name, value in content.items()}
    listed = ", ".join(list(names)[:20]) + (" and more" if len(names) > 20 else "")
    if wanted is None:
        if len(names) > 1:
            raise UserError(
                f"{path} holds several videos; choose one with --format videopose3d:{option}=, "
                f"of {listed}."
            )
        return next(iter(names.items()))
    if wanted not in names:
        raise UserError(f"{path} has no {option} {wanted!r}; it has {listed}.")
    return wanted, names[wanted]


def _detections(
    video: Any, keypoints: str, metadata: dict[Any, Any], name: str, path: Path
) -> Detections:
    fits = isinstance(video, np.ndarray) and video.ndim == 3 and video.dtype.kind in "fiu"
    if not fits or video.shape[1] != 17 or video.shape[2] not in (2, 3) or not len(video):
        shape = getattr(video, "shape", None)
        raise UserError(f"{path} has keypoints of shape {shape}; (frames, 17, 2) is expected.")
    points = video.astype(np.float64)
    if points.shape[2] == 2:
        points = np.concatenate([points, np.ones_like(points[..., :1])], -1)
    found = Found()
    for frame, person in enumerate(points):
        found.add(frame, person, identity="0")
    about = metadata.get("video_metadata")
    about = about.get(name) if isinstance(about, dict) else None
    about = about if isinstance(about, dict) else {}
    size = about.get("w"), about.get("h")
    rate = about.get("fps")
    known = all(isinstance(n, (int, float)) and 1 <= n < 1 << 16 for n in size)
    return detections(
        found,
        path,
        keypoints,
        first_frame=0,
        num_frames=len(points),
        frame_rate=float(rate) if isinstance(rate, (int, float)) and 0 < rate < 1e6 else None,
        image_size=(int(size[0]), int(size[1])) if known else None,  # type: ignore[arg-type]
    )
