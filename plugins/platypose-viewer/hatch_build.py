"""Fetches three.js into the package when a wheel, or an editable install, is built.

The registry is that of npm: the variable NPM_CONFIG_REGISTRY, else `registry=` in ~/.npmrc, else
https://registry.npmjs.org. Neither node nor npm is needed. Without three.js no wheel is built; an
editable install goes on, and only the page is missing.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VERSION = "0.184.0"  # the last that comes minified
INTEGRITY = (
    "sha512-"
    "wtTRjG92pM5eUg/KuUnHsqSAlPM296brTOcLgMRqEeylYTh/CdtvKUvCyyCQTzFuStieWxvZb8mVTMvdPyUpxg=="
)
"""sha512 of the tarball, as npm writes it."""
REGISTRY = "https://registry.npmjs.org"
FILES = {
    "LICENSE": "LICENSE-three",
    "build/three.core.min.js": "three.core.min.js",
    "build/three.module.min.js": "three.module.min.js",
    "examples/jsm/controls/OrbitControls.js": "OrbitControls.js",
    "examples/jsm/lines/LineMaterial.js": "LineMaterial.js",
    "examples/jsm/lines/LineSegments2.js": "LineSegments2.js",
    "examples/jsm/lines/LineSegmentsGeometry.js": "LineSegmentsGeometry.js",
}
"""Paths in the tarball, and the names of their copies."""


class ThreeJs(BuildHookInterface[Any]):
    """Puts three.js into platypose_viewer/assets, unless this version is there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects the files; `version` is standard or editable."""
        try:
            provide(Path(self.root) / "platypose_viewer" / "assets")
        except SystemExit as error:
            if version != "editable":
                raise
            self.app.display_warning(str(error))


def provide(assets: Path) -> None:
    """Fill a folder with the files of three.js, unless it holds those of this version."""
    stamp = assets / "version.txt"
    wanted = f"three {VERSION} {INTEGRITY}\n"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    files = unpack(download(f"{registry(os.environ, Path.home())}/three/-/three-{VERSION}.tgz"))
    assets.mkdir(exist_ok=True)
    for name, content in files.items():
        (assets / name).write_bytes(content)
    stamp.write_text(wanted, encoding="utf-8")


def registry(environment: os._Environ[str] | dict[str, str], home: Path) -> str:
    """The address of the npm registry that this user has configured, without a final slash."""
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if environment.get(name):
            return environment[name].rstrip("/")
    npmrc = home / ".npmrc"
    lines = npmrc.read_text(encoding="utf-8") if npmrc.is_file() else ""
    found = re.findall(r"^\s*registry\s*=\s*(\S+)", lines, re.MULTILINE)
    return str(found[-1] if found else REGISTRY).rstrip("/")


def download(address: str) -> bytes:
    """The content at an address, if it is the tarball that this package was written for."""
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            content: bytes = answer.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise SystemExit(
            f"platypose-viewer needs three.js, but {address} cannot be fetched ({error}); "
            "NPM_CONFIG_REGISTRY names another npm registry."
        ) from None
    digest = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if digest != INTEGRITY:
        raise SystemExit(f"{address} is not the three.js that platypose-viewer was written for.")
    return content


def unpack(tarball: bytes) -> dict[str, bytes]:
    """The needed files of the tarball, by the names of their copies."""
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        files = {}
        for path, name in FILES.items():
            member = archive.extractfile(f"package/{path}")
            assert member is not None, path
            files[name] = member.read()
    return files
