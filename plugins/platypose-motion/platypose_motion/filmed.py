"""What one camera saw, as evidence."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import numpy.typing as npt

from platypose.evidence import Camera, Evidence
from platypose.motion.plausibility import runs
from platypose.skeleton import keypoint_set

Array = npt.NDArray[np.float64]


def pieces(
    camera: Camera,
    *,
    keypoints: Array,
    truth: Array,
    usable: npt.NDArray[np.bool_],
    keypoints_of: str,
    frame_rate: float,
    credit: str,
    names: tuple[str, ...] | None = None,
    confidence: Array | None = None,
) -> Iterator[Evidence]:
    """One evidence for each run of usable frames.

    Arguments:
        camera: its rotation and translation may have a first axis of F frames.
        keypoints: (F, K, 2) pixels.
        truth: (F, 17, 3) metres, world with z up.
        usable: (F,) whether a frame has a truth, a camera and detections.
        keypoints_of: name of the keypoint set.
        frame_rate: frames a second.
        credit: whom to thank.
        names: the K keypoints; all of the set if None.
        confidence: (F, K) in [0, 1].
    """
    for run in runs(usable):
        here = camera
        if camera.rotation.ndim == 3:
            here = attrs.evolve(
                camera, rotation=camera.rotation[run], translation=camera.translation[run]
            )
        yield Evidence(
            frame_rate=frame_rate,
            keypoint_set=keypoints_of,
            keypoint_names=names or keypoint_set(keypoints_of).keypoints,
            cameras=(here,),
            keypoints=keypoints[run, None],
            confidence=None if confidence is None else confidence[run, None],
            joints_3d=truth[run],
            credit=credit,
        )
