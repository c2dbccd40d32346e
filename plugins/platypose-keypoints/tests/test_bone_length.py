"""Bones of given length, or of one length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from platypose_keypoints.bone_length import BoneLength, build
from platypose_keypoints.config import BoneLengthConfig
from torch import Tensor

from platypose.api import BuildContext, UserError
from platypose.skeleton import H36M_17

Contexts = Callable[..., BuildContext]
Poses = Callable[..., Tensor]
Energies = Callable[..., BoneLength]


@pytest.fixture(scope="session")
def energy_of(make_context: Contexts) -> Energies:
    def make(**options: object) -> BoneLength:
        context = make_context(joints_3d=np.zeros((1, 17, 3)))
        return build(BoneLengthConfig(**options), context)  # type: ignore[arg-type]

    return make


def lengths_of(joints: Tensor) -> dict[str, Tensor]:
    return {
        H36M_17.joints[child]: (joints[..., child, :] - joints[..., parent, :]).norm(dim=-1)
        for parent, child in H36M_17.bones
    }


def test_given_lengths_are_gaussian_means(energy_of: Energies, poses: Poses) -> None:
    joints = poses(3, 2)
    wanted = {name: 0.1 * i for i, name in enumerate(H36M_17.joints[1:], 1)}
    expected = sum(
        ((length - wanted[name]) / 0.02) ** 2 / 2 for name, length in lengths_of(joints).items()
    )
    assert isinstance(expected, Tensor)
    torch.testing.assert_close(energy_of(sigma=0.02, lengths=wanted)(joints), expected)


def test_other_bones_keep_their_own_mean_over_time_and_sides(
    energy_of: Energies, poses: Poses
) -> None:
    joints = poses(3, 4)
    lengths = lengths_of(joints)
    expected = ((lengths["head"] - 0.1) / 0.03) ** 2 / 2
    for name, length in lengths.items():
        if name == "head":
            continue
        side, _, rest = name.partition("_")
        other = {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side, name)
        mean = torch.cat([length, lengths[other]], -1).mean(-1, keepdim=True)
        expected = expected + ((length - mean) / 0.03) ** 2 / 2
    torch.testing.assert_close(energy_of(lengths={"head": 0.1})(joints), expected)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.floats(0.1, 3))
def test_a_rigid_symmetric_body_costs_nothing_in_any_pose(
    energy_of: Energies, seed: int, size: float
) -> None:
    random = np.random.default_rng(seed)
    bones = {child: size * random.uniform(0.1, 0.5) for _, child in H36M_17.bones}
    joints = torch.zeros(2, 3, 17, 3, dtype=torch.float64)
    for parent, child in H36M_17.bones:
        way = torch.from_numpy(random.standard_normal((2, 3, 3)))
        length = bones[min(child, H36M_17.mirror[child])]
        joints[:, :, child] = joints[:, :, parent] + length * way / way.norm(dim=-1, keepdim=True)
    assert energy_of()(joints).abs().max() < 1e-6


def test_gradient_is_that_of_the_value(energy_of: Energies, poses: Poses) -> None:
    energy = energy_of(sigma=0.5, lengths={"left_knee": 0.4})
    assert torch.autograd.gradcheck(energy, poses(2, 3).requires_grad_(), fast_mode=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_coincident_joints_have_finite_gradient_and_curvature(
    energy_of: Energies, dtype: torch.dtype
) -> None:
    joints = torch.zeros(1, 2, 17, 3, dtype=dtype, requires_grad=True)
    energy = energy_of(lengths={"head": 0.1})
    (slope,) = torch.autograd.grad(energy(joints.to(dtype)).sum(), joints, create_graph=True)
    (curve,) = torch.autograd.grad(slope[0, 0, 10, 0], joints)
    assert slope.isfinite().all() and curve.isfinite().all()


def test_an_unknown_bone_is_answered_with_close_matches(energy_of: Energies) -> None:
    with pytest.raises(UserError, match=r"lengths\.left_kne.*did you mean left_knee"):
        energy_of(lengths={"left_kne": 0.4})
    with pytest.raises(UserError, match=r"lengths\.hip"):
        energy_of(lengths={"hip": 0.4})
    with pytest.raises(ValueError, match="above 0"):
        energy_of(lengths={"left_knee": -0.4})


def test_at_given_lengths_the_curvature_is_the_hessian(energy_of: Energies, poses: Poses) -> None:
    joints = poses(1, 1)
    lengths = {name: float(length) for name, length in lengths_of(joints).items()}
    energy = energy_of(lengths=lengths)
    near = energy.quadratic(joints)
    points = near.combination
    found = torch.einsum("ki,kj,kcd->icjd", points, points, near.curvature[0, 0])
    hessian = torch.func.hessian(lambda pose: energy(pose[None, None])[0, 0])(joints[0, 0])
    torch.testing.assert_close(found, hessian, rtol=1e-6, atol=1e-3)
