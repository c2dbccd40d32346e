"""Strict conversion between plain values and configuration classes, on cattrs.

cattrs turns 3.7 into 3 and "false" into True, and names an unknown component a missing field;
here each of these is an error that says where it is, and all errors come at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import attrs
import cattrs
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, mapping_structure_factory, override

from platypose.api import UserError, all_kinds
from platypose.api.errors import close_matches
from platypose.config.chosen import Chosen, parse_choice

T = TypeVar("T")


def structure(content: Any, target: type[T], source: str) -> T:
    """Turn plain values into a configuration object.

    Arguments:
        content: as read from YAML or JSON.
        target: an attrs class, or `Chosen[Protocol]`.
        source: the file or option, named in errors.

    Raises:
        UserError: with one line for each error, its path in `content` first.
    """
    try:
        return _converter().structure(content, target)
    except Exception as error:
        problems = list(_problems(error, ""))
    if len(problems) == 1:
        raise UserError(f"{source}: {problems[0]}.")
    raise UserError(f"{source} has {len(problems)} errors:" + "".join(f"\n  {p}" for p in problems))


def unstructure(config: Any) -> Any:
    """Turn a configuration object into plain values that `structure` reads back."""
    return _converter().unstructure(config)


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    for kind in (bool, int, float, str):
        converter.register_structure_hook(kind, _strict)
    converter.register_structure_hook(Path, lambda value, _: Path(_strict(value, str)))
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook_factory(
        attrs.has, lambda target: _mapping_first(_class_hook(target, converter))
    )
    converter.register_structure_hook_func(_is_literal, _structure_literal)
    converter.register_structure_hook_func(_is_chosen, _structure_chosen)
    converter.register_unstructure_hook_func(
        _is_chosen,
        lambda chosen: {
            "name": chosen.name,
            **converter.unstructure(chosen.config, unstructure_as=type(chosen.config)),
        },
    )
    converter.register_structure_hook_func(_is_sequence, _list_first(converter))
    converter.register_structure_hook_factory(
        _is_mapping,
        lambda target: _mapping_first(mapping_structure_factory(target, converter)),
    )
    return converter


def _mapping_first(hook: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def checked(value: Any, target: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(f"is {value!r} but needs a mapping of names to values")
        return hook(value, target)

    return checked


def _class_hook(target: type[Any], converter: cattrs.Converter) -> Any:
    """cattrs' own hook, with each field's check run as that field is read.

    Left to the class's validators, only the first failing check would be reported, and nowhere.
    """

    def field_hook(field: attrs.Attribute[Any]) -> Any:
        def hook(value: Any, kind: Any) -> Any:
            result = converter.structure(value, kind)
            if field.validator is not None:
                field.validator(None, field, result)
            return result

        return override(struct_hook=hook)

    attrs.resolve_types(target)
    hooks = {field.name: field_hook(field) for field in attrs.fields(target)}
    return make_dict_structure_fn(target, converter, _cattrs_forbid_extra_keys=True, **hooks)


def _structure_literal(value: Any, target: Any) -> Any:
    choices = get_args(target)
    if value not in choices:
        raise ValueError(f"is {value!r} but needs one of {', '.join(map(str, choices))}")
    return value


def _is_chosen(target: Any) -> bool:
    return target is Chosen or bool(get_origin(target) is Chosen)


def _is_literal(target: Any) -> bool:
    return str(get_origin(target)) == "typing.Literal"


def _is_mapping(target: Any) -> bool:
    return get_origin(target) in (dict, Mapping)


def _is_sequence(target: Any) -> bool:
    return get_origin(target) in (tuple, list)


def _strict(value: Any, target: type[Any]) -> Any:
    if target is float and isinstance(value, int | float) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not target:
        names = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
        raise ValueError(f"is {value!r} but needs {names[target]}")
    if target is float and math.isnan(value):
        raise ValueError("is NaN but needs a number")
    return value


def _list_first(converter: cattrs.Converter) -> Any:
    """Sequences from lists alone: cattrs would take a string for a list of letters."""

    def hook(value: Any, target: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ValueError(f"is {value!r} but needs a list")
        arguments = get_args(target)
        if get_origin(target) is tuple and arguments[-1:] != (Ellipsis,):
            if len(value) != len(arguments):
                raise ValueError(f"has {len(value)} entries but needs {len(arguments)}")
            types: Any = arguments
        else:
            types = [arguments[0]] * len(value)
        result, errors = [], []
        for index, (entry, kind) in enumerate(zip(value, types)):
            try:
                result.append(converter.structure(entry, kind))
            except Exception as error:
                error.add_note(IterableValidationNote("", index, kind))
                errors.append(error)
        if errors:
            raise IterableValidationError("", errors, target)
        return get_origin(target)(result)

    return hook


def _structure_chosen(value: Any, target: Any) -> Chosen[Any]:
    from platypose.registry import plugins

    (protocol,) = get_args(target)
    kind = next(kind for kind in all_kinds().values() if kind.protocol is protocol)
    options = parse_choice(value)
    if "name" not in options:
        raise ValueError(f"has no 'name', which chooses the {kind.name}")
    name = options.pop("name")
    if not isinstance(name, str):
        raise ValueError(f"has the name {name!r} but needs a word")
    entry = plugins().registry(kind).find(name)
    return Chosen(name, _converter().structure(options, entry.spec.config))


def _problems(error: BaseException, path: str) -> Iterator[str]:
    """One line an error, its path first, from the tree of exceptions that cattrs raises."""
    if isinstance(error, ClassValidationError | IterableValidationError):
        for inner in error.exceptions:
            yield from _problems(inner, path + _place(inner))
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [field.name for field in attrs.fields(error.cl)]
        for extra in sorted(error.extra_fields):
            yield f"{path}.{extra}".lstrip(".") + f" is unknown{close_matches(extra, known)}"
    elif isinstance(error, KeyError):
        yield f"{path}.{error.args[0]}".lstrip(".") + " is missing"
    else:
        # An error without a place, or a whole sentence, is not about the field of that path itself.
        separator = " " if _place(error) and not isinstance(error, UserError) else ": "
        yield f"{path.lstrip('.')}{separator}{error}".removeprefix(": ").strip().rstrip(".")


def _place(error: BaseException) -> str:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            # A missing field names itself.
            return "" if isinstance(error, KeyError) else f".{note.name}"
        if isinstance(note, IterableValidationNote):
            return f"[{note.index}]" if isinstance(note.index, int) else f".{note.index}"
    return ""
