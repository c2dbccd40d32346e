"""The kinds of component, one module each. A new module here is a new kind; nothing else changes.

Each module holds the protocol, the hook specification and a `Kind` named `KIND`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from platypose.api.kind import Kind


@cache
def all_kinds() -> dict[str, Kind[Any]]:
    """Every kind by name, in alphabetical order."""
    modules = (
        importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)
    )
    kinds = sorted((module.KIND for module in modules), key=lambda kind: str(kind.name))
    return {kind.name: kind for kind in kinds}
