"""The record of what was seen, checked on construction."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api.errors import UserError
from platypose.evidence.checks import (
    Array,
    require_array,
    require_confidence,
    require_heatmaps,
    require_names,
)
from platypose.mapped import release


def _float64(value: Any) -> NDArray[np.float64]:
    return np.asarray(value, np.float64)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_length(value: Any) -> bool:
    return _is_number(value) and value >= 1 and float(value).is_integer()


@attrs.frozen(kw_only=True, eq=False)
class Camera:
    """One calibrated view.

    Attributes:
        name: as in the calibration.
        projection: name of a registered projection, such as "pinhole".
        parameters: that projection's options, such as focal and centre in pixels.
        rotation: R of x_cam = R x_world + t, (3, 3), or of a camera that moves (F, 3, 3).
        translation: t, metres, (3,), or of a camera that moves (F, 3).
        image_size: width and height, pixels.
        focal_deviation: standard deviation of the logarithm of the focal length; 0 where it is
            known.
        tilt_deviation: standard deviation of the camera's pitch, the turn about its x axis,
            radians; 0 where it is known.
        roll_deviation: standard deviation of the camera's lean, the turn about its z axis,
            radians; 0 where it is known.
    """

    name: str
    projection: str
    parameters: Mapping[str, Any]
    rotation: NDArray[np.float64] = attrs.field(converter=_float64)
    translation: NDArray[np.float64] = attrs.field(converter=_float64)
    image_size: tuple[int, int]
    focal_deviation: float = 0.0
    tilt_deviation: float = 0.0
    roll_deviation: float = 0.0

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise UserError(f"The name of a camera must be a text, not {self.name!r}.")
        where = f"camera {self.name!r}"
        frames = self.rotation.shape[:1] if self.moves else ()
        require_array(self.rotation, (*frames, 3, 3), f"rotation of {where}")
        require_array(self.translation, (*frames, 3), f"translation of {where}")
        wrong = np.abs(self.rotation @ self.rotation.swapaxes(-1, -2) - np.eye(3)) > 1e-3
        if wrong.any() or (np.linalg.det(self.rotation) < 0).any():
            raise UserError(f"The rotation of {where} is no rotation matrix.")
        if not isinstance(self.projection, str) or not isinstance(self.parameters, Mapping):
            raise UserError(
                f"The projection of {where} must be a name, its parameters a mapping of names."
            )
        if len(self.image_size) != 2 or not all(map(_is_length, self.image_size)):
            raise UserError(
                f"The image size of {where} must be two positive numbers, not {self.image_size}."
            )
        for name in ("focal_deviation", "tilt_deviation", "roll_deviation"):
            value = getattr(self, name)
            if not (_is_number(value) and 0 <= value < np.inf):
                raise UserError(
                    f"The {name} of {where} must be a number of at least 0, not {value!r}."
                )

    @property
    def guessed(self) -> bool:
        """Whether its focal length, its tilt or its roll is not known."""
        return max(self.focal_deviation, self.tilt_deviation, self.roll_deviation) > 0

    @property
    def moves(self) -> bool:
        """Whether rotation and translation are given for each frame."""
        return self.rotation.ndim == 3

    def at(self, frames: NDArray[np.int64]) -> Camera:
        """The same camera at some frames alone, in their order."""
        if not self.moves:
            return self
        return attrs.evolve(
            self, rotation=self.rotation[frames], translation=self.translation[frames]
        )


@attrs.frozen(kw_only=True, eq=False)
class Evidence:
    """What V cameras saw of one person in F frames, as K keypoints.

    Attributes:
        frame_rate: frames per second.
        keypoint_set: the detector's keypoint set, such as "coco-17".
        keypoint_names: the K keypoints present, names of that set.
        cameras: V calibrated views.
        keypoints: (F, V, K, 2) pixels.
        confidence: (F, V, K) in [0, 1]; 0 is a missing keypoint, whose coordinates mean nothing.
        covariance: (F, V, K, 2, 2) of the keypoints, px².
        heatmaps: (F, V, K, h, w) a detector's score on a grid, at least 0; uint8 or float32.
        cell_to_pixel: (F, V, K or 1, 2, 3) affine from heatmap cell (x, y, 1) to image pixel.
        joints_3d: (F, J, 3) joints measured in 3D, world metres.
        joints_3d_mask: (F, J) which of them were measured; all if None.
        root: (F, 3) the true position of the root joint, world metres; used only on request.
        credit: whom to thank for the data.
        first_frame: the video's frame that is frame 0 here.
    """

    frame_rate: float
    keypoint_set: str = "h36m-17"
    keypoint_names: tuple[str, ...] = ()
    cameras: tuple[Camera, ...] = ()
    keypoints: Array | None = None
    confidence: Array | None = None
    covariance: Array | None = None
    heatmaps: Array | None = None
    cell_to_pixel: Array | None = None
    joints_3d: Array | None = None
    joints_3d_mask: Array | None = None
    root: Array | None = None
    credit: str = ""
    first_frame: int = 0

    @property
    def num_frames(self) -> int:
        """F."""
        for array in (self.keypoints, self.heatmaps, self.joints_3d):
            if array is not None:
                return len(array)
        return 0

    def at(self, frames: NDArray[np.int64]) -> Evidence:
        """The same evidence at some frames alone, in their order; it lies in memory.

        Arguments:
            frames: indices, (N,).
        """
        arrays = {name: getattr(self, name) for name in BY_FRAME}
        taken = {name: array[frames] for name, array in arrays.items() if array is not None}
        if self.heatmaps is not None:
            release(self.heatmaps)
        return attrs.evolve(
            self,
            cameras=tuple(camera.at(frames) for camera in self.cameras),
            first_frame=self.first_frame + (int(frames[0]) if len(frames) else 0),
            **taken,
        )

    @classmethod
    def read(cls, path: str | Path) -> Evidence:
        """Read a safetensors or npz file.

        Raises:
            UserError: the file is missing, damaged, or holds something else.
        """
        from platypose.evidence.file import read

        return read(Path(path))

    def write(self, path: str | Path) -> None:
        """Write a safetensors or, where the name ends so, an npz file.

        Raises:
            UserError: the file cannot be written.
        """
        from platypose.evidence.file import write

        write(self, Path(path))

    def __attrs_post_init__(self) -> None:
        if not (np.isfinite(self.frame_rate) and self.frame_rate > 0):
            raise UserError(f"The frame rate must be a positive number, not {self.frame_rate!r}.")
        if not isinstance(self.first_frame, int) or self.first_frame < 0:
            raise UserError(
                f"first_frame must be a whole number of at least 0, not {self.first_frame!r}."
            )
        if self.keypoints is None and self.heatmaps is None and self.joints_3d is None:
            raise UserError("The evidence holds no keypoints, heatmaps or joints_3d.")
        frames, views, points = self.num_frames, len(self.cameras), len(self.keypoint_names)
        if frames == 0:
            raise UserError("The evidence has no frames.")
        self._check_names()
        for camera in self.cameras:
            if camera.moves and len(camera.rotation) != frames:
                raise UserError(
                    f"Camera {camera.name!r} moves over {len(camera.rotation)} frames, but the "
                    f"evidence has {frames}."
                )
        if self.keypoints is not None:
            require_array(self.keypoints, (frames, views, points, 2), "keypoints")
        if self.confidence is not None:
            require_confidence(self.confidence, (frames, views, points))
        if self.covariance is not None:
            require_array(self.covariance, (frames, views, points, 2, 2), "covariance")
        if self.heatmaps is not None:
            axes = {"frames": frames, "cameras": views, "keypoints": points}
            require_heatmaps(self.heatmaps, self.cell_to_pixel, axes)
        self._check_joints(frames)
        if self.root is not None:
            require_array(self.root, (frames, 3), "root")

    def _check_names(self) -> None:
        require_names(self.keypoint_set, self.keypoint_names)
        if self.keypoints is None and self.heatmaps is None:
            return
        if not self.keypoint_names:
            raise UserError("The evidence has keypoints or heatmaps but names none of them.")
        if not self.cameras:
            raise UserError("The evidence has keypoints or heatmaps but no camera.")

    def _check_joints(self, frames: int) -> None:
        if self.joints_3d is None:
            return
        joints = self.joints_3d.shape[1] if self.joints_3d.ndim == 3 else 0
        require_array(self.joints_3d, (frames, joints, 3), "joints_3d")
        if self.joints_3d_mask is not None:
            require_array(self.joints_3d_mask, (frames, joints), "joints_3d_mask")


BY_FRAME = (
    *("keypoints", "confidence", "covariance", "heatmaps", "cell_to_pixel"),
    *("joints_3d", "joints_3d_mask", "root"),
)
"""The arrays of an evidence, whose first axis is F in all of them."""
