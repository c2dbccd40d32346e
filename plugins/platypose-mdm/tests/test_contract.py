"""The contract of denoisers, kept by the transformer."""

from __future__ import annotations

from platypose.testing import DenoiserContract


class TestMDM(DenoiserContract):
    name = "mdm"
    options = {"layers": 2, "width": 32, "heads": 4, "feed_forward": 48}
