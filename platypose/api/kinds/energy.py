"""Energies: what the evidence says of a pose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

from platypose.api.config import Config, field
from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@attrs.frozen(kw_only=True)
class EnergyConfig(Config):
    """Base of every energy's configuration."""

    scale: float = field(
        1.0,
        doc="Factor on the energy: 1 is the posterior, less trusts the evidence less.",
        check=lambda value: 0 <= value < float("inf"),
        needs="a finite number of at least 0",
    )


@runtime_checkable
class Energy(Protocol):
    """A negative log-likelihood of absolute joints, up to a constant.

    Built with the evidence in its `BuildContext`, so that a call needs poses alone. It is
    differentiable by autograd, finite for any finite pose, and never couples hypotheses. `scale`
    of its configuration is applied by the caller.
    """

    def __call__(self, joints: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
        """Nats per hypothesis and frame of joints in world coordinates, metres, z up."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class Quadratic:
    """An energy near some joints, to second order.

    The curvature is that of K points, each a fixed linear combination of the joints, and couples
    neither points nor frames: of the joints it is Σ_k c_ki c_kj curvature_k.

    Attributes:
        energy: (H, F) nats at the joints.
        gradient: (H, F, J, 3) its derivative by the joints, nats/m.
        heading: (H, F, J, 3) what steps to the minimum take for the gradient where the joints are
            far from it and the energy is far from quadratic; None is the gradient.
        combination: (K, J) the points c, made of joints.
        curvature: (H, F, K, 3, 3) nats/m², symmetric and positive semi-definite: the Hessian, or
            what Gauss and Newton take for it.
    """

    energy: Float[Tensor, "H F"]
    gradient: Float[Tensor, "H F J 3"]
    combination: Float[Tensor, "K J"]
    curvature: Float[Tensor, "H F K 3 3"]
    heading: Float[Tensor, "H F J 3"] | None = None


@runtime_checkable
class CurvedEnergy(Energy, Protocol):
    """An energy that also offers its curvature, which second-order samplers use.

    Of an energy without it they estimate the curvature from gradients.
    """

    def quadratic(self, joints: Float[Tensor, "H F J 3"]) -> Quadratic:
        """The energy, its gradient and its curvature at joints in the world, metres.

        It is free of any graph.
        """
        ...


@runtime_checkable
class PerHypothesis(Energy, Protocol):
    """An energy that holds something of each hypothesis, and so differs from one to the next.

    Whoever gives an energy some of the hypotheses alone asks it for their part first.
    """

    def part(self, hypotheses: slice) -> Energy:
        """The energy of some of the hypotheses."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class Noise:
    """What an energy takes the errors of keypoints to be.

    Attributes:
        whitening: (F, V, K, 2, 2) in 1/px, which gives an error in x and y unit variance along
            either axis; 0 for a missing keypoint.
        median: of the length of a whitened error: √(2 ln 2) = 1.18 of a Gaussian.
        setting: what a user raises or lowers where the errors are found to be of another size, as
            in "the option sigma of the energy reprojection".
    """

    whitening: Float[Tensor, "F V K 2 2"]
    median: float
    setting: str


@runtime_checkable
class NoisyEnergy(Energy, Protocol):
    """An energy that also states its noise, to which a report compares what is found."""

    def noise(self) -> Noise:
        """The noise that it assumes at `scale` 1."""
        ...


@hookspec
def platypose_energies() -> Iterable[Spec[Energy]]:  # type: ignore[empty-body]
    """Energies that this plugin offers."""


KIND: Kind[Energy] = Kind(
    name="energy", protocol=Energy, hook=platypose_energies, config=EnergyConfig
)
