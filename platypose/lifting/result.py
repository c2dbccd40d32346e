"""The hypotheses of one lifting run, and their file."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import IO, Any

import attrs
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from platypose.api import UserError
from platypose.files import write_atomically
from platypose.mapped import mapped_arrays, pieces, release
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

    def at(self, frames: NDArray[np.int64]) -> Result:
        """The same result at some frames alone, in their order; it lies in memory.

        Arguments:
            frames: indices, (N,).
        """
        taken = {}
        for name in _ARRAYS:
            array = getattr(self, name)
            if name not in BY_HYPOTHESIS:
                taken[name] = array[frames]
                continue
            some = np.empty((len(array), len(frames), *array.shape[2:]), array.dtype)
            for of_one, one in zip(some, array):
                of_one[...] = one[frames]
                release(array)
            taken[name] = some
        return attrs.evolve(self, **taken)

    @property
    def joints(self) -> NDArray[np.float32]:
        """(H, F, J, 3) joints in the world, metres."""
        return self.samples + self.root[:, :, None]

    def write(self, path: Path) -> None:
        """Write everything as one safetensors file.

        Raises:
            UserError: it cannot be written.
        """
        with write_atomically(path) as file:
            stream = ResultStream(file, self, self.samples.shape[1])
            stream.write(0, self)

    @classmethod
    def read(cls, path: str | Path) -> Result:
        """Read what `write` wrote. The arrays stay on the disk until they are touched.

        Raises:
            UserError: no such file, or another one.
        """
        path = Path(path)
        if not path.is_file():
            raise UserError(f"There is no file {path}.")
        try:
            with safe_open(path, framework="numpy") as file:
                header: dict[str, Any] = json.loads((file.metadata() or {}).get("platypose", "{}"))
            arrays = mapped_arrays(path)
        except (SafetensorError, OSError, json.JSONDecodeError, TypeError) as error:
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
        if not all(np.isfinite(piece).all() for _, piece in pieces(array)):
            raise UserError(f"{path} is damaged: {name} holds numbers that are not finite.")
    if not (np.isfinite(result.frame_rate) and result.frame_rate > 0):
        raise UserError(f"{path} is damaged: its frame rate is {result.frame_rate}.")
    if len(result.keypoint_names) != points:
        raise UserError(f"{path} is damaged: it does not name its {points} keypoints.")


BY_HYPOTHESIS = ("samples", "root", "energy", "projected")
"""The arrays whose axes begin with H and F; those of the others begin with F."""
_ARRAYS = (*BY_HYPOTHESIS, "observed", "weights")


class ResultStream:
    """The file of a result, whose frames are written some at a time.

    Its size is known before the first frame is: header first, then the arrays at their places.

    Arguments:
        file: open to write, at any place; empty, or a file of this kind and size.
        like: some frames of the result.
        frames: F in all.
    """

    def __init__(self, file: IO[bytes], like: Result, frames: int) -> None:
        self.file, self.like, self.frames = file, like, frames
        header = {
            "kind": "result",
            "format": FORMAT,
            "skeleton": like.skeleton.name,
            "joints": list(like.skeleton.joints),
            "frame_rate": like.frame_rate,
            "credit": like.credit,
            "keypoint_names": list(like.keypoint_names),
        }
        entries: dict[str, Any] = {
            "__metadata__": {"platypose": json.dumps(header, ensure_ascii=False)}
        }
        end = 0
        self.offset = {}
        for name in sorted(_ARRAYS):
            shape = self._shape(name)
            self.offset[name], end = end, end + 4 * prod(shape)
            entries[name] = {
                "dtype": "F32",
                "shape": list(shape),
                "data_offsets": [self.offset[name], end],
            }
        text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        self.begin = 8 + len(text)
        if file.seek(0, 2) == 0:
            file.write(len(text).to_bytes(8, "little") + text)
            file.truncate(self.begin + end)

    def write(self, start: int, some: Result) -> None:
        """Write consecutive frames.

        Arguments:
            start: the first one's index.
            some: the frames, with all hypotheses.
        """
        for name in _ARRAYS:
            array = np.ascontiguousarray(getattr(some, name), "<f4")
            for row, piece in enumerate(array if name in BY_HYPOTHESIS else array[None]):
                self._seek(name, row, start)
                self.file.write(piece.tobytes())

    def _shape(self, name: str) -> tuple[int, ...]:
        """Of the whole."""
        shape = getattr(self.like, name).shape
        if name in BY_HYPOTHESIS:
            return (shape[0], self.frames, *shape[2:])
        return (self.frames, *shape[1:])

    def _seek(self, name: str, row: int, frame: int) -> None:
        by_frame = 4 * prod(self._shape(name)[2 if name in BY_HYPOTHESIS else 1 :])
        self.file.seek(self.begin + self.offset[name] + (row * self.frames + frame) * by_frame)
