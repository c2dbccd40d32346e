"""Loads, but what it announces cannot be had."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from platypose.api import Energy, EnergyConfig, Reader, Spec, hookimpl

PLATYPOSE_API = 1

NUMBER = 3


class Bicycle:
    """Nothing of an energy."""


def bicycle(config: EnergyConfig, context: object) -> Bicycle:
    return Bicycle()


def reader(config: EnergyConfig, context: object) -> Reader:
    raise NotImplementedError


def secretive(config, context):  # type: ignore[no-untyped-def]
    return Path()


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    for name in ("Bicycle", "bicycle", "reader", "secretive", "missing", "NUMBER"):
        factory = f"fixture_broken_factories:{name}"
        yield Spec(f"broken-{name}", EnergyConfig, factory, "")
    yield Spec("broken-module", EnergyConfig, "fixture_nowhere:build", "")
