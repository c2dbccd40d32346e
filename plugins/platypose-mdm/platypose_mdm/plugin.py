"""What this distribution offers to Platypose."""

from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Denoiser, Spec, hookimpl
from platypose_mdm.config import MDMConfig

PLATYPOSE_API = 1


@hookimpl
def platypose_denoisers() -> Iterable[Spec[Denoiser]]:
    """The motion diffusion transformer."""
    return [
        Spec(
            "mdm",
            MDMConfig,
            "platypose_mdm.mdm:MDM",
            "Motion diffusion transformer over the frames of a clip (Tevet et al., 2022).",
        )
    ]
