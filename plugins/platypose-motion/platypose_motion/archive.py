"""Files of a source: a folder, or a zip archive that is read in place."""

from __future__ import annotations

import functools
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from platypose.api import UserError

T = TypeVar("T")


def found_in(sources: Sequence[Path], find: Callable[[Path], Iterable[T]], nothing: str) -> list[T]:
    """What every source holds, one after another.

    Arguments:
        sources: where to look.
        find: what one of them holds.
        nothing: the rest of the sentence that begins with a source which holds nothing.

    Raises:
        UserError: a source holds nothing.
    """
    found: list[T] = []
    for source in sources:
        of_source = list(find(source))
        if not of_source:
            raise UserError(f"{source} {nothing}")
        found += of_source
    return found


def members(source: Path, suffixes: Sequence[str], expected: str) -> list[str]:
    """The names inside a source that end in one of the suffixes, sorted.

    Arguments:
        source: a folder or a zip archive.
        suffixes: lower-case, with the dot.
        expected: what a source should be, for the error message.

    Raises:
        UserError: the source does not exist or is neither a folder nor a zip archive.
    """
    if source.is_dir():
        names = (p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file())
    elif not source.exists():
        raise UserError(f"{source} does not exist; {expected} is expected.")
    else:
        names = (name for name in _open(source, expected).namelist() if not name.endswith("/"))
    return sorted(name for name in names if name.lower().endswith(tuple(suffixes)))


def read(source: Path, member: str) -> bytes:
    """The content of one file of a source.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        if source.is_dir():
            return (source / member).read_bytes()
        return _open(source, "a zip archive or a folder").read(member)
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{source}/{member} cannot be read: {error}.") from error


def read_text(source: Path, member: str) -> str:
    """The same as text; what is not UTF-8 becomes a replacement character.

    Raises:
        UserError: it is missing or damaged.
    """
    return read(source, member).decode("utf-8-sig", errors="replace")


def _open(source: Path, expected: str) -> zipfile.ZipFile:
    try:
        status = source.stat()
        return _opened(source, status.st_mtime_ns, status.st_size, os.getpid())
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{source} cannot be read as a zip archive ({error}); {expected} is expected."
        ) from error


# Reading the directory of a large archive once for each of its members would be slow. The time and
# the size are part of the key, so that an archive that is replaced is opened again, and so is the
# process: a forked one shares the position in the file with its parent.
@functools.lru_cache(maxsize=8)
def _opened(source: Path, changed: int, size: int, process: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(source)
