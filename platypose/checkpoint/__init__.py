"""Checkpoints: safetensors with a JSON header that reads without torch."""

from __future__ import annotations

from platypose.checkpoint.header import Component, Header, read_header

__all__ = ["Component", "Header", "read_header"]
