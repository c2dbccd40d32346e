"""What a configuration class is made of."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, Any, TypeVar, overload

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@overload
def field(
    default: EllipsisType,
    *,
    doc: str,
    check: Callable[[Any], bool] | None = None,
    needs: str | None = None,
) -> Any: ...


@overload
def field(
    default: T,
    *,
    doc: str,
    check: Callable[[Any], bool] | None = None,
    needs: str | None = None,
) -> T: ...


def field(
    default: Any,
    *,
    doc: str,
    check: Callable[[Any], bool] | None = None,
    needs: str | None = None,
) -> Any:
    """Declare one documented field of a configuration class.

    Arguments:
        default: the value where the user gives none, or `...` for a required field.
        doc: one sentence with the unit; `platypose show` and the site print it.
        check: true for an acceptable value.
        needs: what `check` asks for, as in "a number above 0".
    """

    def validate(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if check is not None and not check(value):
            raise ValueError(f"is {value!r} but needs {needs}")

    default = attrs.NOTHING if default is ... else default
    return attrs.field(default=default, validator=validate, metadata={"doc": doc})


@attrs.frozen(kw_only=True)
class Config:
    """Base of every component's configuration: frozen, keyword-only, fields made by `field`."""
