"""A camera whose focal length, tilt and roll are unknowns beside the pose."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest
import torch
from torch import Tensor

from platypose import Evidence, Platypose
from platypose.evidence import Camera
from platypose.evidence.guess import guessed_camera, level_pose
from platypose.lifting.unknown_camera import UnknownCamera

FOCAL, CENTRE = 1920.0, (959.5, 539.5)


@pytest.fixture
def unknown() -> UnknownCamera:
    rotation, translation = level_pose(0.1)
    return UnknownCamera(
        rotation=torch.from_numpy(rotation)[None],
        centre=torch.from_numpy(-rotation.T @ translation)[None],
        kinds=(0, 1, 2),
        deviation=torch.tensor([0.35, 0.26, 0.05]).double(),
    )


def people(hypotheses: int = 3, frames: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Poses and roots before the camera, metres, and changes of it."""
    generator = torch.Generator().manual_seed(0)
    pose = 0.5 * torch.randn(hypotheses, frames, 17, 3, generator=generator).double()
    root = torch.randn(hypotheses, frames, 3, generator=generator).double()
    changes = 0.2 * torch.randn(hypotheses, 3, generator=generator).double()
    return pose, root + torch.tensor([0.0, 6.0, 1.0]), changes


def picture(joints: Tensor, log_focal: float, tilt: float, roll: float) -> Tensor:
    """Pixels of joints (F, J, 3) before a camera that is built from scratch, numpy alone."""
    rotation, translation = level_pose(0.1 + tilt)
    centre = -rotation.T @ translation
    cos, sin = math.cos(roll), math.sin(roll)
    rotation = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) @ rotation
    x = (joints.numpy() - centre) @ rotation.T
    return torch.from_numpy(FOCAL * math.exp(log_focal) * x[..., :2] / x[..., 2:])


def test_the_camera_as_given_sees_of_moved_joints_what_the_other_sees_of_people(
    unknown: UnknownCamera,
) -> None:
    pose, root, changes = people()
    joints = pose + root[:, :, None]
    moved = unknown.seen(joints, changes)
    for h, change in enumerate(changes.tolist()):
        torch.testing.assert_close(picture(moved[h], 0, 0, 0), picture(joints[h], *change))


def test_a_moved_pose_and_a_moved_root_are_moved_joints(unknown: UnknownCamera) -> None:
    pose, seen_at, changes = people()
    root = unknown.place(seen_at, changes)
    moved = unknown.as_seen(pose, changes) + seen_at[:, :, None]
    torch.testing.assert_close(moved, unknown.seen(pose + root[:, :, None], changes))
    torch.testing.assert_close(unknown.as_is(unknown.as_seen(pose, changes), changes), pose)


def test_slopes_are_derivatives(unknown: UnknownCamera) -> None:
    pose, _, changes = people()
    step = 1e-6
    for p in range(3):
        move = step * torch.eye(3)[p].double()
        change = unknown.as_seen(pose, changes + move) - unknown.as_seen(pose, changes - move)
        slope = unknown.slopes(pose, changes)[..., p]
        torch.testing.assert_close(slope, change / (2 * step), atol=1e-8, rtol=1e-6)


def test_what_is_known_is_added_and_is_no_more_unknown(unknown: UnknownCamera) -> None:
    pose, _, changes = people()
    fixed = unknown.fixed(changes)
    nothing = changes[:, :0]
    assert len(fixed.deviation) == 0
    torch.testing.assert_close(fixed.as_seen(pose, nothing), unknown.as_seen(pose, changes))


def turned(camera: Camera, tilt: float, log_focal: float) -> Camera:
    """A known camera that differs from a guess."""
    rotation, translation = level_pose(tilt)
    focal = camera.parameters["focal"][0] * math.exp(log_focal)
    return attrs.evolve(
        camera,
        rotation=rotation,
        translation=translation,
        parameters={"focal": [focal, focal], "centre": camera.parameters["centre"]},
        focal_deviation=0.0,
        tilt_deviation=0.0,
        roll_deviation=0.0,
    )


def evidence_before(camera: Camera, given: Camera, standing: Tensor) -> Evidence:
    """Keypoints of a person who stands 5 m before a camera that is taken for another."""
    joints = standing.double().numpy() + np.array([0.0, 5.0, 0.9])
    x = joints @ camera.rotation.T + camera.translation
    focal, centre = np.array(camera.parameters["focal"]), np.array(camera.parameters["centre"])
    pixels = focal * x[:, :2] / x[:, 2:] + centre
    return Evidence(
        frame_rate=30.0,
        keypoint_names=Platypose.from_pretrained("pose-17").prior.skeleton.joints,
        cameras=(given,),
        keypoints=pixels[None, None],
    )


def test_hypotheses_fit_the_keypoints_as_their_cameras_see_them() -> None:
    """The picture of each is that of its own camera, and as near as with a camera that is known."""
    pose = Platypose.from_pretrained("pose-17")
    given = guessed_camera((1920, 1080))
    standing = torch.tensor(pose.prior.skeleton.standing)
    evidence = evidence_before(turned(given, 0.2, 0.3), given, standing)
    guidance = pose.energy(evidence, "reprojection:sigma=2")
    *_, step = pose.sample(24, 1, energy=guidance)
    assert step.camera is not None and step.camera.shape == (24, 3)
    assert guidance.views is not None and step.energy is not None
    shown = guidance.views(step.seen)[:, 0, 0].double().numpy()
    for h, (log_focal, tilt, roll) in enumerate(step.camera.double().tolist()):
        camera = turned(given, tilt, log_focal)
        cos, sin = math.cos(roll), math.sin(roll)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        x = (step.joints[h, 0].double().numpy() @ camera.rotation.T + camera.translation) @ turn.T
        focal, centre = np.array(camera.parameters["focal"]), np.array(camera.parameters["centre"])
        np.testing.assert_allclose(focal * x[:, :2] / x[:, 2:] + centre, shown[h], atol=0.5)
    known = attrs.evolve(evidence, cameras=(turned(given, 0.2, 0.3),))
    *_, sure = pose.sample(24, 1, energy=pose.energy(known, "reprojection:sigma=2"))
    assert sure.energy is not None
    assert float(step.energy.mean()) < 1.3 * float(sure.energy.mean())


def test_what_the_evidence_does_not_tell_stays_as_wide_as_it_was() -> None:
    """One frame says next to nothing of focal length and tilt, and the root is as unsure."""
    pose = Platypose.from_pretrained("pose-17")
    given = guessed_camera((1920, 1080))
    standing = torch.tensor(pose.prior.skeleton.standing)
    evidence = evidence_before(turned(given, 0.0, 0.0), given, standing)
    *_, free = pose.sample(100, 1, energy=pose.energy(evidence, "reprojection"))
    known = attrs.evolve(evidence, cameras=(turned(given, 0.0, 0.0),))
    *_, sure = pose.sample(100, 1, energy=pose.energy(known, "reprojection"))
    assert free.camera is not None and sure.camera is None
    deviation = torch.tensor([given.focal_deviation, given.tilt_deviation])
    ratio = free.camera[:, :2].std(0) / deviation
    assert bool((ratio > 0.6).all() and (ratio < 1.4).all())
    assert float(free.root.std(0).norm()) > 1.5 * float(sure.root.std(0).norm())


def test_the_true_root_leaves_the_camera_as_it_is_given() -> None:
    pose = Platypose.from_pretrained("pose-17")
    given = guessed_camera((1920, 1080))
    standing = torch.tensor(pose.prior.skeleton.standing)
    evidence = evidence_before(turned(given, 0.0, 0.0), given, standing)
    evidence = attrs.evolve(evidence, root=np.array([[0.0, 5.0, 0.9]]))
    *_, step = pose.sample(4, 1, energy=pose.energy(evidence, "reprojection", root="known"))
    assert step.camera is None
    torch.testing.assert_close(step.seen, step.joints)
