"""Who takes part in a comparison. Imports neither torch nor numpy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from platypose.api import Energy, Sampler, UserError
from platypose.config import Chosen, choose, structure, unstructure
from platypose.config.chosen import parse_choice
from platypose.evaluation.config import EvaluateConfig


@attrs.frozen(kw_only=True)
class Entrant:
    """A sampler with its options, and with an energy of its own where it has one.

    Attributes:
        label: as it was typed, without the number of calls.
        sampler: the sampler.
        options: of the sampler, those that were typed.
        changes: fields of the evaluation in which it differs from others.
    """

    label: str
    sampler: Chosen[Sampler]
    options: Mapping[str, Any]
    changes: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Job:
    """An entrant at a number of denoiser calls.

    Attributes:
        entrant: the sampler.
        config: the evaluation with this sampler.
    """

    entrant: Entrant
    config: EvaluateConfig


def read_entrants(text: str) -> tuple[Entrant, ...]:
    """Read `--samplers`: samplers as elsewhere, `name:option=value,…`, one after another.

    An option belongs to the sampler before it. Two options are of the comparison and of no sampler:
    `energy_scale`, and `energy`, the name of another energy than the experiment's.

    Raises:
        UserError: a sampler or an option is unknown, or one sampler is there twice.
    """
    entries: list[str] = []
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        before, equals, _ = piece.partition("=")
        if equals and ":" not in before:
            if not entries:
                raise UserError(f"--samplers {text} begins with an option; name a sampler first.")
            entries[-1] += ("," if "=" in entries[-1] else ":") + piece
        else:
            entries.append(piece)
    if not entries:
        raise UserError("--samplers is empty; name samplers, such as posterior,guided-ddim.")
    double = next((entry for entry in entries if entries.count(entry) > 1), None)
    if double is not None:
        raise UserError(f"--samplers names {double} twice.")
    return tuple(_entrant(entry) for entry in entries)


def _entrant(entry: str) -> Entrant:
    try:
        options = parse_choice(entry)
    except ValueError as error:
        raise UserError(f"--samplers: {error}.") from None
    changes: dict[str, Any] = {}
    for field in ("energy_scale", "energy"):
        if field in options:
            changes[field] = options.pop(field)
    scale = changes.get("energy_scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 <= scale < 1e300:
        raise UserError(
            f"--samplers {entry}: energy_scale is {scale!r} but needs a number of at least 0."
        )
    if "energy_scale" in changes:
        changes["energy_scale"] = float(scale)
    if "energy" in changes:
        changes["energies"] = (choose(Energy, str(changes.pop("energy"))),)
    sampler = structure(dict(options), Chosen[Sampler], "--samplers")
    del options["name"]
    label = re.sub(r"(?<=[:,])calls=[^,]*(,|$)", "", entry).rstrip(":,")
    return Entrant(label=label, sampler=sampler, options=options, changes=changes)


def read_calls(text: str) -> tuple[int, ...]:
    """Read `--calls`, such as 2,4,8.

    Raises:
        UserError: it is no list of whole numbers above 0.
    """
    pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
    if not pieces or not all(piece.isdecimal() and int(piece) > 0 for piece in pieces):
        raise UserError(f"--calls {text} must be whole numbers above 0, such as 2,4,8.")
    return tuple(sorted({int(piece) for piece in pieces}))


def jobs(
    config: EvaluateConfig, entrants: Sequence[Entrant], calls: Sequence[int]
) -> tuple[Job, ...]:
    """Every entrant at every number of calls.

    One that names its own `calls`, or that has no such option, takes part once.
    """
    return tuple(
        Job(
            entrant=entrant,
            config=attrs.evolve(config, sampler=sampler, **entrant.changes),
        )
        for entrant in entrants
        for sampler in _at_calls(entrant, calls)
    )


def _at_calls(entrant: Entrant, calls: Sequence[int]) -> list[Chosen[Sampler]]:
    sampler = entrant.sampler
    if "calls" in entrant.options or "calls" not in attrs.fields_dict(type(sampler.config)):
        return [sampler]
    options = unstructure(sampler)
    return [
        structure(options | {"calls": number}, Chosen[Sampler], f"--calls {number}")
        for number in calls
    ]
