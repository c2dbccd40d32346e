"""What this distribution offers; imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from platypose.api import BuildContext, Config, Spec, Weights, hookimpl
from platypose_priors.packaged import PackagedWeights

PLATYPOSE_API = 1

PRIORS = {
    "motion-17": "Clips of 1 to 64 frames at 30 Hz, of CMU, HDM05, UI-PRMD and ReActIdle.",
    "pose-17": "Single frames of the same.",
}
"""What each folder of weights holds."""


@hookimpl
def platypose_weights() -> Iterable[Spec[Weights]]:
    """The priors."""
    for name, summary in PRIORS.items():
        yield Spec(name, Config, _factory(name), summary)


def _factory(name: str) -> Callable[[Config, BuildContext], Weights]:
    def build(config: Config, context: BuildContext) -> PackagedWeights:
        return PackagedWeights(name)

    return build
