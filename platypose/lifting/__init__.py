"""Evidence in, posterior samples out."""

from __future__ import annotations

from platypose.lifting.guidance import Guidance
from platypose.lifting.pipeline import Platypose, Step
from platypose.lifting.result import Result

__all__ = ["Guidance", "Platypose", "Result", "Step"]
