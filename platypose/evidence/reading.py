"""A file or folder of evidence, whoever wrote it."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from platypose.api import Reader, UserError
from platypose.api.kinds.reader import KIND
from platypose.evidence.detections import Detections
from platypose.evidence.evidence import Evidence
from platypose.evidence.file import read_either

if TYPE_CHECKING:
    from platypose.config import Chosen


def read_evidence(
    path: Path,
    chosen: Chosen[Reader] | None = None,
    *,
    image_size: tuple[int, int] | None = None,
) -> Detections | Evidence:
    """Read Platypose's own file, or any format that an installed reader knows.

    Arguments:
        path: file or folder.
        chosen: the reader; None takes the one that recognises the content.
        image_size: width and height of the video, pixels, for a reader that has this as an option
            and was not given it.

    Returns:
        evidence, or what a detector saw in one video where the file has no cameras.

    Raises:
        UserError: there is nothing at that path, no reader or more than one recognises it, or it
            is damaged.
    """
    from platypose.compute import plain_context
    from platypose.config import Chosen
    from platypose.registry import plugins

    if not _exists(path):
        raise UserError(f"There is no file {path}.")
    registry = plugins().registry(KIND)
    if chosen is None:
        if is_own(path):
            return read_either(path, "evidence", "detections")
        name = _recognising(path)
        chosen = Chosen(name, registry.configure(name, {}))
    if image_size is not None and getattr(chosen.config, "image_size", image_size) is None:
        chosen = Chosen(chosen.name, attrs.evolve(chosen.config, **{"image_size": image_size}))
    try:
        return registry.build(chosen, plain_context()).read(path)
    except UserError as error:
        message = str(error)
        raise UserError(message if str(path) in message else f"{path}: {message}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None


def is_own(path: Path) -> bool:
    """Whether a file is Platypose's own, by its first bytes and the names of its arrays."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(9)
    if start[:2] == b"PK":
        try:
            with zipfile.ZipFile(path) as archive:
                return "platypose.npy" in archive.namelist()
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
            return False
    return start[4:] == b"\0\0\0\0{"  # the length of a safetensors header, and its beginning


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, or of another person's folder
        return False


def _recognising(path: Path) -> str:
    """The name of the one reader that recognises the content."""
    from platypose.compute import plain_context
    from platypose.config import Chosen
    from platypose.registry import plugins

    registry = plugins().registry(KIND)
    context = plain_context()
    found = []
    for name in registry.names():
        with suppress(Exception):  # one that stumbles, or that needs options, does not know it
            reader = registry.build(Chosen(name, registry.configure(name, {})), context)
            if reader.recognises(path):
                found.append(name)
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"{path} may be {' or '.join(found)}; say which with --format.")
    known = ", ".join(["platypose", *registry.names()])
    raise UserError(
        f"{path} is no evidence file, or is damaged: it looks like none of the formats {known}."
    )
