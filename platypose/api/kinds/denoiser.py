"""Denoisers: the network that knows what people look like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor, nn


@runtime_checkable
class Denoiser(Protocol):
    """The posterior mean D(x_σ, σ) = E[x0 | x_σ] of a clean clip, where x_σ = x0 + σ n.

    Poses are root-relative, in a gravity-aligned frame (z up), divided by the prior's scale so
    that x0 has unit variance. The input is *not* rescaled by the caller: a network that wants
    variance-preserving inputs multiplies by 1/√(1 + σ²) itself. An implementation is a
    `torch.nn.Module`.
    """

    def __call__(
        self,
        x: Float[Tensor, "B F J 3"],
        sigma: Float[Tensor, " B"],
        mask: Bool[Tensor, "B F"] | None = None,
    ) -> Float[Tensor, "B F J 3"]:
        """Denoise a batch.

        Arguments:
            x: noisy clips, in units of the prior's scale.
            sigma: the noise level of each clip, in the same units.
            mask: true for frames that exist; the others have no influence on them.
        """
        ...

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Any: ...


@hookspec
def platypose_denoisers() -> Iterable[Spec[Denoiser]]:  # type: ignore[empty-body]
    """Denoisers that this plugin offers."""


KIND: Kind[Denoiser] = Kind(name="denoiser", protocol=Denoiser, hook=platypose_denoisers)
