"""The published energy, term by term."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from platypose_keypoints.config import NormalisedReprojectionConfig
from platypose_keypoints.normalised_reprojection import build
from torch import Tensor

from platypose.api import BuildContext, UserError

Contexts = Callable[..., BuildContext]
Poses = Callable[..., Tensor]


def test_it_is_the_mean_squared_error_in_half_widths_summed_over_views(
    make_context: Contexts, poses: Poses
) -> None:
    keypoints = np.random.default_rng(0).uniform(0, 400, (2, 3, 5, 2))
    confidence = np.random.default_rng(1).uniform(0.1, 1, (2, 3, 5))
    context = make_context(width=800, keypoints=keypoints, confidence=confidence)
    joints = poses(4, 2, scale=200)
    for weighting in ("none", "confidence"):
        expected = np.zeros((4, 2))
        for view in range(3):
            for k in range(5):
                seen = joints[:, :, k, :2].numpy() + view * joints[:, :, k, 2:].numpy()
                error = (seen - keypoints[:, view, k]) / 400
                weight = confidence[:, view, k] if weighting == "confidence" else 1
                expected += weight * (error**2).mean(-1) / 5
        config = NormalisedReprojectionConfig(weighting=weighting)
        np.testing.assert_allclose(build(config, context)(joints).numpy(), expected, rtol=1e-12)


def test_it_does_not_depend_on_the_size_of_the_image(make_context: Contexts, poses: Poses) -> None:
    keypoints = np.random.default_rng(0).uniform(0, 400, (2, 1, 5, 2))
    joints = poses(4, 2, scale=200)
    small = build(NormalisedReprojectionConfig(), make_context(width=500, keypoints=keypoints))
    large = build(NormalisedReprojectionConfig(), make_context(width=1500, keypoints=3 * keypoints))
    torch.testing.assert_close(large(3 * joints), small(joints))


def test_the_mean_is_over_the_keypoints_that_are_seen(make_context: Contexts, poses: Poses) -> None:
    keypoints = np.random.default_rng(0).uniform(0, 400, (2, 1, 5, 2))
    confidence = np.broadcast_to([1.0, 1.0, 1.0, 0.0, 0.0], (2, 1, 5)).copy()
    joints = poses(4, 2, scale=200)
    config = NormalisedReprojectionConfig()
    some = build(config, make_context(keypoints=keypoints, confidence=confidence))
    three = build(config, make_context(keypoints=keypoints[:, :, :3]))
    torch.testing.assert_close(some(joints), three(joints))
    none = build(config, make_context(keypoints=keypoints, confidence=np.zeros((2, 1, 5))))
    assert (none(joints) == 0).all()


def test_gradient_is_that_of_the_value(make_context: Contexts, poses: Poses) -> None:
    keypoints = np.random.default_rng(0).uniform(0, 400, (2, 2, 5, 2))
    energy = build(NormalisedReprojectionConfig(), make_context(keypoints=keypoints))
    joints = poses(2, 2, scale=200).requires_grad_()
    assert torch.autograd.gradcheck(energy, joints, fast_mode=True)


def test_missing_keypoints_are_named(make_context: Contexts) -> None:
    context = make_context(joints_3d=np.zeros((1, 17, 3)))
    with pytest.raises(UserError, match="normalised-reprojection needs evidence with 2D keypoints"):
        build(NormalisedReprojectionConfig(), context)
