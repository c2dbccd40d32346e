"""A component chosen by name, with its options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import attrs

from platypose.api import Config, all_kinds
from platypose.config.text import load_yaml

T = TypeVar("T")


@attrs.frozen
class Chosen(Generic[T]):
    """A component of protocol `T`, by name, with its checked configuration.

    In YAML it is a name, or a mapping with `name` and options; on the command line
    `name:option=value,option=value`.
    """

    name: str
    config: Config


def choose(protocol: type[T], text: str) -> Chosen[T]:
    """Read `name:option=value,…` as typed on the command line.

    Raises:
        UserError: no such component, or a wrong option.
    """
    from platypose.config.convert import structure

    return structure(text, Chosen[protocol], _kind_name(protocol))  # type: ignore[valid-type]


def parse_choice(value: Any) -> dict[str, Any]:
    """The mapping form of any of the three ways to choose a component."""
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, str):
        raise ValueError("must be a name, or a mapping with name and options")
    before, equals, _ = value.partition("=")
    if not equals:
        return {"name": value}
    head, colon, _ = before.rpartition(":")
    if not (head and colon):
        raise ValueError(f"{value!r} must have the form name:option=value,option=value")
    fields = re.sub(r"(^|,)([^,=]*)=", r"\1\2: ", value[len(head) + 1 :])
    options = load_yaml("{" + fields + "}", f"{value!r}")
    if "name" in options:
        raise ValueError(f"{value!r} gives the name twice")
    return {"name": head, **options}


def _kind_name(protocol: type[Any]) -> str:
    return next(kind.name for kind in all_kinds().values() if kind.protocol is protocol)
