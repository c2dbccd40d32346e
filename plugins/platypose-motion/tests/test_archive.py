from __future__ import annotations

import multiprocessing
import zipfile
from pathlib import Path

import pytest
from platypose_motion import archive

from platypose.api import UserError


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("b/", "")
        file.writestr("b/two.BVH", "second")
        file.writestr("one.bvh", "\ufefffirst")
        file.writestr("notes.txt", "other")
    return tmp_path / "a.zip"


def test_zip_and_folder_have_the_same_members(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as file:
        file.extractall(tmp_path / "folder")
    for source in (packed, tmp_path / "folder"):
        assert archive.members(source, [".bvh"], "x") == ["b/two.BVH", "one.bvh"]
        assert archive.read(source, "b/two.BVH") == b"second"
        assert archive.read_text(source, "one.bvh") == "first"


def test_a_replaced_archive_is_read_anew(packed: Path) -> None:
    assert archive.read(packed, "one.bvh") == "\ufefffirst".encode()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("one.bvh", "changed")
    assert archive.read(packed, "one.bvh") == b"changed"


def _read(source: Path) -> bytes:
    return archive.read(source, "b/two.BVH")


def test_a_forked_process_opens_the_archive_for_itself(packed: Path) -> None:
    archive.read(packed, "one.bvh")
    opened = archive._opened.cache_info().misses
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_read, [packed]) == b"second"
        assert pool.apply(_misses) == opened + 1


def _misses() -> int:
    return archive._opened.cache_info().misses


def test_missing_and_damaged_sources_are_one_sentence(packed: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.zip does not exist; an archive is expected\."):
        archive.members(tmp_path / "no.zip", [".bvh"], "an archive")
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(UserError, match=r"text\.zip cannot be read as a zip archive.*is expected"):
        archive.members(tmp_path / "text.zip", [".bvh"], "an archive")
    with pytest.raises(UserError, match=r"a\.zip/three\.bvh cannot be read"):
        archive.read(packed, "three.bvh")
    content = bytearray(packed.read_bytes())
    content[content.index(b"b/two.BVH") + 9] ^= 0xFF
    packed.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.zip/b/two\.BVH cannot be read"):
        archive.read(packed, "b/two.BVH")
