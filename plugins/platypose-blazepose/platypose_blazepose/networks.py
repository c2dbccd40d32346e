"""The two networks, run by LiteRT on the processor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import attrs
import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from platypose.api import UserError
from platypose_blazepose.region import Region

SIDE = 256
"""Pixels of the cut-out that the network of the keypoints sees."""

CELL = 4
"""Pixels of the cut-out in one cell of the heatmap; cell c is pixel 4 c, not its middle."""

SEARCHED = 224
"""Pixels of the picture that the network of the people sees."""

STRIDES = {8: 2, 16: 2, 32: 6}
"""Pixels between anchors, and anchors at each place, in the order of the outputs."""


class Network:
    """One model file.

    Arguments:
        path: a .tflite file.
        threads: that it may use; 0 for as many as there are cores, and at most 4.

    Raises:
        UserError: the file is no such model.
    """

    def __init__(self, path: Path, threads: int) -> None:
        threads = threads or min(os.cpu_count() or 1, 4)
        try:
            self.interpreter = Interpreter(model_path=str(path), num_threads=threads)
            self.interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise UserError(f"{path} is no model for LiteRT ({error}).") from None
        (self.input,) = (each["index"] for each in self.interpreter.get_input_details())
        outputs = self.interpreter.get_output_details()
        self.outputs = {tuple(each["shape"][1:]): each["index"] for each in outputs}

    def __call__(self, image: NDArray[Any]) -> dict[tuple[int, ...], NDArray[Any]]:
        """Outputs of one picture, by their shape; shapes tell them apart."""
        self.interpreter.set_tensor(self.input, image[None].astype(np.float32))
        self.interpreter.invoke()
        return {shape: self.interpreter.get_tensor(i)[0] for shape, i in self.outputs.items()}


@attrs.frozen(kw_only=True, eq=False)
class Found:
    """What the network of the keypoints says of one region.

    Attributes:
        presence: probability that a person is there.
        heatmaps: (33, 64, 64) probabilities.
        cell_to_pixel: (2, 3) from cell (x, y, 1) to pixel of the picture.
        next_region: where to look for the person in the next frame.
    """

    presence: float
    heatmaps: NDArray[np.float32]
    cell_to_pixel: NDArray[np.float64]
    next_region: Region


class LandmarkNetwork(Network):
    """Finds the keypoints of the person in a region."""

    def find(self, image: NDArray[np.uint8], region: Region) -> Found:
        """Look at one region of a picture."""
        affine = region.to_image(SIDE)
        cut = cv2.warpAffine(
            image,
            affine,
            (SIDE, SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        )
        outputs = self(cut / 255)
        # x, y, depth, visibility and presence of 33 landmarks and of 6 points that guide the crop.
        points = outputs[(195,)].reshape(39, 5)[:, :2]
        hips, reach = points[33:35] @ affine[:, :2].T + affine[:, 2]
        scaled = affine.copy()
        scaled[:, :2] *= CELL
        return Found(
            presence=float(outputs[(1,)][0]),
            heatmaps=_sigmoid(outputs[(64, 64, 39)][..., :33].transpose(2, 0, 1)),
            cell_to_pixel=scaled,
            next_region=Region.around(hips, reach),
        )


class PersonNetwork(Network):
    """Finds people in a picture: a single-shot detector with anchors."""

    def __init__(self, path: Path, threads: int) -> None:
        super().__init__(path, threads)
        self.anchors = _anchors()

    def find(self, image: NDArray[np.uint8], least: float = 0.5) -> list[tuple[float, Region]]:
        """People with a probability of at least `least`, the surest first."""
        height, width = image.shape[:2]
        longer = max(height, width)
        # The picture in the middle of a black square.
        corner = np.array([(width - longer) / 2, (height - longer) / 2])
        scale = longer / SEARCHED
        affine = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
        small = cv2.warpAffine(
            image,
            affine,
            (SEARCHED, SEARCHED),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        )
        outputs = self(small / 127.5 - 1)
        raw, logits = outputs[len(self.anchors), 12], outputs[len(self.anchors), 1][:, 0]
        scores = _sigmoid(logits)
        likely = np.flatnonzero(scores >= least)
        likely = likely[np.argsort(-scores[likely])]
        points = raw[likely].reshape(-1, 6, 2) * scale
        # Centre of the box, its size, and four points, all but the size relative to the anchor.
        points[:, [0, 2, 3, 4, 5]] += (self.anchors[likely] * longer + corner)[:, None]
        return _merged(scores[likely], points)


def _anchors() -> NDArray[np.float64]:
    """Middles of the anchors, (2254, 2), in units of the picture's side."""
    places = []
    for stride, count in STRIDES.items():
        middles = (np.arange(SEARCHED // stride) + 0.5) / (SEARCHED // stride)
        grid = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
        places.append(np.repeat(grid, count, axis=0))
    return np.concatenate(places)


def _merged(
    scores: NDArray[np.floating[Any]], points: NDArray[Any], overlap: float = 0.3
) -> list[tuple[float, Region]]:
    """One region for each heap of boxes that overlap: the mean, weighted by the scores."""
    low, high = points[:, 0] - points[:, 1] / 2, points[:, 0] + points[:, 1] / 2
    area = np.prod(high - low, axis=-1)
    left, found = np.arange(len(scores)), []
    while len(left):
        best = left[0]
        sides = np.minimum(high[left], high[best]) - np.maximum(low[left], low[best])
        shared = np.prod(sides.clip(0), axis=-1)
        same = shared / (area[left] + area[best] - shared) > overlap
        same[0] = True
        heap = left[same]
        mean = np.average(points[heap], axis=0, weights=scores[heap])
        found.append((float(scores[best]), Region.around(mean[2], mean[3])))
        left = left[~same]
    return found


def _sigmoid(logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    value: NDArray[np.float32] = 1 / (1 + np.exp(-np.clip(logits, -80, 80), dtype=np.float32))
    return value
