"""The precision of poses and roots given evidence, to solve with and to draw from.

In the coordinates ζ of a `LevelPrior`, in which the prior is N(0, 1). The curvature of the evidence
in a frame has a shape B that the hypotheses share and a strength s of each, so that the precision
of a hypothesis is A = 1 + Lᵀ T s B Tᵀ L, and one decomposition of Lᵀ B L serves all.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from platypose_diffusion.level_prior import LevelPrior

ROUGH, FINE, FINEST = 1e-2, 1e-3, 1e-4
"""Of conjugate gradients: the residual's size in units of that of the right-hand side, for steps,
which the next one corrects, for draws, and where differences of large numbers are taken."""
ITERATIONS = 100
RESOLVED = 10.0
"""Of a cosine coefficient: its largest eigenvalue of evidence over prior, from which on it counts
as one that the evidence tells."""
LARGEST = 1024
"""Rows of the preconditioner's one large matrix, at most."""
Normal = Callable[..., Tensor]
"""(F, H, N) standard normal numbers for a given N."""


class FramePrecision:
    """A of independent frames.

    In double precision: what the evidence leaves open has a precision of 1, beside that of the
    root's place in the image, which may be a million.

    Attributes:
        spectrum: (F, H, N) the eigenvalues of Lᵀ s B L.
    """

    def __init__(
        self, prior: LevelPrior, shape: Float[Tensor, "F D D"], strength: Float[Tensor, "F H"]
    ) -> None:
        self.prior, self.shape, self.strength = prior, shape, strength
        mean, each = self._blocks()
        L = prior.factor.double()
        values, vectors = torch.linalg.eigh(L.mT @ mean.double() @ L)
        self.vectors: Float[Tensor, "F N N"] = vectors
        self.spectrum: Float[Tensor, "F H N"] = (
            values.clamp(min=0)[:, None] * each.double()[..., None]
        )

    def _blocks(self) -> tuple[Float[Tensor, "F D D"], Float[Tensor, "F H"]]:
        return self.shape, self.strength

    @property
    def told(self) -> Float[Tensor, "F H"]:
        """How many coordinates of pose and root the evidence tells, rather than the prior."""
        return (self.spectrum / (1 + self.spectrum)).sum(-1).to(self.strength)

    @property
    def told_of_pose(self) -> Float[Tensor, "F H"]:
        """How many of them are of the pose."""
        of_pose = self.vectors[:, None, : self.prior.of_pose].square().sum(2)
        return (self.spectrum / (1 + self.spectrum) * of_pose).sum(-1).to(self.strength)

    @property
    def undecided(self) -> Float[Tensor, "F H"]:
        """How many it shares with the prior: the sum of p (1 − p) where `told` is that of p."""
        return (self.spectrum / (1 + self.spectrum).square()).sum(-1).to(self.strength)

    def solve(self, right: Float[Tensor, "F H N"]) -> Float[Tensor, "F H N"]:
        """A⁻¹ times each hypothesis's right-hand side."""
        own = right.double() @ self.vectors
        return (own / (1 + self.spectrum) @ self.vectors.mT).to(right)

    def solve_closely(self, right: Float[Tensor, "F H N"]) -> Float[Tensor, "F H N"]:
        """The same, to all digits that count."""
        return self.solve(right)

    def draw(self, normal: Normal) -> Float[Tensor, "F H N"]:
        """A^(−1/2) z, which does not depend on the choice of eigenvectors."""
        z: Tensor = normal(self.spectrum.shape[-1])
        own = z.double() @ self.vectors / (1 + self.spectrum).sqrt()
        return (own @ self.vectors.mT).to(z)

    def square(self, move: Float[Tensor, "F H N"]) -> Float[Tensor, "F H"]:
        """vᵀ A v, of each frame."""
        own = move.double() @ self.vectors
        return (own.square() * (1 + self.spectrum)).sum(-1).to(move)

    def each_frame(self, of_block: Float[Tensor, "F H"]) -> Float[Tensor, "F H"]:
        """What belongs to each block, by frames: the same, as each frame is a block."""
        return of_block


class ClipPrecision(FramePrecision):
    """A of a clip: preconditioned conjugate gradients, linear in frames but for the transform.

    What the evidence says of a clip it says of slow motion, since the prior expects of quick motion
    less than the evidence resolves. The preconditioner is A of the slow coefficients, for a
    hypothesis of mean strength, and of the others the diagonal blocks, one for each. `spectrum` and
    what follows from it are those of the diagonal blocks.
    """

    def __init__(
        self, prior: LevelPrior, shape: Float[Tensor, "F D D"], strength: Float[Tensor, "F H"]
    ) -> None:
        super().__init__(prior, shape, strength)
        assert prior.transform is not None
        size = self.vectors.shape[-1]
        told = (self.spectrum.amax((1, 2)) > RESOLVED).nonzero()
        last = int(told[-1]) if len(told) else 0
        slow = max(1, min(last + 1, LARGEST // size))
        T, L = prior.transform[:slow].double(), prior.factor[:slow].double()
        usual = (strength.mean(1)[:, None, None] * shape).double()
        pairs = (T[:, None] * T).flatten(0, 1) @ usual.flatten(1)
        pairs = pairs.reshape(slow, slow, *shape.shape[1:])
        blocks = L.mT[:, None] @ pairs @ L
        whole = blocks.transpose(1, 2).reshape(slow * size, slow * size)
        one = torch.eye(len(whole)).to(whole)
        self.slow: Float[Tensor, "S S"] = cholesky((whole + whole.mT) / 2 + one).to(shape)

    def _blocks(self) -> tuple[Float[Tensor, "F D D"], Float[Tensor, "F H"]]:
        assert self.prior.transform is not None
        usual = self.strength.mean(1)
        self.share = self.prior.transform.square()
        mean = torch.einsum("kf,f,fde->kde", self.share, usual, self.shape)
        each = (self.strength / usual.clamp(min=1e-30)[:, None]).mean(0)
        return mean, each.expand(len(mean), -1)

    def _precondition(self, right: Float[Tensor, "F H N"]) -> Float[Tensor, "F H N"]:
        size = right.shape[-1]
        slow, quick = right[: len(self.slow) // size], right[len(self.slow) // size :]
        stacked = slow.permute(0, 2, 1).reshape(len(self.slow), -1)
        solved = torch.cholesky_solve(stacked, self.slow).reshape(len(slow), size, -1)
        vectors = self.vectors[len(slow) :].to(right)
        inverse = (1 / (1 + self.spectrum[len(slow) :])).to(right)
        return torch.cat([solved.transpose(1, 2), (quick @ vectors * inverse) @ vectors.mT])

    def solve(
        self, right: Float[Tensor, "F H N"], tolerance: float = ROUGH
    ) -> Float[Tensor, "F H N"]:
        """A⁻¹ times each hypothesis's right-hand side, until its own residual is small."""
        x, r = torch.zeros_like(right), right
        z = self._precondition(r)
        p, rz = z, _dot(r, z)
        enough = tolerance**2 * rz
        for _ in range(ITERATIONS):
            going: Bool[Tensor, " H"] = rz > enough
            if not bool(going.any()):
                break
            Ap = self._apply(p)
            alpha = torch.where(going, rz / _dot(p, Ap), 0.0)[:, None]
            x, r = x + alpha * p, r - alpha * Ap
            z = self._precondition(r)
            before, rz = rz, torch.where(going, _dot(r, z), rz)
            p = z + torch.where(going, rz / before, 0.0)[:, None] * p
        return x

    def solve_closely(self, right: Float[Tensor, "F H N"]) -> Float[Tensor, "F H N"]:
        """The same, to all digits that count."""
        return self.solve(right, FINEST)

    def draw(self, normal: Normal) -> Float[Tensor, "F H N"]:
        """A⁻¹ of a draw from N(0, A), which is easy: A is a sum of squares."""
        root = self.strength.sqrt()[..., None] * normal(self.shape.shape[-1])
        seen = self.prior.pull(root @ cholesky(self.shape).mT)
        return self.solve(normal(self.spectrum.shape[-1]) + seen, FINE)

    def square(self, move: Float[Tensor, "F H N"]) -> Float[Tensor, "F H"]:
        """vᵀ A v, of which a sum over frames alone has a meaning."""
        return (move * self._apply(move)).sum(-1)

    def each_frame(self, of_block: Float[Tensor, "F H"]) -> Float[Tensor, "F H"]:
        """What belongs to each block, by frames: coefficient k is in frame f with T_kf²."""
        return self.share.mT @ of_block

    def _apply(self, v: Float[Tensor, "F H N"]) -> Float[Tensor, "F H N"]:
        bent = self.strength[..., None] * (self.prior.push(v) @ self.shape)
        return v + self.prior.pull(bent)


def precision(
    prior: LevelPrior, shape: Float[Tensor, "F D D"], strength: Float[Tensor, "F H"]
) -> FramePrecision:
    """A for evidence of this curvature."""
    return (FramePrecision if prior.transform is None else ClipPrecision)(prior, shape, strength)


def cholesky(matrix: Float[Tensor, "*N D D"]) -> Float[Tensor, "*N D D"]:
    """The lower factor; of a matrix that rounding has made indefinite, with more on its diagonal.

    Raises:
        ArithmeticError: the matrix is not finite.
    """
    size = matrix.abs().amax((-2, -1), keepdim=True)
    one = torch.eye(matrix.shape[-1]).to(matrix)
    jitter = torch.zeros_like(size)
    for more in (1, 10, 100, 1000):
        factor, fault = torch.linalg.cholesky_ex(matrix + jitter * one)
        if not bool(fault.any()):
            found: Tensor = factor
            return found
        wanted = more * 10 * torch.finfo(matrix.dtype).eps * size
        jitter = torch.where(fault[..., None, None] > 0, wanted, jitter)
    raise ArithmeticError("The energy's curvature is not finite.")


def _dot(a: Float[Tensor, "F H N"], b: Float[Tensor, "F H N"]) -> Float[Tensor, " H"]:
    return (a * b).sum((0, 2))
