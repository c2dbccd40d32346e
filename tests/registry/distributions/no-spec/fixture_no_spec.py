from __future__ import annotations

from collections.abc import Iterable

from platypose.api import hookimpl

PLATYPOSE_API = 1


@hookimpl
def platypose_energies() -> Iterable[str]:
    yield "spring"
