"""Lines of sight: where in the world a keypoint may be that a camera sees."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api.kinds.projection import Projection
from platypose.evidence.checks import Array
from platypose.evidence.evidence import Camera

Numbers = NDArray[np.float64]

LEAST_ANGLE = np.radians(3.0)
"""Lines nearer to parallel than that meet nowhere in particular."""


@attrs.frozen(eq=False)
class Sight:
    """The lines of sight of K keypoints in N frames.

    Attributes:
        origin: (N, K, 3) a point on the line, world metres.
        direction: (N, K, 3) of length 1.
        pixels: (N, K, 2, 3) times a step in the world, metres, and divided by the depth where
            `perspective`: how far the image moves, px.
        rotation: (N or 1, 3, 3) of the camera.
        translation: (N or 1, 3) of the camera, metres.
        perspective: whether things look smaller from afar.
    """

    origin: Numbers
    direction: Numbers
    pixels: Numbers
    rotation: Numbers
    translation: Numbers
    perspective: bool

    def at(self, rows: NDArray[np.int64]) -> Sight:
        """The same in some of the frames."""
        moving = len(self.rotation) > 1
        return attrs.evolve(
            self,
            origin=self.origin[rows],
            direction=self.direction[rows],
            pixels=self.pixels[rows],
            rotation=self.rotation[rows] if moving else self.rotation,
            translation=self.translation[rows] if moving else self.translation,
        )

    def gap(self, other: Sight, size: Numbers, other_size: Numbers) -> Numbers:
        """How far two lines of sight pass by one another, in sizes of what is seen there.

        Arguments:
            other: the same keypoints in the same frames as another camera saw them.
            size: (N,) of the person in this camera's picture, px.
            other_size: (N,) in that of the other.

        Returns:
            (N, K) the distance between the lines divided by the root of the sum of the squares of
            the two sizes, each in metres at the distance where the lines pass. NaN for lines that
            are next to parallel, infinite where they pass behind a camera.
        """
        between = other.origin - self.origin
        cosine = (self.direction * other.direction).sum(-1)
        sine = 1 - cosine**2
        clear = sine > np.sin(LEAST_ANGLE) ** 2
        safe = np.where(clear, sine, 1.0)
        along = (between * self.direction).sum(-1)
        back = (between * other.direction).sum(-1)
        here = self.origin + ((along - cosine * back) / safe)[..., None] * self.direction
        there = other.origin + ((cosine * along - back) / safe)[..., None] * other.direction
        normal = np.cross(self.direction, other.direction) / np.sqrt(safe)[..., None]
        distance = np.abs((between * normal).sum(-1))
        metres = self._metres(here, normal, size), other._metres(there, normal, other_size)
        ahead = (metres[0] > 0) & (metres[1] > 0)
        gap = distance / np.where(ahead, np.hypot(*metres), 1.0)
        passing: Numbers = np.where(clear, np.where(ahead, gap, np.inf), np.nan)
        return passing

    def _metres(self, points: Numbers, normal: Numbers, size: Numbers) -> Numbers:
        """What a size in px is at a point, across the line of sight; not above 0 behind."""
        moved = np.linalg.norm((self.pixels @ normal[..., None])[..., 0], axis=-1)
        metres: Numbers = size[:, None] / np.maximum(moved, 1e-12)
        if not self.perspective:
            return metres
        depth = (points * self.rotation[:, None, 2]).sum(-1) + self.translation[:, None, 2]
        seen: Numbers = metres * depth
        return seen


def sights(camera: Camera, keypoints: Array) -> Sight:
    """The lines on which keypoints lie.

    Arguments:
        camera: with a pose for each of the N frames, or one for all.
        keypoints: (N, K, 2) pixels.

    Raises:
        UserError: the camera model or one of its parameters is unknown.
    """
    import torch

    projection = projection_of(camera)
    a, b = (
        tensor.numpy()
        for tensor in projection.sight_lines(torch.as_tensor(keypoints, dtype=torch.float64))
    )
    rotation = camera.rotation.reshape(-1, 3, 3)
    translation = camera.translation.reshape(-1, 3)
    # In the world the line is A (R x + t) = b; its point nearest to the camera is A⁺ b.
    inner = np.einsum("nkij,nklj->nkil", a, a)
    in_camera = np.einsum("nkji,nkj->nki", a, np.linalg.solve(inner, b[..., None])[..., 0])
    direction = np.cross(a[..., 0, :], a[..., 1, :])
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    turn = rotation[:, None]
    return Sight(
        origin=((in_camera - translation[:, None])[..., None, :] @ turn)[..., 0, :],
        direction=(direction[..., None, :] @ turn)[..., 0, :],
        pixels=a @ turn,
        rotation=rotation,
        translation=translation,
        perspective=projection.perspective,
    )


def projection_of(camera: Camera) -> Projection:
    """A camera's model, to be used with numbers of double precision.

    Raises:
        UserError: the camera model or one of its parameters is unknown.
    """
    import torch

    from platypose.api.kinds.projection import KIND
    from platypose.compute import plain_context
    from platypose.config import Chosen
    from platypose.registry import plugins

    registry = plugins().registry(KIND)
    config = registry.configure(camera.projection, camera.parameters)
    context = attrs.evolve(plain_context(), dtype=torch.float64)
    return registry.build(Chosen(camera.projection, config), context)
