"""Makes images/view.png: python docs/rendering/view_picture.py RESULT, with Chromium installed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image
from platypose_viewer.config import PageConfig
from platypose_viewer.headless import Browser, find_browser
from platypose_viewer.writer import Page

from platypose.lifting.saved import read_saved

TARGET = Path(__file__).parents[1] / "images" / "view.png"


def picture(folder: Path) -> None:
    """The page of a result in a window of 1280 by 800, in few colours, so that it is small."""
    program = find_browser()
    assert program is not None, "there is no Chromium"
    saved = read_saved(folder)
    with tempfile.TemporaryDirectory() as name:
        (page,) = Page(config=PageConfig()).write(saved.result, saved.evidence, folder)
        browser = Browser(program, Path(name))
        try:
            browser.prefer("light")
            browser.open(page)
            browser.press("ArrowRight", shift=True)
            browser.press("r", "1")
            browser.screenshot(TARGET)
        finally:
            browser.close()
    with Image.open(TARGET) as image:
        small = image.convert("RGB").quantize(128)
    small.save(TARGET, optimize=True)


if __name__ == "__main__":
    picture(Path(sys.argv[1]))
