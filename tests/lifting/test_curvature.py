"""The curvature of energies that offer none, and sums of energies."""

from __future__ import annotations

import torch
from torch import Tensor

from platypose.api import Quadratic
from platypose.lifting.curvature import estimated, expand


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


BLOCKS = normal(5, 3, 3) @ normal(5, 3, 3).mT + torch.eye(3).double()


def separate(joints: Tensor) -> Tensor:
    """A quadratic form of each joint by itself."""
    return torch.einsum("hfjc,jcd,hfjd->hf", joints, BLOCKS, joints) / 2


def test_of_separate_joints_the_curvature_is_exact() -> None:
    joints = normal(3, 2, 5, 3)
    nats, slope, blocks = estimated(separate, joints)
    exact = (BLOCKS + BLOCKS.mT) / 2
    torch.testing.assert_close(nats, separate(joints))
    torch.testing.assert_close(slope, torch.einsum("jcd,hfjd->hfjc", exact, joints))
    torch.testing.assert_close(blocks, exact.expand(2, -1, -1, -1))


def test_ties_between_joints_cancel_over_many_hypotheses() -> None:
    def tied(joints: Tensor) -> Tensor:
        return separate(joints) + (joints[:, :, 0] - joints[:, :, 1]).square().sum(-1) / 2

    few, many = (estimated(tied, normal(count, 1, 5, 3))[2] for count in (1, 4000))
    exact = (BLOCKS + BLOCKS.mT) / 2
    exact[:2] += torch.eye(3)
    assert (few[0] - exact).abs().max() > 0.5
    assert (many[0] - exact).abs().max() < 0.1


def test_negative_curvature_is_left_out() -> None:
    def saddle(joints: Tensor) -> Tensor:
        return joints[..., 0].square().sum(-1) - joints[..., 1].square().sum(-1)

    _, _, blocks = estimated(saddle, normal(2, 1, 5, 3))
    expected = torch.diag(torch.tensor([2.0, 0, 0])).double()
    torch.testing.assert_close(blocks[0], expected.expand(5, -1, -1))


class Bones:
    """Differences of joints, with curvature."""

    combination = torch.tensor([[1.0, -1, 0, 0, 0], [0, 1, -1, 0, 0]]).double()

    def __call__(self, joints: Tensor) -> Tensor:
        bones = torch.einsum("kj,hfjc->hfkc", self.combination, joints)
        return bones.square().sum((-1, -2)) / 2

    def quadratic(self, joints: Tensor) -> Quadratic:
        square = self.combination.mT @ self.combination
        one = torch.eye(3).double()
        return Quadratic(
            energy=self(joints),
            gradient=torch.einsum("ij,hfjc->hfic", square, joints),
            combination=self.combination,
            curvature=one.expand(*joints.shape[:2], 2, 3, 3),
        )


def test_a_sum_has_the_hessian_of_the_sum() -> None:
    joints = normal(2, 2, 5, 3)
    terms = [(0.5, separate), (3.0, Bones())]
    nats, slope, shape, strength = expand(terms, joints)
    curvature = strength.mean(0)[:, None, None] * shape

    def energy(frame: Tensor) -> Tensor:
        return sum(scale * term(frame.reshape(1, 1, 5, 3)) for scale, term in terms).sum()

    hessian = torch.func.hessian(energy)(joints[0, 0].flatten())
    torch.testing.assert_close(curvature, hessian.expand(2, -1, -1))
    torch.testing.assert_close(nats, sum(scale * term(joints) for scale, term in terms))
    torch.testing.assert_close(slope[0, 0].flatten(), hessian @ joints[0, 0].flatten())
