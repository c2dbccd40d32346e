"""Samplers side by side, at several numbers of denoiser calls."""

from __future__ import annotations
