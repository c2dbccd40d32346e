"""A kind of component: its protocol, its hook and its configuration base in one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import attrs
import pluggy

from platypose.api.config import Config
from platypose.api.spec import Spec

T = TypeVar("T")

hookspec = pluggy.HookspecMarker("platypose")
hookimpl = pluggy.HookimplMarker("platypose")


@attrs.frozen(kw_only=True)
class Kind(Generic[T]):
    """Declared once, in a module of `platypose.api.kinds`.

    Attributes:
        name: the word on the command line, as in `platypose show energy heatmap`.
        protocol: what a component of this kind promises.
        hook: the hook specification that plugins implement.
        config: the class that every configuration of this kind derives from.
        noun: what messages call one of them; its name, if empty.
    """

    name: str
    protocol: type[T]
    hook: Callable[[], Iterable[Spec[T]]]
    config: type[Config] = Config
    noun: str = ""
