"""The few unknowns that all frames share: what is not known of the camera.

To the evidence a pose is mean + L ζ + M η, in the coordinates ζ of a `LevelPrior` and with P shared
unknowns η, each N(0, 1). The precision of a hypothesis is then [A B; Bᵀ G], A large and easily
solved with, G small. A pose that follows η as V η, V = −A⁻¹ B, leaves it the precision
S = G − Bᵀ A⁻¹ B (the Schur complement), and in η and ζ − V η the precision is block-diagonal.
"""

from __future__ import annotations

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import Expansion
from platypose_diffusion.level_prior import LevelPrior
from platypose_diffusion.precision import FramePrecision, cholesky

LONGEST = 3.0
"""A step of what frames share, in deviations; beyond, the arm that it moves poses by is another."""


@attrs.frozen(kw_only=True, eq=False)
class Shared:
    """What frames share.

    Attributes:
        arm: (F, H, D, P) M.
        at: (H, P) η where `arm` was taken; there M η counts as 0.
        alike: frames whose evidence counts as that of one.
    """

    arm: Float[Tensor, "F H D P"]
    at: Float[Tensor, "H P"]
    alike: float

    def push(self, eta: Float[Tensor, "H P"]) -> Float[Tensor, "F H D"]:
        """M (η − at)."""
        return torch.einsum("fhdp,hp->fhd", self.arm, eta - self.at)


@attrs.frozen(kw_only=True, eq=False)
class Border:
    """How shared unknowns move poses, and how well the evidence knows them.

    Attributes:
        follow: (F, H, N, P) V.
        factor: (H, P, P) the lower Cholesky factor of S.
        shared: the unknowns.
    """

    follow: Float[Tensor, "F H N P"]
    factor: Float[Tensor, "H P P"]
    shared: Shared

    def step(
        self,
        eta: Float[Tensor, "H P"],
        slope: Float[Tensor, "F H D"],
        slope_of_zeta: Float[Tensor, "F H N"],
    ) -> Float[Tensor, "H P"]:
        """Newton's step of η, at most `LONGEST` deviations of its prior.

        Arguments:
            eta: where it is.
            slope: of the evidence, by pose and root.
            slope_of_zeta: of evidence and prior, by ζ.
        """
        of_eta = torch.einsum("fhd,fhdp->hp", slope, self.shared.arm)
        of_eta = of_eta + torch.einsum("fhn,fhnp->hp", slope_of_zeta, self.follow)
        right = eta + of_eta / self.shared.alike
        step = -torch.cholesky_solve(right[..., None], self.factor)[..., 0]
        shorter: Tensor = step / (step.norm(dim=-1, keepdim=True) / LONGEST).clamp(min=1)
        return shorter

    def draw(self, z: Float[Tensor, "H P"]) -> Float[Tensor, "H P"]:
        """S^(−1/2) z."""
        drawn: Tensor = torch.linalg.solve_triangular(self.factor.mT, z[..., None], upper=True)
        return drawn[..., 0]

    def moved(self, eta: Float[Tensor, "H P"]) -> Float[Tensor, "F H N"]:
        """V η."""
        return torch.einsum("fhnp,hp->fhn", self.follow, eta)


def border_of(prior: LevelPrior, shared: Shared, near: Expansion, a: FramePrecision) -> Border:
    """The border of a precision.

    Arguments:
        prior: of pose and root.
        shared: the unknowns.
        near: the evidence.
        a: the precision without them.
    """
    bent = near.strength.mT[..., None, None] * (near.curvature[:, None] @ shared.arm)
    columns = [prior.pull(column) for column in bent.unbind(-1)]
    solved = torch.stack([a.solve_closely(column) for column in columns], -1)
    inner = torch.einsum("fhdp,fhdq->hpq", shared.arm, bent)
    inner = inner - torch.einsum("fhnp,fhnq->hpq", torch.stack(columns, -1), solved)
    # A difference of large numbers, which rounding may have made negative.
    values, vectors = torch.linalg.eigh((inner + inner.mT) / 2)
    told = (vectors * values.clamp(min=0)[:, None]) @ vectors.mT / shared.alike
    return Border(
        follow=-solved, factor=cholesky(torch.eye(told.shape[-1]).to(told) + told), shared=shared
    )
