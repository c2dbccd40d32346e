"""Files and folders that are whole or not there."""

from __future__ import annotations

import os
import shutil
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


def require_new(out: Path) -> None:
    """Refuse an output that exists or cannot be made, before any work is done for it.

    Raises:
        UserError: `out` is a file, or a folder with something in it, or lies where none can be.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"--out {out} exists already; name a new folder.")
    above = next(parent for parent in out.absolute().parents if parent.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise UserError(f"--out {out} cannot be written: {above} is no folder that allows it.")


class NewFolder:
    """A temporary folder beside `out` that takes its name at the end, or vanishes."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def __enter__(self) -> Path:
        self.made = make_folders(self.out.parent)
        try:
            self.folder = Path(tempfile.mkdtemp(dir=self.out.parent, prefix=f".{self.out.name}."))
        except OSError as error:
            raise UserError(f"--out {self.out} cannot be written ({error.strerror}).") from None
        return self.folder

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            self.folder.chmod(0o755)
            if self.out.is_dir():
                self.out.rmdir()
            self.folder.rename(self.out)
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in self.made:
            folder.rmdir()
        if isinstance(error, OSError):
            raise UserError(f"--out {self.out} cannot be written ({error.strerror}).") from None


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
