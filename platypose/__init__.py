"""Energy-guided diffusion for lifting human poses from 2D to 3D.

`Platypose` and `Evidence` are imported on first use, so that `import platypose` stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from platypose.evidence import Evidence
    from platypose.lifting import Platypose

__version__ = "0.1.0"
__all__ = ["Evidence", "Platypose", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Evidence":
        from platypose.evidence import Evidence

        return Evidence
    if name == "Platypose":
        from platypose.lifting import Platypose

        return Platypose
    raise AttributeError(f"module 'platypose' has no attribute {name!r}")
