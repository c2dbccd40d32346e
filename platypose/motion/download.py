"""Where the files of a data set are had, and downloads that go on where they were cut."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import attrs

from platypose.api import UserError
from platypose.files import make_folders

if TYPE_CHECKING:
    import requests

Progress = Callable[[int, int | None], None]

BLOCK = 1 << 14
"""Bytes that are received at once; so much may be lost where a connection is cut."""


@attrs.frozen(kw_only=True)
class Download:
    """A file that anybody may download.

    Attributes:
        url: where it is.
        filename: what it is called here.
        size: bytes, or None.
        sha256: its checksum; None where the owners publish none. A zip archive is then checked by
            the checksums that it holds.
    """

    url: str
    filename: str
    size: int | None = None
    sha256: str | None = None


@attrs.frozen(kw_only=True)
class Obtaining:
    """How the files of a data set are had.

    Attributes:
        instructions: where they are, whom to ask, and what to put where.
        downloads: what anybody may download; nothing where the owners must be asked first.
        expected: beginnings of the names of recordings; what is complete has each of them.
    """

    instructions: str
    downloads: tuple[Download, ...] = ()
    expected: tuple[str, ...] = ()


@runtime_checkable
class Obtainable(Protocol):
    """A data set that says how its files are had; `platypose data download` asks for it."""

    def obtaining(self) -> Obtaining:
        """Where the files are had."""
        ...


def fetch(
    download: Download,
    folder: Path,
    *,
    progress: Progress | None = None,
    attempts: int = 5,
    wait: float = 2.0,
) -> Path:
    """Download a file, checked, whole or not at all.

    What has come is kept as `<filename>.part`; after a cut connection, or in a later call, the
    rest is asked for. A file that is there with the right checksum is not downloaded again.

    Arguments:
        download: the file.
        folder: where to put it; made if it is missing.
        progress: called as (bytes that are here, bytes of the whole or None).
        attempts: how often to ask in a row without receiving anything.
        wait: seconds before the second of them; doubled each time.

    Returns:
        The file.

    Raises:
        UserError: the server refuses or stays away, the checksum is wrong, the disk is full, or
            the package pooch is missing.
    """
    try:
        import pooch
    except ModuleNotFoundError:
        raise UserError(
            "Downloading needs the package pooch: pip install 'platypose[download]'."
        ) from None
    # Its messages are for those who write programs with it.
    pooch.get_logger().setLevel(logging.WARNING)
    make_folders(folder)
    path = folder / download.filename
    resuming = Resuming(path, download.size, progress=progress, attempts=attempts, wait=wait)
    try:
        pooch.retrieve(
            download.url,
            known_hash=None if download.sha256 is None else f"sha256:{download.sha256}",
            fname=download.filename,
            path=folder,
            downloader=resuming,
        )
    except ValueError as error:
        raise UserError(
            f"{download.url} does not have the checksum that was published; nothing was kept. Try "
            "again later, and tell us if it stays so."
        ) from error
    except OSError as error:
        raise UserError(_unwritable(path, error)) from error
    return path


@attrs.define
class Resuming:
    """A downloader for pooch that asks for the rest of a file by HTTP's Range.

    Source: RFC 9110, section 14.

    Attributes:
        path: the file; the part of it that has come is `<path>.part`, and `<path>.part.version`
            is what the server called that version of the file.
        size: bytes of the whole, or None.
        progress, attempts, wait: as of `fetch`.
    """

    path: Path
    size: int | None = None
    progress: Progress | None = attrs.field(default=None, kw_only=True)
    attempts: int = attrs.field(default=5, kw_only=True)
    wait: float = attrs.field(default=2.0, kw_only=True)

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Download the whole and give it to pooch."""
        failures = 0
        while True:
            before = _size(self._part)
            try:
                if self._ask(url):
                    break
                reason = "the connection was cut"
            except _UnreachableError as error:
                reason = str(error)
            failures = 1 if _size(self._part) > before else failures + 1
            if failures >= self.attempts:
                kept = (
                    f"what has come is kept in {self._part}, and the same command goes on from "
                    "there."
                    if self._part.is_file()
                    else "nothing has come. Try again later."
                )
                raise UserError(f"{url} could not be downloaded ({reason}); {kept}")
            time.sleep(self.wait * 2 ** (failures - 1))
        self._check_zip(url)
        self._part.replace(output_file)
        self._version.unlink(missing_ok=True)

    @property
    def _part(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def _version(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part.version")

    def _ask(self, url: str) -> bool:
        """Ask once for what is missing; whether the file is whole now."""
        import requests

        here = _size(self._part)
        headers = {"Accept-Encoding": "identity"}
        if here:
            headers["Range"] = f"bytes={here}-"
            if self._version.is_file():
                headers["If-Range"] = self._version.read_text(encoding="latin-1")
        try:
            with requests.get(url, headers=headers, stream=True, timeout=(15, 60)) as response:
                return self._receive(url, response, here)
        except requests.RequestException as error:
            raise _UnreachableError(_reason(error)) from error

    def _receive(self, url: str, response: requests.Response, here: int) -> bool:
        import requests

        if response.status_code == 416:
            # Either all has come already, or the file there has become shorter.
            if here and response.headers.get("Content-Range") == f"bytes */{here}":
                return True
            self._part.unlink(missing_ok=True)
            return False
        if response.status_code in (429, 500, 502, 503, 504):
            raise _UnreachableError(f"the server answers {response.status_code}")
        if response.status_code not in (200, 206):
            raise UserError(f"{url} cannot be had: the server answers {response.status_code}.")
        start, whole = _range(response)
        if start not in (0, here):
            self._part.unlink(missing_ok=True)
            raise _UnreachableError("the server gave another part than was asked for")
        version = response.headers.get("ETag", "")
        if not version or version.startswith("W/"):
            version = response.headers.get("Last-Modified", "")
        self._require_room(url, start, whole)
        try:
            if version:
                self._version.write_text(version, encoding="latin-1")
            else:
                self._version.unlink(missing_ok=True)
            with self._part.open("r+b" if start else "wb") as file:
                file.seek(start)
                for block in response.iter_content(BLOCK):
                    file.write(block)
                    if self.progress:
                        self.progress(file.tell(), whole or self.size)
        except requests.RequestException:  # an OSError too, but not of the disk
            raise
        except OSError as error:
            raise UserError(
                f"{_unwritable(self._part, error)} What has come is kept, and the same command "
                "goes on from there."
            ) from error
        expected = whole or self.size
        return expected is None or _size(self._part) == expected

    def _require_room(self, url: str, start: int, whole: int | None) -> None:
        if whole is None:
            return
        if self.size is not None and whole != self.size:
            raise UserError(
                f"{url} has {whole} bytes and {self.size} were published; it is another file."
            )
        free = shutil.disk_usage(self.path.parent).free
        if whole - start > free:
            raise UserError(
                f"{url} needs {_megabytes(whole - start)} more, and {self.path.parent} has "
                f"{_megabytes(free)} free."
            )

    def _check_zip(self, url: str) -> None:
        if self.path.suffix.lower() != ".zip":
            return
        damaged: object = "no zip archive"
        broken = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
        with contextlib.suppress(*broken), zipfile.ZipFile(self._part) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            self._part.unlink()
            raise UserError(f"{url} came damaged ({damaged}); nothing was kept. Try again.")


class _UnreachableError(Exception):
    """The server did not answer as it may a moment later."""


def _range(response: requests.Response) -> tuple[int, int | None]:
    """The first byte of the answer, and the size of the whole if the server says it."""
    if response.status_code == 206:
        span, _, whole = (
            response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        )
        start = span.partition("-")[0]
        if not start.isdigit():
            raise _UnreachableError("the server does not say which part it gives")
        return int(start), int(whole) if whole.isdigit() else None
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut"
    if isinstance(error, requests.Timeout):
        return "the server does not answer"
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema)):
        return "the address is not valid"
    return "no connection"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _unwritable(path: Path, error: OSError) -> str:
    return f"{path} cannot be written ({error.strerror or error})."


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
