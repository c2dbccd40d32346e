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
        points = torch.einsum("kj,hfjc->hfkc", self.joints_to_keypoints, joints)
        turned = torch.einsum("...vdc,...kc->...vkd", self.rotation, points)
        return turned + self.translation[..., None, :]

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F V K 2"]:
        """Keypoints in each image, px, from joints in the world, metres."""
        points = self.in_camera(joints)
        pixels = [project(points[:, :, v]) for v, project in enumerate(self.projections)]
        return torch.stack(pixels, 2)

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
        points = self.in_camera(joints)
        each = list(enumerate(self.projections))
        pixels = torch.stack([project(points[:, :, v]) for v, project in each], 2)
        nats, slope, curvature = local(pixels)

        def jacobians(points: Float[Tensor, "H F V K 3"]) -> Float[Tensor, "H F V K 2 3"]:
            return torch.stack([project.jacobian(points[:, :, v]) for v, project in each], 2)

        here = jacobians(points)
        nearer = jacobians(_nearer(points, here, slope, curvature))
        turn = self.rotation[..., None, :, :]

        def by_joints(by_camera: Float[Tensor, "H F V K 2 3"]) -> Float[Tensor, "H F J 3"]:
            by_point = ((by_camera @ turn).mT @ slope[..., None])[..., 0].sum(2)
            return torch.einsum("kj,hfkc->hfjc", self.joints_to_keypoints, by_point)

        jacobian = nearer @ turn
        return Quadratic(
            energy=nats,
            gradient=by_joints(here),
            heading=by_joints(nearer),
            combination=self.joints_to_keypoints,
            curvature=(jacobian.mT @ curvature @ jacobian).sum(2),
        )


def _nearer(
    points: Float[Tensor, "H F V K 3"],
    jacobian: Float[Tensor, "H F V K 2 3"],
    slope: Float[Tensor, "H F V K 2"],
    curvature: Float[Tensor, "H F V K 2 2"],
) -> Float[Tensor, "H F V K 3"]:
    """Keypoints in cameras, moved across the line of sight to within `NEAR` of the minimum."""
    size = curvature.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None]
    regular = curvature + (1e-3 * size + 1e-12) * torch.eye(2).to(curvature)
    to_minimum = -_solve(regular, slope)
    deviations = (-to_minimum * slope).sum(-1, keepdim=True).clamp(min=1e-12).sqrt()
    across = _solve(jacobian[..., :2], (1 - NEAR / deviations).clamp(min=0) * to_minimum)
    most = WIDEST * points[..., 2:].abs() / across.norm(dim=-1, keepdim=True).clamp(min=1e-9)
    return torch.cat([points[..., :2] + most.clamp(max=1) * across, points[..., 2:]], -1)


def _solve(matrix: Float[Tensor, "*N 2 2"], right: Float[Tensor, "*N 2"]) -> Float[Tensor, "*N 2"]:
    """By Cramer's rule, which for so many small systems is faster than a general solver."""
    (a, b), (c, d) = (row.unbind(-1) for row in matrix.unbind(-2))
    x, y = right.unbind(-1)
    determinant = a * d - b * c
    small = determinant.abs() < 1e-30
    safe = torch.where(small, 1.0, determinant)
    solved = torch.stack([d * x - b * y, a * y - c * x], -1) / safe[..., None]
    return torch.where(small[..., None], 0.0, solved)
