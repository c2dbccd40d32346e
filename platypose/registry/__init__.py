"""Discovery of plugins and one typed registry a kind. Imports neither torch nor numpy."""

from __future__ import annotations

from platypose.registry.discovery import Fault, Plugin, Plugins, discover
from platypose.registry.host import plugins, use
from platypose.registry.registry import Entry, Registry

__all__ = ["Entry", "Fault", "Plugin", "Plugins", "Registry", "discover", "plugins", "use"]
