"""A component as a plugin announces it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import attrs

from platypose.api.config import Config
from platypose.api.context import BuildContext

T_co = TypeVar("T_co", covariant=True)

API_VERSION = 1
"""The number that a plugin module states as `PLATYPOSE_API`."""


@attrs.frozen
class Spec(Generic[T_co]):
    """One component: its name, its configuration and how to build it.

    Attributes:
        name: what users type, lower case with hyphens.
        config: the configuration class, importable without torch.
        factory: `"package.module:callable"`, called as `callable(config, context)`. A string, so
            that listing components imports none of them; a callable serves in a notebook.
        summary: one line for `platypose plugins`.
        config_version: counted up when a field is renamed or changes its meaning.
        migrate: turns the raw fields of an older `config_version` into those of this one.
    """

    name: str
    config: type[Config]
    factory: str | Callable[[Any, BuildContext], T_co]
    summary: str
    config_version: int = attrs.field(default=1, kw_only=True)
    migrate: Callable[[Mapping[str, Any], int], Mapping[str, Any]] | None = attrs.field(
        default=None, kw_only=True
    )
