"""Cameras that are only about known, found from what several of them see of one person.

Lines of sight of the same keypoint in different views meet, if the cameras are right. The log
focal length, tilt and roll of every camera that has a deviation of them, and the places of the
keypoints in the world, are those with the least errors in the images (a bundle adjustment; Triggs
et al., 2000). Errors are Student-t of a scale found with them, so that outliers count little
(Lange, Little and Taylor, 1989). Every keypoint of every frame is a point of its own, without a
prior, and is eliminated.

The keypoints of a view may also be off together, by about as much as one of them: the middle of a
picture is never known to the pixel, and in a short clip a roll of two degrees moves a person by no
more than that.
"""

from __future__ import annotations

from collections import Counter

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api.errors import UserError
from platypose.api.kinds.projection import Projection
from platypose.evidence.evidence import Camera, Evidence
from platypose.evidence.observed import points_of
from platypose.evidence.sight import projection_of, sights

Numbers = NDArray[np.float64]

MOST = 300
"""Frames that are looked at."""
FREEDOM = 4.0
"""Of the Student-t distribution: one keypoint in 25 is farther off than four scales."""
STEPS = 50
NARROWEST = 1e-4
"""Least to largest precision of a point along the axes: below, at about a degree between the lines
of sight, its distance says nothing."""
EXPECTED, WORTH = 5.0, 10.0
"""Scale of the errors before any is seen, px, and how many errors that expectation is worth."""
SHIFTS = 3, 4
"""Unknowns of every view after log focal length, tilt and roll: by how many pixels along x and y
its keypoints are off together."""


def refined(evidence: Evidence) -> Evidence:
    """The same evidence with cameras as its views together say they are.

    Where one view alone has keypoints in a frame, or all know their cameras, nothing is found. What
    is not a parameter of a camera's projection (the focal length of one without perspective) stays
    as given.

    Arguments:
        evidence: of which cameras may have deviations of focal length, tilt and roll. Their places
            are known. One that moves has the same unknowns in all frames.

    Returns:
        the evidence with other rotations and focal lengths, and as deviations what is left of them.
        What all keypoints share is not in these, as wrong places of the cameras, videos that do not
        start together, or a detector that is wrong about back and front alike: they are too small
        then.

    Raises:
        UserError: two cameras have one name, or the projection of one is unknown.
    """
    kinds = [(v, kind) for v, camera in enumerate(evidence.cameras) for kind in _unknown(camera)]
    if len(evidence.cameras) < 2 or not kinds:
        return evidence
    name, count = Counter(camera.name for camera in evidence.cameras).most_common(1)[0]
    if count > 1:
        raise UserError(f"Two cameras are called {name!r}; what is found of each needs a name.")
    sighting = _Sighting.of(evidence)
    if sighting is None:
        return evidence
    deviation = np.array([_deviations(evidence.cameras[v])[kind] for v, kind in kinds])
    found, left = _solved(sighting, kinds, deviation)
    changes, remaining = np.zeros((2, len(evidence.cameras), 3))
    for (v, kind), value, spread in zip(kinds, found, left):
        changes[v, kind], remaining[v, kind] = value, spread
    cameras = [
        _changed(camera, change, rest) if _unknown(camera) else camera
        for camera, change, rest in zip(evidence.cameras, changes, remaining)
    ]
    return attrs.evolve(evidence, cameras=tuple(cameras))


@attrs.frozen(kw_only=True, eq=False)
class _Sighting:
    """N keypoints at a time each, seen by two cameras or more of V.

    Attributes:
        projections: V camera models, as given.
        rotation: (V, N, 3, 3) of x_cam = R x_world + t, as given.
        translation: (V, N, 3).
        axis: (V, 2) the image of each camera's axis, px.
        pixels: (V, N, 2).
        weight: (V, N) confidence; 0 where a camera does not see it.
        start: (N, 3) where the lines of sight come nearest to one another, by the cameras as given.
        keypoint: (N,) which of the keypoints it is.
    """

    projections: tuple[Projection, ...]
    rotation: Numbers
    translation: Numbers
    axis: Numbers
    pixels: Numbers
    weight: Numbers
    start: Numbers
    keypoint: NDArray[np.int64]

    @classmethod
    def of(cls, evidence: Evidence) -> _Sighting | None:
        """From frames at even distances; None where no two views share a keypoint."""
        frames = np.arange(evidence.num_frames)
        if evidence.confidence is not None:
            frames = np.flatnonzero(((evidence.confidence > 0).sum(1) > 1).any(-1))
        if not len(frames):
            return None
        chosen = np.linspace(0, len(frames) - 1, min(len(frames), MOST)).round()
        some = evidence.at(frames[chosen.astype(np.int64)])
        points, weights = points_of(some)
        points = np.where(weights[..., None] > 0, points, 0.0)
        lines = [sights(camera, points[:, v]) for v, camera in enumerate(some.cameras)]
        normal = np.stack([line.pixels.swapaxes(-1, -2) @ line.pixels for line in lines])
        normal *= weights.swapaxes(0, 1)[..., None, None]
        right = np.stack([n @ line.origin[..., None] for n, line in zip(normal, lines)]).sum(0)
        total = normal.sum(0)
        size = np.linalg.eigvalsh(total)
        clear = ((weights > 0).sum(1) > 1) & (size[..., 0] > NARROWEST * size[..., 2])
        if not clear.any():
            return None
        frame, keypoint = clear.nonzero()
        start = np.linalg.solve(total[clear], right[clear])[..., 0]
        posed = [camera.at(frame) for camera in some.cameras]
        projections = tuple(map(projection_of, some.cameras))
        return cls(
            projections=projections,
            rotation=np.stack([np.broadcast_to(c.rotation, (len(frame), 3, 3)) for c in posed]),
            translation=np.stack([np.broadcast_to(c.translation, (len(frame), 3)) for c in posed]),
            axis=np.stack([_seen(p, np.array([[0, 0, 1.0]]))[0][0] for p in projections]),
            pixels=points[frame, :, keypoint].swapaxes(0, 1),
            weight=weights[frame, :, keypoint].swapaxes(0, 1),
            start=start,
            keypoint=keypoint,
        )

    def errors(self, points: Numbers, changes: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """In the images, of points in the world.

        Arguments:
            points: (N, 3).
            changes: (V, 5) of log focal length, tilt and roll, and the shifts, px.

        Returns:
            (V, N, 2) the errors, and their derivatives by the points, (V, N, 2, 3), and by the
            changes of the own camera, (V, N, 2, 5).
        """
        errors, by_point, by_change = [], [], []
        for v, (log_focal, tilt, roll, *shift) in enumerate(changes):
            turn = _about(2, roll) @ _about(0, tilt)
            given = (self.rotation[v] @ points[..., None])[..., 0] + self.translation[v]
            there = given @ turn.T
            seen, slope = _seen(self.projections[v], there)
            zoom = np.exp(log_focal)
            from_axis = zoom * (seen - self.axis[v])
            slope = zoom * slope
            tilting = np.cross([1.0, 0, 0], given) @ turn.T
            rolling = np.cross([0, 0, 1.0], there)
            turning = slope @ np.stack([tilting, rolling], -1)
            errors.append(self.axis[v] + shift + from_axis - self.pixels[v])
            by_point.append(slope @ turn @ self.rotation[v])
            shifts = np.broadcast_to(np.eye(2), slope[..., :2].shape)
            by_change.append(np.concatenate([from_axis[..., None], turning, shifts], -1))
        return np.stack(errors), np.stack(by_point), np.stack(by_change)


def _solved(
    sighting: _Sighting, kinds: list[tuple[int, int]], deviation: Numbers
) -> tuple[Numbers, Numbers]:
    """The unknowns (P,), and their deviations, by Levenberg's and Marquardt's method."""
    views = len(sighting.projections)
    shifts = [(v, kind) for v in range(views) for kind in SHIFTS]
    view, kind = np.array([*kinds, *shifts]).T
    unknown, points = np.zeros(len(view)), sighting.start
    seen = (sighting.weight > 0).sum(0)
    # Of two numbers that a view sees, so many are left when the point has been fitted.
    left = (2 * seen - 3) / (2 * seen)
    scale, damping = np.inf, 1e-3

    def at(unknown: Numbers, points: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        changes = np.zeros((views, 5))
        changes[view, kind] = unknown
        errors, by_point, by_change = sighting.errors(points, changes)
        square = sighting.weight * (errors**2).sum(-1) / left
        return errors, by_point, by_change, square

    def cost(unknown: Numbers, square: Numbers) -> float:
        nats = 0.5 * (FREEDOM + 2) * left * np.log1p(square / FREEDOM / scale**2)
        return float(nats.sum() + 0.5 * unknown @ prior @ unknown)

    errors, by_point, by_change, square = at(unknown, points)
    for _ in range(STEPS):
        scale = _scale(square, left, sighting.weight > 0)
        prior = np.diag([*deviation**-2, *[scale**-2] * len(shifts)])
        weight = sighting.weight * (FREEDOM + 2) / (FREEDOM * scale**2 + square)
        before = cost(unknown, square)
        system = _reduced(errors, by_point, by_change, weight, view, kind)
        slope = system.gradient + prior @ unknown
        for _ in range(10):
            damped = system.curvature + prior + damping * np.diag(np.diag(system.curvature))
            step = -np.linalg.solve(damped, slope)
            there = points - system.offset - system.following @ step
            tried = at(unknown + step, there)
            if cost(unknown + step, tried[3]) <= before:
                break
            damping = 10 * max(damping, 1e-3)
        else:
            break
        unknown, points, damping = unknown + step, there, damping / 10
        errors, by_point, by_change, square = tried
        still = (np.abs(step[: len(kinds)]) < 1e-4 * deviation).all()
        if still and before - cost(unknown, square) < 1e-6 * before:
            break
    keypoints = [sighting.keypoint == k for k in np.unique(sighting.keypoint)]
    systems = [
        _reduced(errors[:, k], by_point[:, k], by_change[:, k], weight[:, k], view, kind)
        for k in keypoints
    ]
    spread = _spread(systems, prior)[: len(kinds)]
    return unknown[: len(kinds)], spread.clip(max=deviation)


@attrs.frozen(kw_only=True, eq=False)
class _Reduced:
    """The least squares of the P unknowns alone, the N points being where they fit best.

    Attributes:
        curvature: (P, P).
        gradient: (P,).
        following: (N, 3, P) how the points move against the unknowns.
        offset: (N, 3) how far the points are off without them.
    """

    curvature: Numbers
    gradient: Numbers
    following: Numbers
    offset: Numbers


def _spread(systems: list[_Reduced], prior: Numbers) -> Numbers:
    """Deviations of the unknowns, (P,), from the systems of one keypoint each.

    The greater of two: by the curvature, as if all errors were independent; and by what leaving
    out one keypoint after the other changes (the jackknife; Efron and Stein, 1981), since an error
    that a detector makes with a keypoint it makes in every frame.
    """
    whole = prior + np.sum([system.curvature for system in systems], 0)
    inverse = np.linalg.inv(whole)
    changes = [np.linalg.solve(whole - one.curvature, one.gradient) for one in systems]
    between = (1 - 1 / len(systems)) * np.square(changes).sum(0)
    spread: Numbers = np.sqrt(
        np.maximum(np.diag(inverse), between + np.diag(inverse @ prior @ inverse))
    )
    return spread


def _scale(square: Numbers, left: Numbers, seen: NDArray[np.bool_]) -> float:
    """Of Student-t errors, px, the most likely for their squares, each of two dimensions."""
    values, share = square[seen], np.broadcast_to(left, square.shape)[seen]
    variance = max(float(np.median(values)) / 2 / np.log(2), 1e-6)
    for _ in range(20):
        weight = (FREEDOM + 2) / (FREEDOM + values / variance)
        total = float((share * weight * values).sum()) + WORTH * EXPECTED**2
        variance = total / (2 * float(share.sum()) + WORTH)
    return float(np.sqrt(variance))


def _reduced(
    errors: Numbers,
    by_point: Numbers,
    by_change: Numbers,
    weight: Numbers,
    view: NDArray[np.int64],
    kind: NDArray[np.int64],
) -> _Reduced:
    """The points eliminated, by Schur's complement."""
    weighted = weight[..., None, None] * by_point
    own = np.einsum("vnip,vniq->npq", weighted, by_point)
    own += 1e-9 * np.trace(own, axis1=1, axis2=2)[:, None, None] * np.eye(3)
    pull = np.einsum("vnip,vni->np", weighted, errors)
    slopes = by_change[view, :, :, kind]
    heavy = weight[view][..., None] * slopes
    shared = np.einsum("pnij,pni->njp", by_point[view], heavy)
    solved = np.linalg.solve(own, np.concatenate([shared, pull[..., None]], -1))
    following, offset = solved[..., :-1], solved[..., -1]
    gradient = np.einsum("pni,pni->p", heavy, errors[view])
    curvature = np.einsum("pni,qni->pq", heavy, slopes) * (view[:, None] == view)
    return _Reduced(
        curvature=curvature - np.einsum("njp,njq->pq", shared, following),
        gradient=gradient - np.einsum("njp,nj->p", shared, offset),
        following=following,
        offset=offset,
    )


def _unknown(camera: Camera) -> list[int]:
    """0 log focal length, 1 tilt, 2 roll: what of a camera is not known and can be found."""
    can = ("focal" in camera.parameters, True, True)
    return [i for i, deviation in enumerate(_deviations(camera)) if deviation > 0 and can[i]]


def _deviations(camera: Camera) -> tuple[float, float, float]:
    return camera.focal_deviation, camera.tilt_deviation, camera.roll_deviation


def _changed(camera: Camera, change: Numbers, left: Numbers) -> Camera:
    """A camera with another focal length, tilt and roll, of which deviations are left."""
    parameters, deviations = dict(camera.parameters), list(_deviations(camera))
    for kind in _unknown(camera):
        deviations[kind] = float(left[kind])
    if change[0]:
        parameters["focal"] = (np.exp(change[0]) * np.array(parameters["focal"])).tolist()
    turn = _about(2, change[2]) @ _about(0, change[1])
    return attrs.evolve(
        camera,
        parameters=parameters,
        rotation=turn @ camera.rotation,
        translation=camera.translation @ turn.T,
        focal_deviation=deviations[0],
        tilt_deviation=deviations[1],
        roll_deviation=deviations[2],
    )


def _seen(projection: Projection, points: Numbers) -> tuple[Numbers, Numbers]:
    """Pixels of points in a camera's frame, and their derivatives."""
    import torch

    there = torch.from_numpy(np.ascontiguousarray(points))
    with torch.no_grad():
        return projection(there).numpy(), projection.jacobian(there).numpy()


def _about(axis: int, angle: float) -> Numbers:
    """A turn about an axis."""
    turn = np.eye(3)
    one, other = (axis + 1) % 3, (axis + 2) % 3
    turn[one, one] = turn[other, other] = np.cos(angle)
    turn[other, one] = np.sin(angle)
    turn[one, other] = -turn[other, one]
    return turn
