from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from platypose import Evidence
from platypose.api import BuildContext, UserError
from platypose.evidence import Camera, observe
from platypose.lifting.views import Views
from platypose.skeleton import H36M_17, keypoint_set
from platypose.testing import scene

Array = NDArray[np.float64]


def test_joints_in_the_world_become_keypoints_in_images_as_in_opencv(
    camera: Callable[..., Camera], image: Callable[[Camera, Array], Array], context: BuildContext
) -> None:
    cameras = (camera(-70), camera(40, "fisheye"), camera(170, "weak-perspective"))
    names = ("left_knee", "neck", "mid_hip")
    evidence = Evidence(
        frame_rate=30.0,
        keypoint_set="body-25",
        keypoint_names=names,
        cameras=cameras,
        keypoints=np.zeros((2, 3, 3, 2)),
    )
    joints = scene.person(2) + np.random.default_rng(0).normal(0, 0.1, (4, 2, 17, 3))
    views = Views.of(observe(evidence, H36M_17), context)

    def joint(name: str) -> Array:
        return joints[:, :, H36M_17.joints.index(name)]

    middle = {
        "left_knee": joint("left_knee"),
        "neck": (joint("left_shoulder") + joint("right_shoulder")) / 2,
        "mid_hip": (joint("left_hip") + joint("right_hip")) / 2,
    }
    keypoints = np.stack([middle[name] for name in names], 2)
    expected = np.stack([image(c, keypoints.reshape(-1, 3)) for c in cameras])
    expected = np.moveaxis(expected.reshape(3, 4, 2, 3, 2), 0, 2)
    np.testing.assert_allclose(views(torch.tensor(joints)), expected, atol=1e-6)


def test_depth_in_a_camera_is_the_distance_along_its_axis(
    see: Callable[..., Evidence], camera: Callable[..., Camera], context: BuildContext
) -> None:
    seen_by = camera(90, distance=5.0)
    evidence = see(scene.person(1), seen_by)
    views = Views.of(observe(evidence, H36M_17), context)
    looked_at = torch.tensor([0.0, 0.0, 1.0]).double().expand(1, 1, 17, 3)
    depth = np.hypot(5.0, 0.4)  # the camera is 1.4 m high
    expected = torch.tensor([0.0, 0.0, depth]).double().expand(1, 1, 1, 17, 3)
    torch.testing.assert_close(views.in_camera(looked_at), expected, atol=1e-9, rtol=0)


def test_body_25_keypoints_that_the_skeleton_lacks_are_left_out() -> None:
    known = keypoint_set("body-25").expressible(H36M_17)
    assert "neck" in known and "nose" not in known and "left_big_toe" not in known


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"projection": "pinhol"}, "no projection 'pinhol' .*did you mean pinhole"),
        ({"parameters": {"focal": [1.0, 1.0]}}, "centre is missing"),
        ({"parameters": {"focal": [1.0, -1.0], "centre": [0, 0]}}, "two finite numbers above 0"),
        ({"parameters": {"focal": [1, 1], "centre": [0, 0], "zoom": 2}}, "zoom is unknown"),
    ],
)
def test_a_camera_that_no_projection_fits_is_one_sentence(
    changes: dict[str, object],
    message: str,
    see: Callable[..., Evidence],
    camera: Callable[..., Camera],
    context: BuildContext,
) -> None:
    import attrs

    evidence = see(scene.person(1), camera(0))
    wrong = attrs.evolve(evidence, cameras=(attrs.evolve(evidence.cameras[0], **changes),))
    with pytest.raises(UserError, match=message):
        Views.of(observe(wrong, H36M_17), context)


def test_an_energy_of_pixels_is_expanded_about_joints_as_by_autograd(
    see: Callable[..., Evidence], camera: Callable[..., Camera], context: BuildContext
) -> None:
    """Where the pixels are right, Gauss and Newton's curvature is the Hessian."""
    cameras = (camera(-70), camera(40, "fisheye"), camera(170, "weak-perspective"))
    views = Views.of(observe(see(scene.person(2), *cameras), H36M_17), context)
    joints = torch.tensor(scene.person(2))[None]
    seen = views(joints)
    weight = torch.tensor([[2.0, 0.5], [0.5, 1.0]]).double()

    def local(pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        error = pixels - seen
        slope = error @ weight
        nats = (error * slope).sum((-1, -2, -3)) / 2
        return nats, slope, weight.expand(*pixels.shape, 2)

    def energy(frame: Tensor) -> Tensor:
        return local(views(torch.stack([frame, joints[0, 1]])[None]))[0][0, 0]

    near = views.quadratic(joints, local)
    points = near.combination
    found = torch.einsum("ki,kj,kcd->icjd", points, points, near.curvature[0, 0])
    hessian = torch.func.hessian(energy)(joints[0, 0])
    torch.testing.assert_close(found, hessian, rtol=1e-6, atol=1e-6 * float(hessian.abs().max()))

    moved = (joints + 0.1).requires_grad_()
    (slope,) = torch.autograd.grad(local(views(moved))[0].sum(), moved)
    torch.testing.assert_close(views.quadratic(moved, local).gradient, slope)


def test_far_keypoints_are_expanded_where_the_minimum_is_near(
    see: Callable[..., Evidence], camera: Callable[..., Camera], context: BuildContext
) -> None:
    """View by view, by matrices; cameras that might move and that stand still see the same."""
    cameras = (camera(-70), camera(40, "fisheye"), camera(170, "weak-perspective"))
    views = Views.of(observe(see(scene.person(2), *cameras), H36M_17), context)
    generator = torch.Generator().manual_seed(0)
    joints = torch.tensor(scene.person(2)).expand(4, -1, -1, -1)
    error = 8 * torch.randn(views(joints).shape, generator=generator, dtype=torch.float64)
    variance = 2.0**2

    def local(pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        nats = error.square().sum((-1, -2, -3)) / (2 * variance)
        precision = torch.eye(2).to(pixels) / variance
        return nats, error / variance, precision.expand(*pixels.shape, 2)

    slope = torch.zeros(4, 2, 17, 3).double()
    curvature = torch.zeros(4, 2, 17, 3, 3).double()
    size = (error.square().sum(-1, keepdim=True) / variance).sqrt()
    for v, project in enumerate(views.projections):
        points = views.in_camera(joints)[:, :, v]
        # to where the minimum is three deviations away
        back = error[:, :, v] * (3 / size[:, :, v] - 1).clamp(max=0)
        across = torch.linalg.solve(project.jacobian(points)[..., :2], back)
        moved = torch.cat([points[..., :2] + across, points[..., 2:]], -1)
        jacobian = project.jacobian(moved) @ views.rotation[v]
        slope += (jacobian.mT @ (error[:, :, v] / variance)[..., None])[..., 0]
        curvature += jacobian.mT @ jacobian / variance
    heading = torch.einsum("kj,hfkc->hfjc", views.joints_to_keypoints, slope)
    assert 0.2 < float((size > 3).double().mean()) < 0.8

    moving = Views(
        views.projections,
        views.rotation.expand(2, -1, -1, -1),
        views.translation.expand(2, -1, -1),
        views.joints_to_keypoints,
    )
    for seen_by in (views, moving):
        near = seen_by.quadratic(joints, local)
        assert near.heading is not None
        # What makes every curvature invertible shifts the points by a thousandth.
        for found, wanted in ((near.heading, heading), (near.curvature, curvature)):
            torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3 * float(wanted.abs().max()))
        assert (near.gradient - heading).abs().max() > 1e-2 * heading.abs().max()
