from __future__ import annotations

from collections.abc import Iterable

from platypose.api import Config, Energy, Spec, hookimpl

PLATYPOSE_API = 1


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    yield Spec("unscaled", Config, "fixture_wrong_config:build", "An energy without a scale.")
