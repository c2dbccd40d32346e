"""The energy itself."""

from __future__ import annotations

import attrs
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, UserError
from platypose_floor.config import FloorContactConfig

ANKLES = ("left_foot", "right_foot")


@attrs.frozen(kw_only=True, eq=False)
class FloorContact:
    """−log of a Gaussian with its upper half cut flat: an ankle may rise but not sink.

    An ankle at z costs max(height − z, 0)² / 2σ². When the person stands, the lower ankle also
    costs max(z − height, 0)² / 2σ².

    Attributes:
        ankles: indices of the ankles among the joints.
        height: z of an ankle whose foot stands on the floor, world metres.
        sigma: σ, metres.
        standing: whether the lower foot stands on the floor in every frame.
    """

    ankles: tuple[int, ...]
    height: float
    sigma: float
    standing: bool

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame of joints in world metres, z up."""
        above = (joints[..., self.ankles, 2] - self.height) / self.sigma
        nats = (-above).relu().square().sum(-1) / 2
        if self.standing:
            nats = nats + above.amin(-1).relu().square() / 2
        return nats


def build(config: FloorContactConfig, context: BuildContext) -> FloorContact:
    """Make the energy for the skeleton of `context`.

    Raises:
        UserError: the skeleton has no ankles.
    """
    joints = context.skeleton.joints
    missing = [name for name in ANKLES if name not in joints]
    if missing:
        raise UserError(
            f"The energy floor-contact needs the joint {missing[0]}, which the skeleton "
            f"{context.skeleton.name!r} lacks; choose a prior whose skeleton has it."
        )
    return FloorContact(
        ankles=tuple(joints.index(name) for name in ANKLES),
        height=config.height,
        sigma=config.sigma,
        standing=config.standing,
    )
