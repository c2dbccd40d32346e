"""How fast a page opens and plays: python docs/rendering/view_speed.py RESULT, with Chromium.

The result's frames, to and fro, make a minute at 30 Hz. A browser without a window opens the page
at 1280 by 800 pixels, several times, and plays it; the processor does the graphics card's work.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import attrs
import numpy as np
from platypose_viewer.config import PageConfig
from platypose_viewer.headless import Browser, find_browser
from platypose_viewer.writer import Page

from platypose.lifting.saved import read_saved

FRAMES, RATE = 1800, 30.0
SECONDS = 8.0
"""For which it plays each time."""


def a_minute(result: Path, folder: Path) -> Path:
    """The page of a result that goes to and fro for a minute."""
    saved = read_saved(result)
    assert saved.evidence is not None, saved.missing
    there = np.arange(saved.result.samples.shape[1])
    frames = np.resize(np.concatenate([there, there[::-1]]), FRAMES)
    long = attrs.evolve(saved.result.at(frames), frame_rate=RATE)
    evidence = attrs.evolve(saved.evidence.at(frames), frame_rate=RATE)
    (page,) = Page(config=PageConfig()).write(long, evidence, folder)
    return page


def measured(page: Path, program: str) -> tuple[float, float, float]:
    """Seconds to the first picture, pictures a second, and frames a second that were reached."""
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, Path(profile))
        try:
            began = time.perf_counter()
            browser.open(page)
            opened = time.perf_counter() - began
            browser.press(" ")
            browser.wait("platypose.state.choices.frame > 10")
            began = time.perf_counter()
            before = browser.get("[platypose.rendered(), platypose.state.choices.frame]")
            time.sleep(SECONDS)
            after = browser.get("[platypose.rendered(), platypose.state.choices.frame]")
            passed = time.perf_counter() - began
            assert browser.errors == [], browser.errors
        finally:
            browser.close()
    return opened, *((b - a) / passed for a, b in zip(before, after))


def main() -> None:
    """Print the median and the spread of what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path, help="folder that platypose lift wrote")
    parser.add_argument("--times", type=int, default=5, help="how often to open it")
    options = parser.parse_args()
    program = find_browser()
    assert program is not None, "there is no Chromium"
    with tempfile.TemporaryDirectory() as folder:
        page = a_minute(options.result, Path(folder))
        print(f"{page.stat().st_size / 1e6:.1f} MB")
        runs = [measured(page, program) for _ in range(options.times)]
    for name, values in zip(
        ("seconds to open", "pictures a second", "frames a second"), zip(*runs)
    ):
        middle, least, most = statistics.median(values), min(values), max(values)
        print(f"{name}: {middle:.2f} ({least:.2f} to {most:.2f})")


if __name__ == "__main__":
    main()
