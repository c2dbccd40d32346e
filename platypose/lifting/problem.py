"""Poses, roots and evidence, as second-order samplers see them."""

from __future__ import annotations

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Energy, Expansion, RootPrior
from platypose.checkpoint.residual import ResidualCovariance
from platypose.lifting.curvature import expand, pieces
from platypose.lifting.root import Root
from platypose.lifting.unknown_camera import UnknownCamera


@attrs.frozen(kw_only=True, eq=False)
class LiftingProblem:
    """A `platypose.api.Problem`: joints in the world are scale · x0 + root.

    Attributes:
        energies: of joints in the world, each with its scale.
        scale: metres in one unit of the prior's poses.
        solve: the root that suits a pose best; None where it is known without the pose.
        root: what is known of it.
        residual: of the denoiser.
        motion: whether the prior ties frames together.
        chunk: poses that the energies are given at once; None is all.
        camera: what is unknown of it; None where it is known.
    """

    energies: tuple[tuple[float, Energy], ...]
    scale: float
    solve: Root | None
    root: RootPrior
    residual: ResidualCovariance | None
    motion: bool
    chunk: int | None = None
    camera: UnknownCamera | None = None

    def place(self, x0: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F 3"]:
        """The root of each pose that suits the evidence best, metres."""
        if self.solve is None:
            return self.root.mean.expand(len(x0), -1, -1)
        return self.solve(self.scale * x0)

    def energy(
        self, x0: Float[Tensor, "H F J 3"], root: Float[Tensor, "H F 3"]
    ) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame."""
        joints, at_once = self._joints(x0, root), self._at_once(x0)
        total = joints.new_zeros(joints.shape[:2])
        for scale, energy in self.energies:
            nats = [of_some(some) for of_some, some in pieces(energy, joints, at_once)]
            total = total + scale * torch.cat(nats)
        return total

    def _at_once(self, x0: Float[Tensor, "H F J 3"]) -> int:
        """Hypotheses."""
        return len(x0) if self.chunk is None else max(1, self.chunk // x0.shape[1])

    def expand(self, x0: Float[Tensor, "H F J 3"], root: Float[Tensor, "H F 3"]) -> Expansion:
        """The energy to second order in the pose and the root."""
        nats, slope, curvature, strength = expand(
            self.energies, self._joints(x0, root), self._at_once(x0)
        )
        size = curvature.shape[1]
        of_pose = self.scale * torch.eye(size).to(x0)
        of_root = torch.eye(3).to(x0).repeat(size // 3, 1)
        jacobian = torch.cat([of_pose, of_root], 1)
        return Expansion(
            energy=nats,
            gradient=slope.flatten(2) @ jacobian,
            curvature=jacobian.mT @ curvature @ jacobian,
            strength=strength,
        )

    def _joints(
        self, x0: Float[Tensor, "H F J 3"], root: Float[Tensor, "H F 3"]
    ) -> Float[Tensor, "H F J 3"]:
        return self.scale * x0 + root[:, :, None]
