"""A camera that moves is, in each frame, a camera that stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import pytest
import torch

from platypose import Evidence, Platypose
from platypose.api import BuildContext, UserError
from platypose.evidence import Camera, observe
from platypose.lifting.root import SeenRoot, solved_root
from platypose.lifting.views import Views
from platypose.skeleton import H36M_17
from platypose.testing import scene

FRAMES = 3
PATH = np.array([[0.5, 0.2, 0.95], [0.6, 0.1, 0.95], [0.7, 0.0, 0.94]])
STANDING = np.array(H36M_17.standing)
MakeCamera = Callable[..., Camera]
See = Callable[..., Evidence]


@pytest.fixture
def still(camera: MakeCamera) -> list[Camera]:
    """Where the camera is in each frame: it goes round the person."""
    return [camera(azimuth) for azimuth in (-70, -30, 20)]


@pytest.fixture
def moving(still: list[Camera]) -> Camera:
    return attrs.evolve(
        still[0],
        rotation=np.stack([c.rotation for c in still]),
        translation=np.stack([c.translation for c in still]),
    )


@pytest.fixture
def evidence(see: See, still: list[Camera], moving: Camera) -> Evidence:
    """Exact keypoints of a person who walks, as the camera sees them on its way."""
    joints = STANDING + PATH[:, None]
    seen = [see(joints[f : f + 1], still[f]).keypoints for f in range(FRAMES)]
    return Evidence(
        frame_rate=30.0,
        keypoint_names=H36M_17.joints,
        cameras=(moving,),
        keypoints=np.concatenate([x for x in seen if x is not None]),
    )


def test_it_projects_each_frame_as_the_camera_that_stands_there(
    evidence: Evidence, context: BuildContext
) -> None:
    joints = torch.tensor(STANDING + PATH[:, None])[None]
    views = Views.of(observe(evidence, H36M_17), context)
    assert evidence.keypoints is not None
    np.testing.assert_allclose(views(joints)[0], evidence.keypoints, atol=1e-6)


def test_beside_one_that_stands(
    evidence: Evidence, camera: MakeCamera, see: See, context: BuildContext
) -> None:
    joints = STANDING + PATH[:, None]
    standing = see(joints, camera(90))
    assert evidence.keypoints is not None and standing.keypoints is not None
    seen = np.concatenate([evidence.keypoints, standing.keypoints], 1)
    cameras = (*evidence.cameras, *standing.cameras)
    both = attrs.evolve(evidence, cameras=cameras, keypoints=seen)
    views = Views.of(observe(both, H36M_17), context)
    np.testing.assert_allclose(views(torch.tensor(joints)[None])[0], seen, atol=1e-6)


def test_the_root_is_found_in_every_frame(evidence: Evidence, context: BuildContext) -> None:
    observed = observe(evidence, H36M_17)
    solve = solved_root(observed, Views.of(observed, context), context)
    assert isinstance(solve, SeenRoot)
    pose = torch.tensor(STANDING).expand(1, FRAMES, 17, 3)
    np.testing.assert_allclose(solve(pose)[0], PATH, atol=1e-3)


def test_the_file_keeps_its_path(evidence: Evidence, moving: Camera, tmp_path: Path) -> None:
    for name in ("moving.safetensors", "moving.npz"):
        evidence.write(tmp_path / name)
        (again,) = Evidence.read(tmp_path / name).cameras
        np.testing.assert_array_equal(again.rotation, moving.rotation)
        np.testing.assert_array_equal(again.translation, moving.translation)


def test_frames_taken_out_take_their_camera_along(evidence: Evidence, still: list[Camera]) -> None:
    (camera,) = evidence.at(np.array([2, 0])).cameras
    np.testing.assert_array_equal(camera.rotation, [still[2].rotation, still[0].rotation])


def test_evidence_of_a_moving_camera_is_lifted(evidence: Evidence, pose: Platypose) -> None:
    energy = pose.energy(evidence, "reprojection")
    sampler = "guided-ddim:levels=ddim3,skip=0,substeps=2"
    *_, last = pose.sample(2, FRAMES, energy=energy, sampler=sampler)
    assert torch.isfinite(last.joints).all()


def test_a_path_of_another_length_is_one_sentence(evidence: Evidence, moving: Camera) -> None:
    short = moving.at(np.array([0, 1]))
    with pytest.raises(UserError, match="moves over 2 frames, but the evidence has 3"):
        attrs.evolve(evidence, cameras=(short,))
    with pytest.raises(UserError, match=r"translation of camera .* needs \(3, 3\)"):
        attrs.evolve(moving, translation=moving.translation[:2])
    mirrored = moving.rotation * np.array([-1, 1, 1])
    with pytest.raises(UserError, match="is no rotation matrix"):
        attrs.evolve(moving, rotation=mirrored)


def test_one_frame_of_it_is_a_scene_of_its_own(evidence: Evidence) -> None:
    assert evidence.at(np.array([1])).num_frames == 1
    assert scene.evidence(2).at(np.array([1])).cameras == scene.evidence(2).cameras
