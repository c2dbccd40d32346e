"""The page as one file that loads nothing."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from platypose.api import UserError
from platypose_viewer.content import Content
from platypose_viewer.packing import as_text

HERE = Path(__file__).parent
PAGE = HERE / "page"
ASSETS = HERE / "assets"

THREE = {
    "three": "three.module.min.js",
    "three/core": "three.core.min.js",
    "three/OrbitControls": "OrbitControls.js",
    "three/LineMaterial": "LineMaterial.js",
    "three/LineSegments2": "LineSegments2.js",
    "three/LineSegmentsGeometry": "LineSegmentsGeometry.js",
}
"""Modules of three.js by the name under which they are imported."""


def document(content: Content) -> bytes:
    """The HTML file, UTF-8.

    Raises:
        UserError: three.js is not beside this package.
    """
    facts = json.dumps(content.facts, ensure_ascii=False, allow_nan=False)
    parts = {
        "title": html.escape(content.facts["title"]),
        "style": (PAGE / "style.css").read_text(encoding="utf-8"),
        "modules": json.dumps({"imports": modules()}),
        "facts": facts.replace("<", r"\u003c"),  # no text of others ends the element
        "data": "\n".join(_data(content)),
    }
    template = (PAGE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], template).encode()


def modules() -> dict[str, str]:
    """Every module of the page as a data URL, by the name under which it is imported.

    A page that was opened from a folder may not load modules beside it, so they are within it.
    """
    if not (ASSETS / "three.module.min.js").is_file():
        raise UserError(
            "The page needs three.js, which is fetched when platypose-viewer is installed; "
            "install it again."
        )
    sources = {name: (ASSETS / file).read_text(encoding="utf-8") for name, file in THREE.items()}
    sources |= {path.stem: path.read_text(encoding="utf-8") for path in PAGE.glob("*.js")}
    return {name: _address(name, source) for name, source in sorted(sources.items())}


def _address(name: str, source: str) -> str:
    source = _IMPORT.sub(_bare, source) + f"\n//# sourceURL={name}.js\n"
    return f"data:text/javascript;base64,{as_text(source.encode())}"


_IMPORT = re.compile(r"""(\bfrom\s*)(["'])\.\.?/(?:[\w./]*/)?([\w.]+?)(?:\.min)?\.js\2""")
"""The end of an import of a file beside the importing one."""


def _bare(found: re.Match[str]) -> str:
    """The import by name instead: a data URL has no files beside it."""
    keyword, quote, name = found.groups()
    names = {"three.core": "three/core"} | {n.partition("/")[2]: n for n in THREE if "/" in n}
    return f"{keyword}{quote}{names.get(name, name)}{quote}"


def _data(content: Content) -> list[str]:
    """Elements that hold the arrays and videos."""
    arrays = [
        f'<script type="text/plain" id="{name}" data-kind="{array.kind}" '
        f'data-row="{array.row}">{array.text}</script>'
        for name, array in content.arrays.items()
    ]
    videos = [
        f'<script type="text/plain" id="video-{view}" data-type="{video.type}">'
        f"{video.text}</script>"
        for view, video in enumerate(content.videos)
    ]
    return arrays + videos
