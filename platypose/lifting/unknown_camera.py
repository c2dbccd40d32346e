"""A camera of which focal length, tilt or roll are only about known.

A camera that is turned, or whose focal length is another, sees a person as the camera that it is
taken for would see somebody else. In the camera's frame, from its centre, that is: everybody turned
by G, the tilt τ about x and then the roll ρ about z; and, with a focal length exp(a) times as long,
everybody nearer by diag(1, 1, exp −a), for what is the same in the picture was seen from farther
away. Where nobody knows where the person is, the place before the camera as given is as good an
unknown as that in the world, and a pose about its root is seen as diag(1, 1, exp −a) G makes it. So
joints are moved in the camera's place, and energies need to know nothing of it.
"""

from __future__ import annotations

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.evidence import Camera
from platypose.lifting.views import Views


@attrs.frozen(kw_only=True, eq=False)
class UnknownCamera:
    """A `platypose.api.UnknownCamera`: P of log focal length, tilt and roll.

    Changes are these three, by how much they differ from the camera as given; unknowns are those of
    them that are not known.

    Attributes:
        rotation: R of x_cam = R x_world + t, as given, (1, 3, 3), or (F, 3, 3) where it moves.
        centre: the camera's place in the world, metres, (1, 3) or (F, 3).
        kinds: which are unknown, ascending: 0 log focal length, 1 tilt, 2 roll.
        deviation: (P,) of each before the evidence: of a logarithm, or radians.
        alike: frames that say no more of it than one.
        known: (H, 3) changes of each hypothesis, to which those of the unknowns are added; None
            is 0.
    """

    rotation: Float[Tensor, "#F 3 3"]
    centre: Float[Tensor, "#F 3"]
    kinds: tuple[int, ...]
    deviation: Float[Tensor, " P"]
    alike: float = 1.0
    known: Float[Tensor, "H 3"] | None = None

    @classmethod
    def of(cls, camera: Camera, views: Views) -> UnknownCamera | None:
        """What is unknown of the one camera of some views; None where it is known."""
        deviations = (camera.focal_deviation, camera.tilt_deviation, camera.roll_deviation)
        kinds = tuple(i for i, deviation in enumerate(deviations) if deviation > 0)
        if not kinds:
            return None
        rotation, translation = views.rotation[..., 0, :, :], views.translation[..., 0, :]
        centre = -(rotation.mT @ translation[..., None])[..., 0]
        return cls(
            rotation=rotation.reshape(-1, 3, 3),
            centre=centre.reshape(-1, 3),
            kinds=kinds,
            deviation=rotation.new_tensor([deviations[kind] for kind in kinds]),
        )

    def fixed(self, changes: Float[Tensor, "H 3"]) -> UnknownCamera:
        """The same, no more unknown, with these changes of each hypothesis."""
        return attrs.evolve(self, kinds=(), deviation=self.deviation[:0], known=changes)

    def changes(self, unknown: Float[Tensor, "H P"]) -> Float[Tensor, "H 3"]:
        """By how much log focal length, tilt and roll differ from those given."""
        whole = unknown.new_zeros(len(unknown), 3)
        whole[:, list(self.kinds)] = unknown
        return whole if self.known is None else whole + self.known

    def seen(
        self, joints: Float[Tensor, "H F J 3"], changes: Float[Tensor, "H 3"]
    ) -> Float[Tensor, "H F J 3"]:
        """Joints in the world, where the camera as given sees what this one sees of them."""
        centre = self.centre[:, None]
        return (joints - centre) @ self._in_world(_seen(changes)).mT + centre

    def as_seen(
        self, pose: Float[Tensor, "H F J 3"], unknown: Float[Tensor, "H P"]
    ) -> Float[Tensor, "H F J 3"]:
        """The pose that the camera as given would see in the place of this one, about the root."""
        return pose @ self._in_world(_seen(self.changes(unknown))).mT

    def as_is(
        self, pose: Float[Tensor, "H F J 3"], unknown: Float[Tensor, "H P"]
    ) -> Float[Tensor, "H F J 3"]:
        """The pose of which `as_seen` makes this one."""
        return pose @ self._in_world(_unseen(self.changes(unknown))).mT

    def slopes(
        self, pose: Float[Tensor, "H F J 3"], unknown: Float[Tensor, "H P"]
    ) -> Float[Tensor, "H F J 3 P"]:
        """The derivatives of `as_seen` by the unknowns."""
        log_focal, tilt, roll = self.changes(unknown)[..., None, None].unbind(1)
        nearer, turn = _stretch(-log_focal), _turn(tilt, roll)
        each = (
            -_axis(2, turn) @ nearer @ turn,
            nearer @ turn @ _generator(0, turn),
            nearer @ _generator(2, turn) @ turn,
        )
        return torch.stack([pose @ self._in_world(each[kind]).mT for kind in self.kinds], -1)

    def place(
        self, root: Float[Tensor, "H F 3"], unknown: Float[Tensor, "H P"]
    ) -> Float[Tensor, "H F 3"]:
        """Where the root is in the world that the camera as given sees at `root`, metres."""
        away = self._in_world(_unseen(self.changes(unknown)))
        return ((root - self.centre)[:, :, None] @ away.mT)[:, :, 0] + self.centre

    def _in_world(self, change: Float[Tensor, "H 3 3"]) -> Float[Tensor, "H G 3 3"]:
        return self.rotation.mT @ change[:, None] @ self.rotation


def _seen(changes: Float[Tensor, "H 3"]) -> Float[Tensor, "H 3 3"]:
    log_focal, tilt, roll = changes[..., None, None].unbind(1)
    return _stretch(-log_focal) @ _turn(tilt, roll)


def _unseen(changes: Float[Tensor, "H 3"]) -> Float[Tensor, "H 3 3"]:
    log_focal, tilt, roll = changes[..., None, None].unbind(1)
    return _turn(tilt, roll).mT @ _stretch(log_focal)


def _turn(tilt: Float[Tensor, "H 1 1"], roll: Float[Tensor, "H 1 1"]) -> Float[Tensor, "H 3 3"]:
    """By the tilt about x, then by the roll about z."""
    x, z = _generator(0, tilt), _generator(2, tilt)
    turn: Tensor = torch.linalg.matrix_exp(roll * z) @ torch.linalg.matrix_exp(tilt * x)
    return turn


def _stretch(log: Float[Tensor, "H 1 1"]) -> Float[Tensor, "H 3 3"]:
    """Of depth, by an exponential."""
    depth = _axis(2, log)
    return torch.eye(3).to(log) + (log.exp() - 1) * depth


def _axis(axis: int, like: Tensor) -> Float[Tensor, "3 3"]:
    """Onto an axis."""
    matrix = like.new_zeros(3, 3)
    matrix[axis, axis] = 1
    return matrix


def _generator(axis: int, like: Tensor) -> Float[Tensor, "3 3"]:
    """Of turns about an axis: e × v as a matrix."""
    matrix = like.new_zeros(3, 3)
    one, other = (axis + 1) % 3, (axis + 2) % 3
    matrix[other, one], matrix[one, other] = 1.0, -1.0
    return matrix
