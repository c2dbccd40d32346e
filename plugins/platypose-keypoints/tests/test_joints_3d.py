"""The likelihood of 3D joints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from platypose_keypoints.config import Joints3DConfig
from platypose_keypoints.joints_3d import build
from scipy.stats import norm
from torch import Tensor

from platypose.api import BuildContext, UserError

Contexts = Callable[..., BuildContext]
Poses = Callable[..., Tensor]


def test_it_is_an_isotropic_gaussian(make_context: Contexts, poses: Poses) -> None:
    joints = poses(3, 2)
    observed = poses(4, 2)[3]
    normal = norm(observed.numpy(), 0.05)
    expected = normal.logpdf(observed.numpy()) - normal.logpdf(joints.numpy())
    energy = build(Joints3DConfig(sigma=0.05), make_context(joints_3d=observed.numpy()))
    np.testing.assert_allclose(energy(joints).numpy(), expected.sum((-1, -2)), rtol=1e-9)
    assert (energy(observed[None]) == 0).all()


def test_unobserved_joints_say_nothing_wherever_they_are(
    make_context: Contexts, poses: Poses
) -> None:
    joints = poses(3, 2).requires_grad_()
    mask = np.ones((2, 17), bool)
    mask[0, 4] = mask[1, :] = False
    near, far = np.zeros((2, 17, 3)), np.zeros((2, 17, 3))
    far[~mask] = 1e30
    energies = [
        build(Joints3DConfig(), make_context(joints_3d=observed, joints_3d_mask=mask))
        for observed in (near, far)
    ]
    torch.testing.assert_close(energies[0](joints), energies[1](joints), rtol=0, atol=0)
    (slope,) = torch.autograd.grad(energies[1](joints).sum(), joints)
    unobserved = torch.from_numpy(~mask)
    assert (slope[:, unobserved] == 0).all()
    assert (slope[:, ~unobserved] != 0).all()


def test_gradient_is_that_of_the_value(make_context: Contexts, poses: Poses) -> None:
    energy = build(Joints3DConfig(sigma=0.5), make_context(joints_3d=np.ones((2, 17, 3))))
    assert torch.autograd.gradcheck(energy, poses(2, 2).requires_grad_(), fast_mode=True)


def test_missing_joints_are_named(make_context: Contexts) -> None:
    context = make_context(keypoints=np.zeros((1, 1, 1, 2)))
    with pytest.raises(UserError, match=r"joints-3d needs evidence with 3D joints.*joints_3d"):
        build(Joints3DConfig(), context)


def test_the_curvature_is_the_hessian(make_context: Contexts, poses: Poses) -> None:
    mask = np.random.default_rng(0).random((2, 17)) < 0.5
    context = make_context(joints_3d=np.zeros((2, 17, 3)), joints_3d_mask=mask)
    near = build(Joints3DConfig(sigma=0.1), context).quadratic(poses(3, 2))
    assert torch.equal(near.combination, torch.eye(17).double())
    expected = torch.from_numpy(mask / 0.1**2)[..., None, None] * torch.eye(3)
    torch.testing.assert_close(near.curvature, expected.expand(3, -1, -1, -1, -1))
