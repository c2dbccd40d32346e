"""From joints in the world to keypoints in every camera's image."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, Projection
from platypose.api.kinds.projection import KIND as PROJECTION
from platypose.config import Chosen
from platypose.evidence import Observed
from platypose.registry import plugins


class Views:
    """V calibrated cameras that see K keypoints made of J joints.

    Arguments:
        projections: a camera model for each view.
        rotation: R of x_cam = R x_world + t, (V, 3, 3).
        translation: t, metres, (V, 3).
        joints_to_keypoints: the linear map, (K, J).
    """

    def __init__(
        self,
        projections: Sequence[Projection],
        rotation: Float[Tensor, "V 3 3"],
        translation: Float[Tensor, "V 3"],
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

        def stack(arrays: list[object], *shape: int) -> Tensor:
            tensors = [torch.as_tensor(array) for array in arrays]
            stacked = torch.stack(tensors) if tensors else torch.zeros(0, *shape)
            return stacked.to(device=context.device, dtype=context.dtype)

        cameras = observed.evidence.cameras
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
        turned = torch.einsum("vdc,hfkc->hfvkd", self.rotation, points)
        return turned + self.translation[:, None]

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F V K 2"]:
        """Keypoints in each image, px, from joints in the world, metres."""
        points = self.in_camera(joints)
        pixels = [project(points[:, :, v]) for v, project in enumerate(self.projections)]
        return torch.stack(pixels, 2)
