"""The plugins of this process."""

from __future__ import annotations

import os

from platypose.registry.discovery import Plugins, discover

_current: Plugins | None = None


def plugins() -> Plugins:
    """The plugins of this process, discovered on first use.

    The environment variable `PLATYPOSE_PLUGINS=a,b` limits them to the entry points a and b; an
    empty value means none.
    """
    global _current
    if _current is None:
        names = os.environ.get("PLATYPOSE_PLUGINS")
        select = None if names is None else [n.strip() for n in names.split(",") if n.strip()]
        _current = discover(select)
    return _current


def use(found: Plugins | None) -> None:
    """Replace the plugins of this process; None discovers them anew on the next use."""
    global _current
    _current = found
