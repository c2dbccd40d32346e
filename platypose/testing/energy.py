"""The contract of energies."""

from __future__ import annotations

from typing import ClassVar

import attrs
import numpy as np
import torch
from torch import Tensor

from platypose.api import BuildContext, CurvedEnergy, Energy, Kind, Quadratic
from platypose.api.kinds.energy import KIND
from platypose.evidence import Evidence, observe
from platypose.lifting.views import Views
from platypose.testing import less_evidence, scene
from platypose.testing.comparison import (
    assert_finite,
    assert_gradient,
    assert_like,
    assert_same,
    gradient,
)
from platypose.testing.component import ComponentContract


class EnergyContract(ComponentContract[Energy]):
    """Subclass it and give `name`; override `evidence` where the energy needs other evidence.

    The cameras are pinholes, so that the package platypose-cameras must be installed. The checks of
    `quadratic` are for energies that have it.
    """

    kind: ClassVar[Kind[Energy]] = KIND

    def evidence(self) -> Evidence:
        """What the energy is bound to: keypoints, heatmaps and 3D joints, two cameras."""
        return scene.evidence()

    def context(
        self,
        *,
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
        evidence: Evidence | None = None,
    ) -> BuildContext:
        """As when lifting; `evidence` stands in for that of `evidence()`."""
        context = super().context(seed=seed, dtype=dtype)
        observed = observe(evidence or self.evidence(), context.skeleton)
        context = attrs.evolve(context, evidence=observed.evidence)
        views = Views.of(observed, context) if observed.evidence.cameras else None
        return attrs.evolve(context, views=views)

    def poses(self, frames: int | None = None, dtype: torch.dtype = torch.float64) -> Tensor:
        """Poses near that of the evidence, (H, F, J, 3), world metres."""
        frames = frames or self.evidence().num_frames
        return scene.hypotheses(frames, dtype=dtype, device=torch.device(self.device))

    def test_gives_nats_per_hypothesis_and_frame(self) -> None:
        """(H, F) with the dtype and device of the joints."""
        for dtype in (torch.float32, torch.float64):
            joints = self.poses(dtype=dtype)
            nats = self.build(self.context(dtype=dtype))(joints)
            assert_like(nats, joints.shape[:2], joints, f"an energy is (H, F) in {dtype}")

    def test_works_for_any_number_of_frames_and_views(self) -> None:
        """One frame, one view and one hypothesis do."""
        evidence = self.evidence()
        for frames in (1, evidence.num_frames):
            for views in range(1, len(evidence.cameras) + 1):
                part = less_evidence.first(evidence, frames=frames, views=views)
                joints = self.poses(frames)[:1]
                nats = self.build(self.context(evidence=part))(joints)
                claim = f"an energy serves {frames} frames and {views} views"
                assert_like(nats, (1, frames), joints, claim)
                assert_finite(nats, claim)

    def test_is_finite_for_any_pose(self) -> None:
        """Value and gradient, also for joints in one point, behind a camera, or far away."""
        poses = scene.extreme_poses(self.evidence().num_frames)
        for dtype in (torch.float32, torch.float64):
            energy = self.build(self.context(dtype=dtype))
            joints = torch.tensor(np.stack(list(poses.values())), dtype=dtype, device=self.device)
            nats, slope = energy(joints), gradient(energy, joints)
            for h, name in enumerate(poses):
                assert_finite(nats[h], f"the energy is finite with {name}, {dtype}")
                assert_finite(slope[h], f"the gradient is finite with {name}, {dtype}")

    def test_gradient_agrees_with_finite_differences(self) -> None:
        """Autograd gives the derivative, in float64."""
        assert_gradient(self.build(), self.poses(), "autograd gives the derivative of the energy")

    def test_hypotheses_are_not_coupled(self) -> None:
        """A hypothesis has the value and gradient that it has alone, whatever the others are."""
        energy, joints = self.build(), self.poses()
        moved = joints.clone()
        moved[0] = 3 * moved[0] + 10
        nats, slope = energy(moved), gradient(energy, moved)
        for h in range(1, len(joints)):
            alone = joints[h : h + 1]
            claim = "a hypothesis has the same {} whatever the others are"
            assert_same(nats[h : h + 1], energy(alone), claim.format("energy"))
            assert_same(slope[h : h + 1], gradient(energy, alone), claim.format("gradient"))
        leak = gradient(lambda joints: energy(joints)[1:], moved)[0]
        claim = "the energy of a hypothesis has no gradient by another"
        assert_same(leak, torch.zeros_like(leak), claim)

    def test_coordinates_of_missing_points_have_no_influence(self) -> None:
        """With confidence 0, or a mask of False, they may be anything."""
        joints = self.poses()
        near, far = (
            self.build(
                self.context(evidence=less_evidence.last_point_missing(self.evidence(), at=at))
            )
            for at in (0.0, 1e6)
        )
        claim = "the coordinates of a missing point have no influence on the {}"
        assert_same(far(joints), near(joints), claim.format("energy"))
        assert_same(gradient(far, joints), gradient(near, joints), claim.format("gradient"))

    def test_a_missing_keypoint_is_as_good_as_none(self) -> None:
        """Confidence 0 and an empty heatmap say what a detector without the keypoint says."""
        evidence, joints = self.evidence(), self.poses()
        if len(evidence.keypoint_names) < 2:
            return
        evidence = less_evidence.last_point_missing(evidence, at=0.0)
        missing = self.build(self.context(evidence=evidence))
        unknown = self.build(self.context(evidence=less_evidence.without_last_keypoint(evidence)))
        claim = "a missing keypoint is as good as none, up to a constant, for the {}"
        assert_same(_relative(missing, joints), _relative(unknown, joints), claim.format("energy"))
        assert_same(gradient(missing, joints), gradient(unknown, joints), claim.format("gradient"))

    def test_same_seed_gives_the_same_energy(self) -> None:
        """Built and called twice, whatever PyTorch's global generator is at."""
        joints = self.poses()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            first = self.build()(joints)
            torch.manual_seed(2)
            energy = self.build()
            assert_same(energy(joints), first, "the same seed gives the same energy")
            assert_same(energy(joints), first, "a second call gives the same energy")

    def test_quadratic_touches_the_energy(self) -> None:
        """It has the value and the gradient of the energy, and holds on to no graph."""
        for dtype in (torch.float32, torch.float64):
            energy, joints = self.build(self.context(dtype=dtype)), self.poses(dtype=dtype)
            if not isinstance(energy, CurvedEnergy):
                return
            near = energy.quadratic(joints.clone().requires_grad_())
            tolerance = 1e-4 if dtype == torch.float32 else 1e-9
            for name, found, wanted in (
                ("energy", near.energy, energy(joints)),
                ("gradient", near.gradient, gradient(energy, joints)),
            ):
                claim = f"the {name} of quadratic is that of the energy in {dtype}"
                assert_same(found, wanted, claim, tolerance=tolerance)
                assert not found.requires_grad, "quadratic holds on to no graph"

    def test_curvature_is_positive(self) -> None:
        """Symmetric, finite and positive semi-definite, for any pose."""
        energy, joints = self.build(), self.poses()
        if not isinstance(energy, CurvedEnergy):
            return
        extreme = np.stack(list(scene.extreme_poses(joints.shape[1]).values()))
        for poses in (joints, torch.tensor(extreme, device=self.device)):
            near = energy.quadratic(poses)
            points, curvature = near.combination, near.curvature
            shape = (*poses.shape[:2], len(points), 3, 3)
            assert_like(points, (len(points), poses.shape[2]), poses, "combination is (K, J)")
            assert_like(curvature, shape, poses, "curvature is (H, F, K, 3, 3)")
            assert_finite(curvature, "the curvature is finite")
            assert_same(curvature, curvature.mT, "the curvature is symmetric")
            values = torch.linalg.eigvalsh(curvature)
            low, high = values[..., 0], values.abs().amax(-1)
            assert bool((low >= -1e-9 * high).all()), "no eigenvalue of the curvature is negative"

    def test_curvatures_are_not_coupled(self) -> None:
        """A hypothesis has the curvature that it has alone."""
        energy, joints = self.build(), self.poses()
        if not isinstance(energy, CurvedEnergy):
            return
        together = energy.quadratic(joints)
        for h in range(len(joints)):
            alone = energy.quadratic(joints[h : h + 1])
            claim = "a hypothesis has the same curvature whatever the others are"
            assert_same(_by_joint(together)[h], _by_joint(alone)[0], claim)

    def test_leaves_the_joints_as_they_are(self) -> None:
        """The sampler goes on with them."""
        joints = self.poses()
        self.build()(joints)
        assert_same(joints, self.poses(), "an energy leaves the joints as they are", tolerance=0.0)


def _by_joint(near: Quadratic) -> Tensor:
    points = near.combination
    return torch.einsum("ki,kj,hfkcd->hficjd", points, points, near.curvature)


def _relative(energy: Energy, joints: Tensor) -> Tensor:
    """The energy up to a constant for each frame."""
    nats = energy(joints)
    return nats - nats[:1]
