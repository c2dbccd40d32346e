"""Where in the world a root-relative pose must stand to fit the evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

import attrs
import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from platypose.api import BuildContext, RootPrior, UserError
from platypose.evidence import Observed
from platypose.lifting.views import Views

PIXELS = 5.0
"""Assumed standard deviation of a keypoint, px; only its ratio to the broad prior matters."""
NEAREST = 0.3
"""The first guess is at least this far from a camera, metres."""
ZOOM = 4.0
"""A root is at most this many times nearer or farther than the first guess."""
DEVIATION = 4.0
"""Standard deviation of an unknown root about its first guess, metres."""
FEWEST = 3
"""Keypoints, over all views, without which a frame says too little to guess a root from."""


@runtime_checkable
class Root(Protocol):
    """From root-relative poses to root positions."""

    @property
    def prior(self) -> RootPrior:
        """Where the root is, as far as it is known without the pose."""
        ...

    def __call__(self, pose: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F 3"]:
        """The root in the world, metres, of each root-relative pose, metres."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class Placement:
    """Where a standing adult would fit the keypoints.

    Attributes:
        root: (F, 3) in the world, metres; in frames that show too little it lies between those of
            the frames before and after.
        view: (F,) the view that sees most.
    """

    root: Float[Tensor, "F 3"]
    view: Int[Tensor, " F"]

    def at(self, frames: NDArray[np.int64]) -> Placement:
        """The same at some frames alone, in their order."""
        return Placement(root=self.root[frames], view=self.view[frames])


def solved_root(
    observed: Observed,
    views: Views | None,
    context: BuildContext,
    placement: Placement | None = None,
) -> Root:
    """The root as it follows from what was seen: joints measured in 3D, or keypoints in images.

    Arguments:
        observed: the evidence.
        views: its cameras.
        context: of the energies.
        placement: the first guess of a root seen in images; none makes one from this evidence.

    Raises:
        UserError: no frame shows enough.
    """
    if observed.evidence.joints_3d is not None:
        return MeasuredRoot(observed, context)
    assert views is not None, "evidence without joints_3d has cameras"
    return SeenRoot(observed, views, context, placement)


class KnownRoot:
    """The root as the evidence gives it: the protocol of the paper, for comparison with it.

    Raises:
        UserError: the evidence has none.
    """

    def __init__(self, observed: Observed, context: BuildContext) -> None:
        if observed.evidence.root is None:
            raise UserError("--root known needs evidence with a root, and this has none.")
        self.root = torch.as_tensor(observed.evidence.root).to(
            device=context.device, dtype=context.dtype
        )
        self.prior = RootPrior(mean=self.root, deviation=0.0)

    def __call__(self, pose: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F 3"]:
        """The same for every hypothesis."""
        return self.root.expand(len(pose), -1, -1)


class MeasuredRoot:
    """The root that brings a pose nearest to joints measured in 3D: a mean of differences.

    Raises:
        UserError: a frame has no measured joint.
    """

    def __init__(self, observed: Observed, context: BuildContext) -> None:
        evidence = observed.evidence
        joints = torch.as_tensor(evidence.joints_3d).to(context.device, context.dtype)
        mask = torch.ones_like(joints[..., 0])
        if evidence.joints_3d_mask is not None:
            mask = torch.as_tensor(evidence.joints_3d_mask).to(mask)
        count = mask.sum(1, keepdim=True)
        if bool((count == 0).any()):
            frame = int((count[:, 0] == 0).nonzero()[0])
            raise UserError(f"Frame {frame} shows no person: none of its joints_3d is measured.")
        self.joints = joints
        self.share = (mask / count)[..., None]
        standing = torch.tensor(context.skeleton.standing).to(joints)
        guess = ((joints - standing) * self.share).sum(1)
        self.prior = RootPrior(mean=guess, deviation=DEVIATION)

    def __call__(self, pose: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F 3"]:
        """The mean difference between the measured joints and the pose's."""
        return ((self.joints - pose) * self.share).sum(2)


class SeenRoot:
    """The root that fits keypoints in images best, in closed form for each hypothesis and frame.

    A keypoint lies on its line of sight, A (x + r) + c = 0 in the world: two equations that are
    linear in the root r, with residuals of pixels times depth. Least squares on them would draw a
    pose that does not fit to the camera's centre, where all residuals vanish. So they are taken
    in the inverse depth s and the direction (q, 1) of the root as the frame's best view sees it,
    r = C + Rᵀ (q, 1) / s. Multiplied with s they are linear in (s, q),

        s (A x + A C + c) + A Rᵀ (q, 1) = 0,

    and divided by the depth ratio of a first guess their residuals are pixels. Only the column of
    s depends on the pose, so q is eliminated beforehand. A broad prior (as wide as the guess's
    own s, and one unit of q) decides what the evidence leaves open. The first guess places a
    standing adult by the plain lines of sight.

    Raises:
        UserError: no frame shows enough, and there is no first guess.
    """

    def __init__(
        self,
        observed: Observed,
        views: Views,
        context: BuildContext,
        placement: Placement | None = None,
    ) -> None:
        lines = _Lines(observed, views)
        placement = placement or placed([(observed, views)], context)
        guess, best = placement.root, placement.view
        depths = lines.depths(guess)
        frames = torch.arange(len(best))
        turn = lines.rotation[frames, best]
        centre = -(turn.mT @ lines.translation[frames, best][..., None]).squeeze(-1)
        seen = torch.einsum("fij,fj->fi", turn, guess - centre)
        depth = seen[:, 2].clamp(min=NEAREST)

        ratio = torch.where(lines.perspective, depths, 1.0) / depth[:, None]
        rows = lines.weight.sqrt() / (PIXELS * ratio[:, :, None])
        a = rows[..., None, None] * lines.in_world
        offset = rows[..., None] * lines.offset

        def flat(x: Tensor) -> Tensor:
            return x.flatten(1, 3).to(context.device, context.dtype)

        def fixed(x: Tensor) -> Tensor:
            return x.to(context.device, context.dtype)

        direction = torch.einsum("fvkic,fdc->fvkid", a, turn)
        self.from_pose = flat(torch.einsum("fvkic,kj->fvkijc", a, lines.keypoints))
        self.from_depth = flat(torch.einsum("fvkic,fc->fvki", a, centre) + offset)
        self.from_q = flat(direction[..., :2])
        self.constant = flat(direction[..., 2])
        self.centre, self.turn, self.inverse_depth = fixed(centre), fixed(turn), fixed(1 / depth)
        self.prior = RootPrior(mean=fixed(guess), deviation=DEVIATION)
        # Without perspective nothing tells the depth, and the first guess stays.
        self.zoom = ZOOM if bool(lines.perspective.any()) else 1.0
        normal = self.from_q.mT @ self.from_q + torch.eye(2).to(self.from_q)
        self.inverse = torch.linalg.inv(normal)
        q = fixed(seen[:, :2] / depth[:, None])
        self.right = q - torch.einsum("fnq,fn->fq", self.from_q, self.constant)

    def __call__(self, pose: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F 3"]:
        """The least-squares root of each pose; differentiable."""
        column = torch.einsum("fnjc,hfjc->hfn", self.from_pose, pose) + self.from_depth
        cross = torch.einsum("fnq,hfn->hfq", self.from_q, column)
        solved = torch.einsum("fqp,hfp->hfq", self.inverse, cross)
        guess = self.inverse_depth
        prior = 1 / guess.square()
        right = prior * guess - torch.einsum("hfn,fn->hf", column, self.constant)
        right = right - (solved * self.right).sum(-1)
        s = right / (prior + column.square().sum(-1) - (solved * cross).sum(-1))
        s = s.clamp(min=guess / self.zoom, max=guess * self.zoom)[..., None]
        q = torch.einsum("fqp,hfp->hfq", self.inverse, self.right - s * cross)
        ray = torch.cat([q, torch.ones_like(s)], -1) / s
        return self.centre + torch.einsum("fij,hfi->hfj", self.turn, ray)


class _Lines:
    """The lines of sight A (x + r) + c = 0 of an evidence, in float64 on the CPU."""

    def __init__(self, observed: Observed, views: Views) -> None:
        points = torch.from_numpy(observed.points)
        self.weight = torch.from_numpy(observed.weights)  # (F, V, K)
        self.keypoints = torch.from_numpy(observed.joints_to_keypoints)  # (K, J)
        frames = len(points)
        self.rotation = views.rotation.double().cpu().expand(frames, -1, 3, 3)  # (F, V, 3, 3)
        self.translation = views.translation.double().cpu().expand(frames, -1, 3)  # (F, V, 3)
        self.perspective = torch.tensor([camera.perspective for camera in views.projections])
        pairs = [c.sight_lines(points[:, v]) for v, c in enumerate(views.projections)]
        a = torch.stack([a.double().cpu() for a, _ in pairs], 1)  # (F, V, K, 2, 3)
        b = torch.stack([b.double().cpu() for _, b in pairs], 1)  # (F, V, K, 2)
        self.in_world = torch.einsum("fvkic,fvcd->fvkid", a, self.rotation)
        self.offset = torch.einsum("fvkic,fvc->fvki", a, self.translation) - b

    def place(self, pose: Float[Tensor, "J 3"], depth: Tensor | None) -> Float[Tensor, "F 3"]:
        """The root of one pose in all frames by plain least squares, views weighted by depth."""
        weight = self.weight
        if depth is not None:
            weight = weight / torch.where(self.perspective, depth, 1.0).square()[..., None]
        residual = torch.einsum("fvkic,kc->fvki", self.in_world, self.keypoints @ pose)
        matrix = torch.einsum("fvk,fvkic,fvkid->fcd", weight, self.in_world, self.in_world)
        right = -torch.einsum("fvk,fvkic,fvki->fc", weight, self.in_world, residual + self.offset)
        # Parallel projections leave depth open; a trace of regularity makes it zero, and so it
        # does everything in a frame that shows nothing.
        trace = matrix.diagonal(dim1=1, dim2=2).sum(-1)[:, None, None]
        regular = torch.where(trace > 0, 1e-9 * trace, 1.0) * torch.eye(3)
        solution: Tensor = torch.linalg.solve(matrix + regular, right)
        return solution

    def depths(self, root: Float[Tensor, "F 3"]) -> Float[Tensor, "F V"]:
        """How far the root is in front of each camera."""
        depth = torch.einsum("fc,fvc->fv", root, self.rotation[:, :, 2]) + self.translation[..., 2]
        return depth.clamp(min=NEAREST)


def placed(pieces: Iterable[tuple[Observed, Views]], context: BuildContext) -> Placement:
    """Where a standing adult would fit the keypoints, of evidence in consecutive pieces.

    Raises:
        UserError: no frame shows enough.
    """
    standing = torch.tensor(context.skeleton.standing, dtype=torch.float64)
    roots, views, counts = [], [], []
    for observed, seen_by in pieces:
        lines = _Lines(observed, seen_by)
        roots.append(lines.place(standing, lines.depths(lines.place(standing, None))))
        views.append(lines.weight.sum(2).argmax(1))
        counts.append((observed.weights > 0).sum((1, 2)))
    root, nearest = _bridged(torch.cat(roots), _showing_enough(np.concatenate(counts)))
    return Placement(root=root, view=torch.cat(views)[nearest])


def _showing_enough(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not counts.any():
        raise UserError("No frame shows a person: no keypoint has a confidence above 0.")
    if counts.max() < FEWEST:
        raise UserError(
            f"No frame shows the {FEWEST} keypoints that placing a person needs; use --root known."
        )
    return np.asarray(counts >= FEWEST)


def _bridged(
    values: Float[Tensor, "F 3"], known: NDArray[np.bool_]
) -> tuple[Float[Tensor, "F 3"], Int[Tensor, " F"]]:
    """Values with the unknown ones interpolated, and the nearest known frame of each frame."""
    frames, at = np.arange(len(known)), known.nonzero()[0]
    columns = [np.interp(frames, at, values[at, i].numpy()) for i in range(3)]
    position = np.interp(frames, at, np.arange(len(at)))
    nearest = at[np.round(position).astype(np.int64)]
    return torch.from_numpy(np.stack(columns, 1)), torch.from_numpy(nearest)
