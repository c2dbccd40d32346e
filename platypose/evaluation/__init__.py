"""How good a prior and a sampler are: metrics, experiments and their results."""

from __future__ import annotations
