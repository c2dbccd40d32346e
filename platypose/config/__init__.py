"""attrs classes ↔ YAML ↔ command line, with errors that name the path."""

from __future__ import annotations

from platypose.config.chosen import Chosen, choose
from platypose.config.convert import structure, unstructure
from platypose.config.overrides import merge_overrides
from platypose.config.text import load_yaml, read_yaml, write_yaml

__all__ = [
    "Chosen",
    "choose",
    "load_yaml",
    "merge_overrides",
    "read_yaml",
    "structure",
    "unstructure",
    "write_yaml",
]
