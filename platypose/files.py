"""Files that are whole or not there."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from platypose.api.errors import UserError


def make_folders(folder: Path) -> list[Path]:
    """Make a folder with all above it; returns those that were not there, the deepest first.

    Raises:
        UserError: it cannot be made.
    """
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be made ({error.strerror}).") from None
    return new


@contextmanager
def write_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Write to a temporary file beside `path`, then rename it, so that readers see all or nothing.

    Raises:
        UserError: the folder is missing or cannot be written, or the disk is full.
    """
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}).") from None
    finally:
        if temporary is not None and temporary.exists():
            temporary.unlink()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock, which the system releases however the process ends.

    Raises:
        UserError: another process holds it, or there can be no such file.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    file = -1
    try:
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The last holder may have removed the file in between; then nobody else can see it.
            if path.exists() and path.stat().st_ino == os.fstat(file).st_ino:
                break
            os.close(file)
    except BlockingIOError:
        holder = os.read(file, 200).decode("utf-8", "replace").strip() or "another process"
        os.close(file)
        raise UserError(f"{path.parent} is in use by {holder}.") from None
    except OSError as error:
        raise UserError(f"{path.parent} cannot be written ({error.strerror}).") from None
    try:
        os.ftruncate(file, 0)
        os.write(file, f"process {os.getpid()} on {socket.gethostname()}".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)
