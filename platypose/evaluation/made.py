"""People of motion sets, as cameras would have seen them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from platypose.api import BuildContext, UserError
from platypose.compute import plain_context
from platypose.evaluation.excerpt import Excerpt, Scene, cut
from platypose.evidence import Camera, Evidence, observe
from platypose.lifting.views import Views
from platypose.motion import MotionSet
from platypose.skeleton import keypoint_set, skeleton

Array = NDArray[np.float64]

NEAREST = 0.5
"""Metres in front of a camera, without which it does not see a joint."""
EXACT_PX = 1.0
"""What exact keypoints are said to be good to, px, so that an energy has a scale."""
DRAWS = 20_240_306
"""Of the generator of cameras and headings; a group's number is added."""


class MadeSource:
    """Clips of motion sets, each turned about the vertical at random before one camera or several.

    A clip stands with its lowest joint on the floor and the middle of its root's path where the
    axes of the cameras meet. The camera is drawn among those in whose image the
    whole clip is; further ones stood beside it, and see the whole clip as well.

    Arguments:
        paths: motion sets.
        cameras: to draw from.
        split: of the motion sets.
        frames: of a clip, at most.
        spacing: frames from the start of one clip to the next, at least.
        frame_rate: that the prior knows.
        keypoints: the keypoint set in which the cameras see.
        views: cameras that see a clip at once.

    Raises:
        UserError: a file is no motion set, has no such split, or has another skeleton.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        cameras: Sequence[Camera],
        *,
        split: str,
        frames: int,
        spacing: int,
        frame_rate: float,
        keypoints: str,
        views: int = 1,
    ) -> None:
        self.cameras = tuple(cameras)
        self.rigs = [_rig(self.cameras, first, views) for first in range(len(self.cameras))]
        self.motions = [_read(path) for path in paths]
        self.names = [path.stem for path in paths]
        self.split, self.frames, self.spacing = split, frames, spacing
        self.every = [every(float(motion.frame_rate), frame_rate) for motion in self.motions]
        pose = skeleton(self.motions[0].skeleton)
        names = tuple(keypoint_set(keypoints).expressible(pose))
        self.blank = Evidence(
            frame_rate=frame_rate,
            keypoint_set=keypoints,
            keypoint_names=names,
            cameras=self.cameras,
            keypoints=np.zeros((1, len(self.cameras), len(names), 2)),
            credit=self.credit,
        )
        context: BuildContext = attrs.evolve(plain_context(), dtype=torch.float64)
        every_view = Views.of(observe(self.blank, pose), context)
        self.views = [
            Views(
                [every_view.projections[v] for v in rig],
                every_view.rotation[rig],
                every_view.translation[rig],
                every_view.joints_to_keypoints,
            )
            for rig in self.rigs
        ]
        self.middle = meeting_point(self.cameras)

    @property
    def credit(self) -> str:
        """Whom to thank for the data."""
        return " ".join(dict.fromkeys(motion.credit for motion in self.motions)).strip()

    def excerpts(self) -> list[Excerpt]:
        """The clips of all recordings of the split, in the order of the files."""
        found = []
        for index, (name, motion) in enumerate(zip(self.names, self.motions)):
            for number, clip in enumerate(motion.clips):
                if clip.split != self.split:
                    continue
                length = -(-clip.frames // self.every[index])
                found += [
                    Excerpt(
                        recording=clip.name,
                        subject=clip.subject,
                        data_set=name,
                        action=clip.action,
                        source=index << 32 | number,
                        start=start,
                        frames=frames,
                    )
                    for start, frames in cut(length, self.frames, self.spacing)
                ]
        if not found:
            raise UserError(
                f"--data: {', '.join(self.names)} has no clip of the split {self.split!r}."
            )
        return found

    def group(self, chosen: Sequence[Excerpt], *, together: int) -> list[tuple[Excerpt, ...]]:
        """Clips as they come, so many together."""
        return [tuple(chosen[i : i + together]) for i in range(0, len(chosen), together)]

    def see(self, group: tuple[Excerpt, ...], number: int) -> Scene | None:
        """A group before cameras that are drawn by its number."""
        draw = torch.Generator().manual_seed(DRAWS + number)
        turns = (2 * math.pi * torch.rand(len(group), generator=draw, dtype=torch.float64)).tolist()
        order = torch.randperm(len(self.cameras), generator=draw).tolist()
        placed = [self._placed(excerpt, turn) for excerpt, turn in zip(group, turns)]
        ends = np.cumsum([excerpt.frames for excerpt in group])
        joints, kept, camera = np.concatenate(placed), np.zeros(len(group), bool), order[0]
        for other in order:
            seen = np.array(
                [run.all() for run in np.split(self._visible(joints, other), ends[:-1])]
            )
            if seen.sum() > kept.sum():
                kept, camera = seen, other
            if kept.all():
                break
        if not kept.any():
            return None
        chosen = [i for i in range(len(group)) if kept[i]]
        truth = np.concatenate([placed[i] for i in chosen])
        pixels = self.views[camera](torch.from_numpy(truth)[None])[0].numpy()
        evidence = attrs.evolve(
            self.blank,
            cameras=tuple(self.cameras[v] for v in self.rigs[camera]),
            keypoints=pixels,
            covariance=np.broadcast_to(EXACT_PX**2 * np.eye(2), (*pixels.shape, 2)).copy(),
            root=truth[:, 0],
        )
        return Scene(excerpts=tuple(group[i] for i in chosen), evidence=evidence, truth=truth)

    def _placed(self, excerpt: Excerpt, turn: float) -> Array:
        index, number = excerpt.source >> 32, excerpt.source & 0xFFFFFFFF
        motion = self.motions[index]
        joints = motion.of(motion.clips[number])[:: self.every[index]]
        joints = joints[excerpt.start : excerpt.start + excerpt.frames].astype(np.float64)
        cos, sin = math.cos(turn), math.sin(turn)
        joints = joints @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
        path = joints[:, 0, :2]
        middle = (path.min(0) + path.max(0)) / 2
        placed: Array = joints - np.array([*(middle - self.middle), joints[..., 2].min()])
        return placed

    def _visible(self, joints: Array, camera: int) -> NDArray[np.bool_]:
        """In which frames all of the person is in the images of a camera and those beside it."""
        world = torch.from_numpy(joints)[None]
        pixels = self.views[camera](world)[0].numpy()  # (F, V, K, 2)
        depth = self.views[camera].in_camera(world)[0, ..., 2].numpy()
        sizes = np.array([self.cameras[v].image_size for v in self.rigs[camera]])
        inside = (pixels >= 0) & (pixels < sizes[:, None])
        return np.asarray(inside.all((1, 2, 3)) & (depth > NEAREST).all((1, 2)))


def _rig(cameras: Sequence[Camera], first: int, views: int) -> list[int]:
    """A camera and those that come after it among the cameras around the same person.

    Raises:
        UserError: there are fewer.
    """
    person = cameras[first].name.partition("/")[0]
    around = [v for v, camera in enumerate(cameras) if camera.name.partition("/")[0] == person]
    if views > len(around):
        raise UserError(f"views is {views}, but {len(around)} cameras stood around {person}.")
    place = around.index(first)
    return [around[(place + step) % len(around)] for step in range(views)]


def meeting_point(cameras: Sequence[Camera]) -> Array:
    """Where on the floor the axes of cameras come nearest to one another, (2,) metres."""
    matrix, right = np.zeros((2, 2)), np.zeros(2)
    for camera in cameras:
        axis = camera.rotation[2, :2] / np.linalg.norm(camera.rotation[2, :2])
        across = np.eye(2) - np.outer(axis, axis)
        matrix += across
        right += across @ -(camera.rotation.T @ camera.translation)[:2]
    point: Array = np.asarray(np.linalg.solve(matrix, right), np.float64)
    return point


def every(frame_rate: float, wanted: float) -> int:
    """Which frames to take to come near another frame rate: every n-th."""
    return max(1, round(frame_rate / wanted))


def _read(path: Path) -> MotionSet:
    motion = MotionSet.read(path)
    if motion.skeleton != "h36m-17":
        raise UserError(f"--data {path} has the skeleton {motion.skeleton!r}; h36m-17 is expected.")
    return motion
