from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from platypose import Evidence
from platypose.api import BuildContext, UserError
from platypose.evidence import Camera, observe
from platypose.lifting.root import KnownRoot, MeasuredRoot, Root, SeenRoot, solved_root
from platypose.lifting.views import Views
from platypose.skeleton import H36M_17
from platypose.testing import scene

Array = NDArray[np.float64]
See = Callable[..., Evidence]
MakeCamera = Callable[..., Camera]

STANDING = np.array(H36M_17.standing)
PATH = np.array([[0.3, -0.2, 0.9], [0.1, 0.4, 1.0], [-0.6, 0.1, 0.95]])


def _solve(evidence: Evidence, context: BuildContext) -> Root:
    observed = observe(evidence, H36M_17)
    views = Views.of(observed, context) if evidence.cameras else None
    return solved_root(observed, views, context)


def _poses(*frames: Array) -> Tensor:
    return torch.tensor(np.stack(frames))[None]


@pytest.mark.parametrize("projection", ["pinhole", "fisheye"])
def test_exact_projections_of_an_adult_of_middle_size_give_the_root_exactly(
    projection: str, see: See, camera: MakeCamera, context: BuildContext
) -> None:
    evidence = see(STANDING + PATH[:, None], camera(-70, projection))
    root = _solve(evidence, context)(_poses(STANDING, STANDING, STANDING))
    np.testing.assert_allclose(root[0], PATH, atol=1e-4)


@pytest.mark.parametrize("size", [0.8, 1.25])
@pytest.mark.parametrize("projection", ["pinhole", "fisheye"])
def test_people_of_another_size_in_any_pose_are_placed_within_millimetres(
    size: float, projection: str, see: See, camera: MakeCamera, context: BuildContext
) -> None:
    person = size * (scene.person(3) - scene.person(3)[:, :1])
    evidence = see(person + PATH[:, None], camera(-70, projection))
    root = _solve(evidence, context)(_poses(*person))
    np.testing.assert_allclose(root[0], PATH, atol=5e-3)


def test_four_cameras_give_the_root_exactly_whatever_the_size(
    see: See, camera: MakeCamera, context: BuildContext
) -> None:
    person = 0.8 * (scene.person(3) - scene.person(3)[:, :1])
    cameras = [camera(angle, distance=4 + angle / 90) for angle in (0, 90, 180, 270)]
    root = _solve(see(person + PATH[:, None], *cameras), context)(_poses(*person))
    np.testing.assert_allclose(root[0], PATH, atol=1e-4)


def test_a_weak_perspective_camera_gives_the_root_in_its_plane(
    see: See, camera: MakeCamera, context: BuildContext
) -> None:
    seen_by = camera(-70, "weak-perspective")
    root = _solve(see(STANDING + PATH[:, None], seen_by), context)(_poses(*[STANDING] * 3))
    np.testing.assert_allclose((root[0].numpy() - PATH) @ seen_by.rotation[:2].T, 0, atol=1e-4)
    assert torch.isfinite(root).all()


def test_a_pose_of_another_size_keeps_away_from_the_camera(
    see: See, camera: MakeCamera, context: BuildContext
) -> None:
    seen_by = camera(-70)
    solve = _solve(see(STANDING + PATH[:, None], seen_by), context)
    true_depth = PATH @ seen_by.rotation[2] + seen_by.translation[2]
    for size in (0.0, 0.01, 0.5, 3.0, 100.0):
        root = solve(_poses(*[size * STANDING] * 3))[0].numpy()
        depth = root @ seen_by.rotation[2] + seen_by.translation[2]
        assert (depth > true_depth / 4.1).all() and (depth < true_depth * 4.1).all(), size


def test_the_mirror_image_in_the_camera_is_no_solution(
    see: See, camera: MakeCamera, context: BuildContext
) -> None:
    seen_by = camera(-70)
    solve = _solve(see(STANDING + PATH[:, None], seen_by), context)
    root = solve(_poses(*[-STANDING] * 3))[0].numpy()
    assert (root @ seen_by.rotation[2] + seen_by.translation[2] > 1.0).all()


def test_missing_keypoints_have_no_influence(
    see: See, camera: MakeCamera, context: BuildContext
) -> None:
    cameras = camera(-70), camera(20, "fisheye")
    evidence = see(STANDING + PATH[:, None], *cameras)
    confidence = np.random.default_rng(0).uniform(0.2, 1, (3, 2, 17))
    confidence[:, :, ::3] = 0
    assert evidence.keypoints is not None
    random = np.random.default_rng(1).normal(size=evidence.keypoints.shape)
    poses = torch.tensor(random[None, :, 0, :, :1]) + _poses(*[STANDING] * 3)
    roots = []
    for garbage in (0.0, 1e4, 1e30, 1e300):
        points = np.where(confidence[..., None] > 0, evidence.keypoints, garbage * random)
        seen = attrs.evolve(evidence, keypoints=points, confidence=confidence)
        roots.append(_solve(seen, context)(poses))
    for other in roots[1:]:
        torch.testing.assert_close(other, roots[0], rtol=0, atol=1e-9)


def test_the_root_is_differentiable(see: See, camera: MakeCamera, context: BuildContext) -> None:
    evidence = see(STANDING + PATH[:2, None], camera(-70), camera(30, "fisheye"))
    solve = _solve(evidence, context)
    noise = 0.05 * torch.randn((2, 2, 17, 3), generator=torch.Generator().manual_seed(0)).double()
    poses = (noise + torch.tensor(STANDING)).requires_grad_()
    assert torch.autograd.gradcheck(solve, (poses,), fast_mode=True)


def test_hypotheses_and_frames_are_solved_one_by_one(
    see: See, camera: MakeCamera, context: BuildContext
) -> None:
    solve = _solve(see(STANDING + PATH[:, None], camera(-70)), context)
    noise = torch.randn((4, 3, 17, 3), generator=torch.Generator().manual_seed(0)).double()
    poses = torch.tensor(STANDING) + 0.1 * noise
    changed = poses.clone()
    changed[1, 2] += noise[0, 0]
    same = torch.ones(4, 3, dtype=torch.bool)
    same[1, 2] = False
    torch.testing.assert_close(solve(changed)[same], solve(poses)[same])
    assert not torch.allclose(solve(changed)[1, 2], solve(poses)[1, 2], atol=1e-3)


def test_the_known_root_is_the_evidence_s(
    see: See, camera: MakeCamera, context: BuildContext
) -> None:
    evidence = see(STANDING + PATH[:, None], camera(-70), root=PATH)
    root = KnownRoot(observe(evidence, H36M_17), context)
    torch.testing.assert_close(root(torch.zeros(5, 3, 17, 3)), torch.tensor(PATH).expand(5, 3, 3))
    with pytest.raises(UserError, match="--root known needs evidence with a root"):
        KnownRoot(observe(attrs.evolve(evidence, root=None), H36M_17), context)


def test_joints_measured_in_3d_place_the_pose_by_their_mean(context: BuildContext) -> None:
    mask = np.zeros((3, 17), bool)
    mask[:, [3, 6, 10]] = True
    measured = np.where(mask[..., None], STANDING + PATH[:, None], 99.0)
    evidence = Evidence(frame_rate=30.0, joints_3d=measured, joints_3d_mask=mask)
    solve = _solve(evidence, context)
    assert isinstance(solve, MeasuredRoot)
    np.testing.assert_allclose(solve(_poses(*[STANDING] * 3))[0], PATH, atol=1e-12)
    unmasked = attrs.evolve(evidence, joints_3d_mask=None)
    expected = (measured - STANDING).mean(1)
    np.testing.assert_allclose(_solve(unmasked, context)(_poses(*[STANDING] * 3))[0], expected)


def test_a_frame_without_any_measured_joint_is_named(context: BuildContext) -> None:
    mask = np.ones((3, 17), bool)
    mask[1] = False
    evidence = Evidence(frame_rate=30.0, joints_3d=STANDING + PATH[:, None], joints_3d_mask=mask)
    with pytest.raises(UserError, match="Frame 1 shows no person: none of its joints_3d"):
        _solve(evidence, context)


@pytest.mark.parametrize("shown", [0, 1, 2])
def test_a_frame_that_shows_too_little_lies_between_its_neighbours(
    shown: int, see: See, camera: MakeCamera, context: BuildContext
) -> None:
    confidence = (np.arange(17) < np.array([17, shown, 17])[:, None, None]).astype(float)
    evidence = see(STANDING + PATH[:, None], camera(-70), confidence=confidence)
    solve = _solve(evidence, context)
    between = (PATH[0] + PATH[2]) / 2
    np.testing.assert_allclose(solve.prior.mean[1], between, atol=0.02)
    root = solve(_poses(*[STANDING] * 3))[0]
    if shown == 0:
        np.testing.assert_allclose(root[1], solve.prior.mean[1], atol=1e-9)
    np.testing.assert_allclose(root[[0, 2]], PATH[[0, 2]], atol=1e-6)


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        ([1, 2, 0], "No frame shows the 3 keypoints that placing a person needs"),
        ([0, 0, 0], "No frame shows a person: no keypoint has a confidence above 0"),
    ],
)
def test_evidence_whose_frames_all_show_too_little_is_refused(
    seen: list[int], message: str, see: See, camera: MakeCamera, context: BuildContext
) -> None:
    confidence = (np.arange(17) < np.array(seen)[:, None, None]).astype(float)
    evidence = see(STANDING + PATH[:, None], camera(-70), confidence=confidence)
    with pytest.raises(UserError, match=message):
        _solve(evidence, context)


def test_three_keypoints_over_all_views_are_enough(
    see: See, camera: MakeCamera, context: BuildContext
) -> None:
    confidence = np.zeros((3, 2, 17))
    confidence[:, 0, [3, 10]] = confidence[:, 1, 13] = 1
    evidence = see(STANDING + PATH[:, None], camera(-70), camera(0), confidence=confidence)
    solve = _solve(evidence, context)
    assert isinstance(solve, SeenRoot)
    np.testing.assert_allclose(solve(_poses(*[STANDING] * 3))[0], PATH, atol=1e-3)
