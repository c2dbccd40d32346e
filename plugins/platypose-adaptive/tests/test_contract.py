"""The contract of denoisers, kept by both networks."""

from __future__ import annotations

from platypose.testing import DenoiserContract


class TestMLP(DenoiserContract):
    name = "mlp"
    options = {"blocks": 2, "width": 32, "hidden": 48, "levels": 8}


class TestTransformer(DenoiserContract):
    name = "transformer"
    options = {"blocks": 2, "width": 32, "hidden": 48, "levels": 8, "heads": 4, "reach": 3}
