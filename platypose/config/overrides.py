"""`--set a.b=c`: single values laid over a configuration."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from platypose.api.errors import UserError
from platypose.config.chosen import parse_choice
from platypose.config.text import load_yaml


def merge_overrides(content: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Lay `path=value` texts over a mapping.

    Arguments:
        content: plain values, as read from YAML; left as it is.
        overrides: such as `"train.steps=50000"`; the value is YAML, a number in the path is an
            index into a list.

    Raises:
        UserError: a text is not of that form, or its path leads through a plain value.
    """
    result = copy.deepcopy(dict(content))
    for override in overrides:
        path, equals, value = override.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            raise UserError(f"--set {override} must have the form field.subfield=value.")
        place: Any = result
        for key in keys[:-1]:
            place = _step(place, key, override)
        _assign(place, keys[-1], load_yaml(value, f"--set {override}"), override)
    return result


def _step(place: Any, key: str, override: str) -> Any:
    if isinstance(place, list):
        key_or_index: Any = _index(place, key, override)
        inner = place[key_or_index]
    else:
        key_or_index, inner = key, place.get(key)
    if inner is None:
        inner = {}
    elif isinstance(inner, str):
        # A component written as a bare name becomes a mapping that can take options.
        try:
            inner = parse_choice(inner)
        except ValueError as error:
            raise UserError(f"--set {override}: {error}.") from None
    elif not isinstance(inner, dict | list):
        raise UserError(f"--set {override}: {key} is {inner!r}, which has no fields.")
    place[key_or_index] = inner
    return inner


def _assign(place: Any, key: str, value: Any, override: str) -> None:
    if isinstance(place, list):
        place[_index(place, key, override)] = value
    else:
        place[key] = value


def _index(place: list[Any], key: str, override: str) -> int:
    if not key.isdecimal() or int(key) >= len(place):
        raise UserError(f"--set {override}: {key!r} is no index of a list of {len(place)}.")
    return int(key)
