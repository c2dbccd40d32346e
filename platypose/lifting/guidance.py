"""The evidence's energies and root in one callable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, Energy, EnergyConfig
from platypose.api.kinds.energy import KIND as ENERGY
from platypose.config import Chosen
from platypose.evidence import Evidence, Observed, observe
from platypose.lifting.root import KnownRoot, Placement, Root, solved_root
from platypose.lifting.unknown_camera import UnknownCamera
from platypose.lifting.views import Views
from platypose.registry import plugins

RootMode = Literal["unknown", "known"]


@attrs.frozen(kw_only=True, eq=False)
class Guidance:
    """An `Energy`: the scaled sum of several, together with how the root follows from a pose.

    Attributes:
        energies: each with its scale.
        root: from root-relative poses to root positions.
        observed: the evidence that all of them are bound to.
        views: its cameras; None where it has none.
        unknown: what is not known of the one camera before which a person may be anywhere.
    """

    energies: tuple[tuple[float, Energy], ...]
    root: Root
    observed: Observed
    views: Views | None
    unknown: UnknownCamera | None = None

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame of joints in the world, metres."""
        total = joints.new_zeros(joints.shape[:2])
        for scale, energy in self.energies:
            total = total + scale * energy(joints)
        return total


def guide(
    evidence: Evidence,
    energies: Sequence[Chosen[Energy]],
    context: BuildContext,
    *,
    root: RootMode = "unknown",
    placement: Placement | None = None,
) -> Guidance:
    """Bind energies to evidence.

    Arguments:
        evidence: what was seen.
        energies: which energies, added up with their scales.
        context: skeleton, device and type; its evidence and views are replaced.
        root: "unknown" solves for it, "known" takes it from the evidence.
        placement: the first guess of an unknown root; none makes one from this evidence.

    Raises:
        UserError: the evidence shows too little, or lacks what an energy needs.
    """
    observed = observe(evidence, context.skeleton)
    context = attrs.evolve(context, evidence=observed.evidence)
    views = Views.of(observed, context) if evidence.cameras else None
    context = attrs.evolve(context, views=views)
    if root == "known":
        solve: Root = KnownRoot(observed, context)
    else:
        solve = solved_root(observed, views, context, placement)
    unknown = None
    if views is not None and len(evidence.cameras) == 1 and root == "unknown":
        unknown = UnknownCamera.of(evidence.cameras[0], views)
    registry = plugins().registry(ENERGY)
    return Guidance(
        energies=tuple((_scale(chosen), registry.build(chosen, context)) for chosen in energies),
        root=solve,
        observed=observed,
        views=views,
        unknown=unknown,
    )


def _scale(chosen: Chosen[Energy]) -> float:
    return chosen.config.scale if isinstance(chosen.config, EnergyConfig) else 1.0
