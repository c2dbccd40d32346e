"""What the build fetches, and from where."""

from __future__ import annotations

import importlib.util
import io
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    path = Path(__file__).parents[1] / "hatch_build.py"
    spec = importlib.util.spec_from_file_location("hatch_build", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_registry_is_that_of_npm(hook: ModuleType, tmp_path: Path) -> None:
    assert hook.registry({}, tmp_path) == "https://registry.npmjs.org"
    (tmp_path / ".npmrc").write_text("fund=false\nregistry = https://npm.example/all/\n")
    assert hook.registry({}, tmp_path) == "https://npm.example/all"
    named = {"NPM_CONFIG_REGISTRY": "https://mirror.example/"}
    assert hook.registry(named, tmp_path) == "https://mirror.example"


def test_another_tarball_is_refused(hook: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "three.tgz").write_bytes(b"something else")
    with pytest.raises(SystemExit, match="is not the three"):
        hook.download((tmp_path / "three.tgz").as_uri())


def test_a_registry_that_is_away_is_named(hook: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="NPM_CONFIG_REGISTRY"):
        hook.download((tmp_path / "nothing.tgz").as_uri())


def test_the_files_are_taken_from_the_tarball(hook: ModuleType) -> None:
    tarball = io.BytesIO()
    with tarfile.open(fileobj=tarball, mode="w:gz") as archive:
        for path in hook.FILES:
            info = tarfile.TarInfo(f"package/{path}")
            info.size = len(path)
            archive.addfile(info, io.BytesIO(path.encode()))
    files = hook.unpack(tarball.getvalue())
    assert files == {name: path.encode() for path, name in hook.FILES.items()}


def test_what_is_there_is_not_fetched_again(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "download", lambda address: b"")
    monkeypatch.setattr(hook, "unpack", lambda tarball: {"a.js": b"a"})
    hook.provide(tmp_path / "assets")
    monkeypatch.setattr(hook, "unpack", lambda tarball: pytest.fail("fetched again"))
    hook.provide(tmp_path / "assets")
    assert (tmp_path / "assets" / "a.js").read_bytes() == b"a"


def test_without_three_js_an_editable_install_is_made_and_no_wheel(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", (tmp_path / "nowhere").as_uri())
    build = hook.ThreeJs(str(tmp_path), {}, None, None, str(tmp_path), "wheel")
    build.initialize("editable", {})
    with pytest.raises(SystemExit, match=r"needs three\.js"):
        build.initialize("standard", {})
