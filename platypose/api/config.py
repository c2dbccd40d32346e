"""What a configuration class is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def field(
    default: T,
    *,
    doc: str,
    check: Callable[[Any], bool] | None = None,
    needs: str | None = None,
) -> T:
    """Declare one documented field of a configuration class.

    Arguments:
        default: the value where the user gives none, or `attrs.NOTHING` for a required field.
        doc: one sentence with the unit; `platypose show` and the site print it.
        check: true for an acceptable value.
        needs: what `check` asks for, as in "a number above 0".
    """

    def validate(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if check is not None and not check(value):
            raise ValueError(f"is {value!r} but needs {needs}")

    result: T = attrs.field(default=default, validator=validate, metadata={"doc": doc})
    return result


@attrs.frozen(kw_only=True)
class Config:
    """Base of every component's configuration: frozen, keyword-only, fields made by `field`."""
