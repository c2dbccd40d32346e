"""Weights: trained priors that come with a package."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, runtime_checkable

from platypose.api.kind import Kind, hookspec
from platypose.api.spec import Spec


@runtime_checkable
class Weights(Protocol):
    """One trained prior, known by the name of its `Spec`."""

    def locate(self) -> Path:
        """The checkpoint file.

        Raises:
            UserError: it cannot be had.
        """
        ...


@hookspec
def platypose_weights() -> Iterable[Spec[Weights]]:  # type: ignore[empty-body]
    """Trained priors that this plugin offers."""


KIND: Kind[Weights] = Kind(name="weights", protocol=Weights, hook=platypose_weights, noun="prior")
