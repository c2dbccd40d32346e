"""Downloads from a server on this machine that cuts connections."""

from __future__ import annotations

import errno
import hashlib
import io
import shutil
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import attrs
import pytest

from platypose.api import UserError
from platypose.motion.download import BLOCK, Download, fetch


def _archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("01/01_01.amc", bytes(range(256)) * 2000)
    return stream.getvalue()


CONTENT = _archive()
CUT = 12 * BLOCK
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


@attrs.define
class Site:
    """One file.

    Attributes:
        content: of the file.
        cuts: after how many bytes each of the next answers ends; None gives all.
        ranges: whether parts may be asked for.
        etag: the version of the file.
        status: in place of an answer.
        asked: the Range of each request.
    """

    content: bytes = CONTENT
    cuts: list[int | None] = attrs.field(factory=list)
    ranges: bool = True
    etag: str | None = '"1"'
    status: int | None = None
    asked: list[str | None] = attrs.field(factory=list)
    url: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            site.asked.append(wanted)
            if site.status is not None:
                self.send_error(site.status)
                return
            start, whole = 0, len(site.content)
            same = self.headers.get("If-Range") in (None, site.etag)
            if wanted and site.ranges and same:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                if start >= whole:
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{whole}")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(whole - start))
            if site.etag:
                self.send_header("ETag", site.etag)
            self.end_headers()
            cut = site.cuts.pop(0) if site.cuts else None
            self.wfile.write(site.content[start:] if cut is None else site.content[start:][:cut])

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/all.zip"
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


def _fetch(site: Site, folder: Path, **how: Any) -> Path:
    sha256 = how.pop("sha256", CHECKSUM)
    download = Download(url=site.url, filename="all.zip", sha256=sha256, size=how.pop("size", None))
    return fetch(download, folder, **{"wait": 0.01, **how})


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("sha256", [CHECKSUM, None])
def test_a_file_comes_whole_and_is_not_fetched_again(
    site: Site, tmp_path: Path, sha256: str | None
) -> None:
    seen: list[tuple[int, int | None]] = []
    path = _fetch(
        site, tmp_path / "new", sha256=sha256, progress=lambda n, whole: seen.append((n, whole))
    )
    assert path.read_bytes() == CONTENT and _names(tmp_path / "new") == ["all.zip"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [n for n, _ in seen] == sorted(n for n, _ in seen)
    assert _fetch(site, tmp_path / "new", sha256=sha256) == path
    assert len(site.asked) == 1


def test_cut_connections_are_resumed(site: Site, tmp_path: Path) -> None:
    site.cuts = [CUT, 0, BLOCK, None]
    assert _fetch(site, tmp_path).read_bytes() == CONTENT
    assert site.asked == [None, *(f"bytes={n}-" for n in (CUT, CUT, CUT + BLOCK))]
    assert _names(tmp_path) == ["all.zip"]


@pytest.mark.parametrize("etag", ['"1"', None, 'W/"1"'])
def test_a_later_call_goes_on_where_the_first_gave_up(
    site: Site, tmp_path: Path, etag: str | None
) -> None:
    site.etag, site.cuts = etag, [CUT, 0, 0]
    with pytest.raises(UserError, match=r"cut\); what has come is kept in .*all\.zip\.part, and"):
        _fetch(site, tmp_path, attempts=2)
    assert (tmp_path / "all.zip.part").read_bytes() == CONTENT[:CUT]
    assert not (tmp_path / "all.zip").exists()
    assert _fetch(site, tmp_path).read_bytes() == CONTENT
    assert site.asked[-1] == f"bytes={CUT}-"
    assert _names(tmp_path) == ["all.zip"]


def test_a_server_without_ranges_starts_again(site: Site, tmp_path: Path) -> None:
    site.ranges, site.cuts = False, [CUT, CUT, None]
    assert _fetch(site, tmp_path).read_bytes() == CONTENT
    assert len(site.asked) == 3


def test_a_server_without_ranges_that_always_cuts_is_given_up(site: Site, tmp_path: Path) -> None:
    site.ranges, site.cuts = False, [CUT] * 9
    with pytest.raises(UserError, match="the connection was cut"):
        _fetch(site, tmp_path, attempts=3)
    assert len(site.asked) == 3


def test_another_version_of_the_file_is_fetched_from_its_start(site: Site, tmp_path: Path) -> None:
    site.content, site.cuts = b"old" + CONTENT, [CUT, 0]
    with pytest.raises(UserError):
        _fetch(site, tmp_path, attempts=1)
        _fetch(site, tmp_path, attempts=1)
    site.content, site.etag, site.cuts = CONTENT, '"2"', []
    assert _fetch(site, tmp_path).read_bytes() == CONTENT


def test_all_had_come_before_the_program_was_killed(site: Site, tmp_path: Path) -> None:
    (tmp_path / "all.zip.part").write_bytes(CONTENT)
    assert _fetch(site, tmp_path).read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_dropped(site: Site, tmp_path: Path) -> None:
    (tmp_path / "all.zip.part").write_bytes(CONTENT + b"more")
    assert _fetch(site, tmp_path).read_bytes() == CONTENT
    assert site.asked == [f"bytes={len(CONTENT) + 4}-", None]


def test_wrong_checksum_keeps_nothing(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not have the checksum that was published"):
        _fetch(site, tmp_path, sha256="0" * 64)
    assert _names(tmp_path) == []


def test_a_wrong_file_does_not_replace_the_one_that_is_there(site: Site, tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(b"mine")
    with pytest.raises(UserError, match="checksum"):
        _fetch(site, tmp_path, sha256="0" * 64)
    assert (tmp_path / "all.zip").read_bytes() == b"mine"


def test_an_archive_without_checksum_is_checked_by_its_own(site: Site, tmp_path: Path) -> None:
    damaged = bytearray(CONTENT)
    damaged[5000] ^= 1
    for content in (bytes(damaged), b"<html>please log in</html>"):
        site.content = content
        with pytest.raises(UserError, match=r"came damaged \((01/01_01\.amc|no zip archive)\)"):
            _fetch(site, tmp_path, sha256=None)
        assert "all.zip" not in _names(tmp_path)


def test_another_size_than_published_is_another_file(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"bytes and 5 were published; it is another file"):
        _fetch(site, tmp_path, size=5)


def test_not_found_is_said_at_once_and_a_busy_server_is_asked_again(
    site: Site, tmp_path: Path
) -> None:
    site.status = 404
    with pytest.raises(UserError, match=r"/all\.zip cannot be had: the server answers 404\."):
        _fetch(site, tmp_path)
    assert len(site.asked) == 1
    site.status = 503
    with pytest.raises(UserError, match=r"could not be downloaded \(the server answers 503\)"):
        _fetch(site, tmp_path, attempts=3)
    assert len(site.asked) == 4


def test_no_server_at_all(tmp_path: Path) -> None:
    nobody = Site(url="http://127.0.0.1:1/all.zip")
    with pytest.raises(UserError, match=r"\(no connection\); nothing has come\. Try again later"):
        _fetch(nobody, tmp_path, attempts=2)


class _FullDisk:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self._file, self._room = file, room

    def __enter__(self) -> _FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, block: bytes) -> int:
        fits = block[: self._room]
        self._file.write(fits)
        self._room -= len(fits)
        if len(fits) < len(block):
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(block)


def test_a_full_disk_keeps_what_has_come(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path.open

    def full(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        file = original(path, mode, *rest, **options)
        return _FullDisk(file, CUT) if path.name.endswith(".part") and mode != "r" else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(
            UserError, match=r"\.part cannot be written \(No space left on device\)\. What has come"
        ):
            _fetch(site, tmp_path)
    assert _fetch(site, tmp_path).read_bytes() == CONTENT
    assert site.asked == [None, f"bytes={CUT}-"]


def test_a_disk_that_is_too_small_is_seen_before_the_download(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(UserError, match=r"needs 1 MB more, and .* has 0 MB free"):
        _fetch(site, tmp_path)
