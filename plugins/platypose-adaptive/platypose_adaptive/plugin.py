"""What this distribution offers to Platypose."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Denoiser, Spec, hookimpl
from platypose_adaptive.config import MLPConfig, TransformerConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_denoisers() -> Iterable[Spec[Denoiser]]:
    """The networks."""
    return [
        Spec(
            "mlp",
            MLPConfig,
            "platypose_adaptive.mlp:MLP",
            "Residual MLP that denoises every frame for itself.",
        ),
        Spec(
            "transformer",
            TransformerConfig,
            "platypose_adaptive.transformer:Transformer",
            "Transformer over the frames of a clip, with relative positions.",
        ),
    ]
