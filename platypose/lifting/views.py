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

        The projection is taken as linear about the joints (Gauss and Newton): with its Jacobian P
        by a keypoint in the world, the curvature is the sum of Pᵀ W P over the views.

        Arguments:
            joints: in the world, metres.
            local: nats, their gradient and their positive semi-definite curvature W by the pixels.
        """
        points = self.in_camera(joints)
        each = list(enumerate(self.projections))
        pixels = torch.stack([project(points[:, :, v]) for v, project in each], 2)
        by_camera = torch.stack([project.jacobian(points[:, :, v]) for v, project in each], 2)
        jacobian = by_camera @ self.rotation[..., None, :, :]
        nats, slope, curvature = local(pixels)
        by_point = (jacobian.mT @ slope[..., None])[..., 0].sum(2)
        return Quadratic(
            energy=nats,
            gradient=torch.einsum("kj,hfkc->hfjc", self.joints_to_keypoints, by_point),
            combination=self.joints_to_keypoints,
            curvature=(jacobian.mT @ curvature @ jacobian).sum(2),
        )
