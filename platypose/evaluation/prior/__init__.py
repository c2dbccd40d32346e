"""How good a prior is by itself, with nothing to lift."""

from __future__ import annotations
