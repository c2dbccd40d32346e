"""From joints in the world to keypoints in every camera's image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from platypose.api import BuildContext, Projection, Quadratic
from platypose.api.kinds.projection import KIND as PROJECTION
from platypose.config import Chosen
from platypose.evidence import Observed
from platypose.registry import plugins

Local = Callable[
    [Float[Tensor, "H F V K 2"]],
    tuple[Float[Tensor, "H F"], Float[Tensor, "H F V K 2"], Float[Tensor, "H F V K 2 2"]],
]
"""From keypoints in the images, px, to nats, their gradient and their curvature by the pixels."""


NEAR = 3.0
"""Deviations of the evidence within which the projection is linear enough."""
WIDEST = 0.3
"""Tangent of the largest angle by which a keypoint is moved to the evidence."""


class Views:
    """V calibrated cameras that see K keypoints made of J joints.

    Arguments:
        projections: a camera model for each view.
        rotation: R of x_cam = R x_world + t, (V, 3, 3), or (F, V, 3, 3) where a camera moves.
        translation: t, metres, (V, 3), or (F, V, 3) where a camera moves.
        joints_to_keypoints: the linear map, (K, J).
    """

    def __init__(
        self,
        projections: Sequence[Projection],
        rotation: Float[Tensor, "*F V 3 3"],
        translation: Float[Tensor, "*F V 3"],
        joints_to_keypoints: Float[Tensor, "K J"],
    ) -> None:
        self.projections = tuple(projections)
        self.rotation = rotation
        self.translation = translation
        self.joints_to_keypoints = joints_to_keypoints

    @classmethod
    def of(cls, observed: Observed, context: BuildContext) -> Views:
        """The cameras of an evidence.

        Raises:
            UserError: a camera model or one of its parameters is unknown.
        """
        registry = plugins().registry(PROJECTION)
        projections = []
        for camera in observed.evidence.cameras:
            config = registry.configure(camera.projection, camera.parameters)
            projections.append(registry.build(Chosen(camera.projection, config), context))

        cameras = observed.evidence.cameras
        frames = (observed.evidence.num_frames,) if any(c.moves for c in cameras) else ()

        def stack(arrays: list[NDArray[np.float64]], *shape: int) -> Tensor:
            tensors = [torch.as_tensor(array).expand(*frames, *shape) for array in arrays]
            axis = len(frames)
            stacked = torch.stack(tensors, axis) if tensors else torch.zeros(*frames, 0, *shape)
            return stacked.to(device=context.device, dtype=context.dtype)

        return cls(
            projections,
            stack([camera.rotation for camera in cameras], 3, 3),
            stack([camera.translation for camera in cameras], 3),
            torch.as_tensor(observed.joints_to_keypoints).to(
                device=context.device, dtype=context.dtype
            ),
        )

    def in_camera(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F V K 3"]:
        """Keypoints in the frame of each camera, metres, from joints in the world."""
        return self._points(joints).permute(3, 0, 1, 4, 2)

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F V K 2"]:
        """Keypoints in each image, px, from joints in the world, metres."""
        return self._pixels(self._points(joints)).permute(3, 0, 1, 4, 2)

    @torch.no_grad()
    def quadratic(self, joints: Float[Tensor, "H F J 3"], local: Local) -> Quadratic:
        """An energy of pixels as one of joints in the world, to second order.

        The projection is taken as linear (Gauss and Newton): with its Jacobian P by a keypoint in
        the world, the curvature is the sum of Pᵀ W P over the views. For heading and curvature P
        is that at the keypoint, or, where the energy's minimum lies more than `NEAR` deviations
        away in the image, at a point of the same depth that is so near to it. The line of sight
        that is left open is then that of the evidence, and steps along it do not overshoot.

        Arguments:
            joints: in the world, metres.
            local: nats, their gradient and their positive semi-definite curvature W by the pixels.
        """
        points = self._points(joints)
        nats, slope, curvature = local(self._pixels(points).permute(3, 0, 1, 4, 2))
        slope, curvature = slope.permute(4, 1, 2, 0, 3), curvature.permute(4, 5, 1, 2, 0, 3)
        here = self._jacobians(points)
        nearer = self._nearer(points, here, slope, curvature)

        gradient = heading = self._by_joints(_times(here, slope))
        if nearer is not here:
            heading = self._by_joints(_times(nearer, slope))
        by_world = (self.rotation.mT @ nearer.flatten(3)).view_as(nearer)
        by_x, by_y = by_world[:, :, :, None].unbind(4)
        bent_x, bent_y = (_times(by_world, row)[:, :, None] for row in curvature.unbind())
        bent = torch.addcmul(by_x * bent_x, by_y, bent_y)
        return Quadratic(
            energy=nats,
            gradient=gradient,
            heading=heading,
            combination=self.joints_to_keypoints,
            curvature=bent.sum(1).permute(3, 0, 4, 1, 2),
        )

    @property
    def _turn(self) -> Float[Tensor, "*F W 3"]:
        """The rotations one below the other, W = 3 V."""
        return self.rotation.flatten(-3, -2)

    # In what follows hypotheses and keypoints come last in memory: products with a coordinate of
    # many points are several times as fast as many products of small matrices.

    def _points(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "F V 3 H K"]:
        """Keypoints in the frame of each camera."""
        points = joints.permute(1, 3, 0, 2) @ self.joints_to_keypoints.mT
        turned = self._turn @ points.flatten(2) + self.translation.flatten(-2)[..., None]
        return turned.reshape(len(points), -1, *points.shape[1:])

    def _pixels(self, points: Float[Tensor, "F V 3 H K"]) -> Float[Tensor, "F V 2 H K"]:
        each = zip(self.projections, points.permute(1, 3, 0, 4, 2).unbind(), strict=True)
        return torch.stack([project(seen).permute(1, 3, 0, 2) for project, seen in each], 1)

    def _jacobians(self, points: Float[Tensor, "F V 3 H K"]) -> Float[Tensor, "F V 3 2 H K"]:
        each = zip(self.projections, points.permute(1, 3, 0, 4, 2).unbind(), strict=True)
        by_point = [project.jacobian(seen).permute(1, 4, 3, 0, 2) for project, seen in each]
        return torch.stack(by_point, 1)

    def _by_joints(self, by_camera: Float[Tensor, "F V 3 H K"]) -> Float[Tensor, "H F J 3"]:
        """The derivative by joints in the world from that by keypoints in the cameras."""
        by_point = self._turn.mT @ by_camera.flatten(1, 2).flatten(2)
        by_point = by_point.reshape(len(by_camera), *by_camera.shape[2:])
        return (by_point @ self.joints_to_keypoints).permute(2, 0, 3, 1)

    def _nearer(
        self,
        points: Float[Tensor, "F V 3 H K"],
        here: Float[Tensor, "F V 3 2 H K"],
        slope: Float[Tensor, "2 F V H K"],
        curvature: Float[Tensor, "2 2 F V H K"],
    ) -> Float[Tensor, "F V 3 2 H K"]:
        """The Jacobians at points within `NEAR` deviations of the minimum: `here` where all are."""
        to_minimum = _to_minimum(slope, curvature)
        square = -(to_minimum * slope).sum(0)
        far = square > NEAR**2
        if not bool(far.any()):
            return here
        nearer = here.clone()
        for v, project in enumerate(self.projections):
            f, h, k = far[:, v].nonzero(as_tuple=True)
            there = _moved(
                points[f, v, :, h, k].T.contiguous(),
                here[f, v, :, :, h, k].permute(1, 2, 0).contiguous(),
                (1 - NEAR / square[f, v, h, k].sqrt()) * to_minimum[:, f, v, h, k],
            )
            nearer[f, v, :, :, h, k] = project.jacobian(there.T).mT
        return nearer


def _times(
    jacobian: Float[Tensor, "F V 3 2 H K"], row: Float[Tensor, "2 F V H K"]
) -> Float[Tensor, "F V 3 H K"]:
    """The row of two numbers that each point has, times its Jacobian."""
    by_x, by_y = jacobian.unbind(3)
    x, y = row[:, :, :, None].unbind()
    return torch.addcmul(x * by_x, y, by_y)


def _to_minimum(
    slope: Float[Tensor, " 2 *N"], curvature: Float[Tensor, "2 2 *N"]
) -> Float[Tensor, " 2 *N"]:
    """The way to the energy's minimum in the image, px."""
    a, b, _, d = curvature.flatten(0, 1).unbind()
    regular = 1e-3 * (a + d) + 1e-12
    return -_solve((a + regular, b, b, d + regular), slope)


def _moved(
    points: Float[Tensor, "3 N"],
    jacobian: Float[Tensor, "3 2 N"],
    move: Float[Tensor, "2 N"],
) -> Float[Tensor, "3 N"]:
    """Keypoints in a camera, moved across the line of sight by so many pixels."""
    a, c, b, d, *_ = jacobian.flatten(0, 1).unbind()
    across = _solve((a, b, c, d), move)
    most = WIDEST * points[2].abs() / across.square().sum(0).sqrt().clamp(min=1e-9)
    return torch.cat([points[:2] + most.clamp(max=1) * across, points[2:]])


def _solve(
    matrix: tuple[Tensor, Tensor, Tensor, Tensor], right: Float[Tensor, " 2 *N"]
) -> Float[Tensor, " 2 *N"]:
    """By Cramer's rule, of matrices (a, b), (c, d); 0 where one has no inverse."""
    a, b, c, d = matrix
    x, y = right.unbind()
    determinant = a * d - b * c
    inverse = torch.where(determinant.abs() < 1e-30, 0.0, determinant.reciprocal())
    return torch.stack([d * x - b * y, a * y - c * x]) * inverse
