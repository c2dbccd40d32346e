"""The command line: one module a command, which imports what it needs when it runs."""

from __future__ import annotations

from platypose.cli.app import main

__all__ = ["main"]
