"""The writer `bvh`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import attrs
import numpy as np
from scipy.spatial.transform import Rotation

from platypose.api import BuildContext
from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_export.config import BvhConfig
from platypose_export.motion import Array, motions
from platypose_export.rig import Animation, animate

ORDER = "ZXY"
END = 0.2
"""Length of the end site of a hand, a foot and the head, over that of the bone before it."""


@attrs.frozen(kw_only=True)
class Bvh:
    """A `Writer` of BVH files, one a motion."""

    config: BvhConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write pose-NAME.bvh.

        Raises:
            UserError: there is no such hypothesis.
        """
        scale = {"m": 1.0, "cm": 100.0}[self.config.unit]
        paths = []
        for motion in motions(result, self.config):
            paths.append(folder / f"pose-{motion.name}.bvh")
            animation = animate(scale * motion.joints, result.skeleton, self.config.up)
            with paths[-1].open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(line + "\n" for line in _lines(animation, result.frame_rate))
        return tuple(paths)


def build(config: BvhConfig, context: BuildContext) -> Bvh:
    """The writer of `config`."""
    return Bvh(config=config)


def _lines(animation: Animation, frame_rate: float) -> Iterator[str]:
    yield "HIERARCHY"
    yield from _node(animation, 0, "")
    frames, nodes = animation.rotations.shape[:2]
    yield "MOTION"
    yield f"Frames: {frames}"
    yield f"Frame Time: {1 / frame_rate:.10f}"
    angles = _angles(animation.rotations).reshape(frames, 3 * nodes)
    for row in np.concatenate([animation.root, angles], -1):
        yield " ".join(f"{value:.6f}" for value in row)


def _node(animation: Animation, node: int, indent: str) -> Iterator[str]:
    tree, offset = animation.rig, animation.offsets[node]
    position = "" if node else "Xposition Yposition Zposition "
    rotation = " ".join(f"{axis}rotation" for axis in ORDER)
    yield f"{indent}{'JOINT' if node else 'ROOT'} {tree.names[node]}"
    yield f"{indent}{{"
    inner = indent + "  "
    yield f"{inner}OFFSET {_numbers(offset)}"
    yield f"{inner}CHANNELS {3 if node else 6} {position}{rotation}"
    children = tree.children(node)
    for child in children:
        yield from _node(animation, child, inner)
    if not children:
        yield f"{inner}End Site"
        yield f"{inner}{{"
        yield f"{inner}  OFFSET {_numbers(END * offset)}"
        yield f"{inner}}}"
    yield f"{indent}}}"


def _angles(rotations: Array) -> Array:
    """Degrees about the axes of `ORDER`, one after another, without jumps of 360."""
    frames, nodes = rotations.shape[:2]
    with warnings.catch_warnings():
        # Where two axes fall together their angles are not unique, and any will do.
        warnings.filterwarnings("ignore", "Gimbal lock")
        angles = Rotation.from_quat(rotations.reshape(-1, 4)).as_euler(ORDER, degrees=True)
    return np.unwrap(angles.reshape(frames, nodes, 3), period=360, axis=0)


def _numbers(offset: Array) -> str:
    return " ".join(f"{value:.6f}" for value in offset)
