"""Text files, read with care."""

from __future__ import annotations

from pathlib import Path

from platypose.api import UserError

MOST_BYTES = 64 * 2**20
"""Of a camera file; with more it is something else."""


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        UserError: it is missing, no file, too large, or no text.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path} is too large for a camera file.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except ValueError:
        raise UserError(f"{path} is no text file.") from None


def beginning(path: Path, size: int = 4096) -> str:
    """The first characters of a file; nothing, where it is no text or cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(size).decode("utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return ""
