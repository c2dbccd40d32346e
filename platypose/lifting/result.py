"""The hypotheses of one lifting run, and their file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from platypose.api import UserError
from platypose.files import write_atomically
from platypose.skeleton import Skeleton, skeleton

FORMAT = 1


@attrs.frozen(kw_only=True, eq=False)
class Result:
    """Posterior samples.

    Attributes:
        samples: (H, F, J, 3) joints relative to the root, world axes (z up), metres.
        root: (H, F, 3) the root in the world, metres.
        energy: (H, F) nats at the sample.
        skeleton: of the joints.
        frame_rate: frames per second.
        credit: of the evidence and of the prior's data.
        projected: (H, F, V, K, 2) the evidence's keypoints as the samples project, px.
        observed: (F, V, K, 2) the evidence's keypoints, or the centres of its heatmaps, px.
        weights: (F, V, K) their weight; 0 is a missing keypoint.
        keypoint_names: the K keypoints.
    """

    samples: NDArray[np.float32]
    root: NDArray[np.float32]
    energy: NDArray[np.float32]
    skeleton: Skeleton
    frame_rate: float
    credit: str
    projected: NDArray[np.float32]
    observed: NDArray[np.float32]
    weights: NDArray[np.float32]
    keypoint_names: tuple[str, ...]

    @property
    def joints(self) -> NDArray[np.float32]:
        """(H, F, J, 3) joints in the world, metres."""
        return self.samples + self.root[:, :, None]

    def write(self, path: Path) -> None:
        """Write everything as one safetensors file.

        Raises:
            UserError: it cannot be written.
        """
        header = {
            "kind": "result",
            "format": FORMAT,
            "skeleton": self.skeleton.name,
            "joints": list(self.skeleton.joints),
            "frame_rate": self.frame_rate,
            "credit": self.credit,
            "keypoint_names": list(self.keypoint_names),
        }
        metadata = {"platypose": json.dumps(header, ensure_ascii=False)}
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        with write_atomically(path) as file:
            file.write(save(arrays, metadata=metadata))

    @classmethod
    def read(cls, path: str | Path) -> Result:
        """Read what `write` wrote.

        Raises:
            UserError: no such file, or another one.
        """
        path = Path(path)
        if not path.is_file():
            raise UserError(f"There is no file {path}.")
        try:
            with safe_open(path, framework="numpy") as file:
                header: dict[str, Any] = json.loads((file.metadata() or {}).get("platypose", "{}"))
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, json.JSONDecodeError) as error:
            raise UserError(f"{path} is no result file, or is damaged ({error}).") from None
        if header.get("kind") != "result" or header.get("format") != FORMAT:
            raise UserError(f"{path} is no result of format {FORMAT}.")
        try:
            result = cls(
                **{name: arrays[name] for name in _ARRAYS},
                skeleton=skeleton(header["skeleton"]),
                frame_rate=float(header["frame_rate"]),
                credit=str(header["credit"]),
                keypoint_names=tuple(header["keypoint_names"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path} is no result file, or is damaged ({error!r}).") from None
        _check(result, path)
        return result


def _check(result: Result, path: Path) -> None:
    """Refuse arrays that do not go together.

    Raises:
        UserError: with the name of the first one.
    """
    hypotheses, frames = result.samples.shape[:2]
    views, points = result.weights.shape[1:] if result.weights.ndim == 3 else (0, 0)
    shapes = {
        "samples": (hypotheses, frames, len(result.skeleton.joints), 3),
        "root": (hypotheses, frames, 3),
        "energy": (hypotheses, frames),
        "projected": (hypotheses, frames, views, points, 2),
        "observed": (frames, views, points, 2),
        "weights": (frames, views, points),
    }
    for name, shape in shapes.items():
        array = getattr(result, name)
        if array.shape != shape or not (hypotheses and frames):
            raise UserError(f"{path} is damaged: {name} has shape {array.shape}, not {shape}.")
        if not np.isfinite(array).all():
            raise UserError(f"{path} is damaged: {name} holds numbers that are not finite.")
    if not (np.isfinite(result.frame_rate) and result.frame_rate > 0):
        raise UserError(f"{path} is damaged: its frame rate is {result.frame_rate}.")
    if len(result.keypoint_names) != points:
        raise UserError(f"{path} is damaged: it does not name its {points} keypoints.")


_ARRAYS = ("samples", "root", "energy", "projected", "observed", "weights")
