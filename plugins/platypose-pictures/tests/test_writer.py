"""Which files a user finds, and how large they are."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import attrs
import matplotlib
import numpy as np
import pytest
from platypose_pictures.config import PicturesConfig
from platypose_pictures.plugin import platypose_writers
from platypose_pictures.writer import Pictures, build

from platypose.api import UserError, Writer
from platypose.config import choose

Scene = Callable[..., Any]


def png_size(path: Path) -> tuple[int, int]:
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def written(scene: Any, folder: Path, free: bool = False, **options: Any) -> dict[str, Path]:
    writer = Pictures(config=PicturesConfig(**options))
    paths = writer.write(scene.result, None if free else scene.evidence, folder)
    assert sorted(paths) == sorted(folder.iterdir())
    return {path.name: path for path in paths}


def test_the_plugin_offers_a_writer() -> None:
    assert [spec.name for spec in platypose_writers()] == ["pictures", "gif", "mp4"]
    assert isinstance(build(PicturesConfig(), None), Writer)  # type: ignore[arg-type]


def test_listing_imports_no_matplotlib() -> None:
    program = (
        "import sys, platypose_pictures.plugin;"
        "print({'matplotlib', 'torch', 'numpy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stdout + run.stderr


@pytest.mark.parametrize(
    "option", ["frames=0", "frames=25", "dpi=10", "hypotheses=0", "format=jpg", "colour=1"]
)
def test_a_wrong_option_is_named(option: str) -> None:
    with pytest.raises(UserError, match=option.partition("=")[0]):
        choose(Writer, f"pictures:{option}")


def test_six_frames_fill_ten_inches(scene: Scene, tmp_path: Path) -> None:
    paths = written(scene(frames=12), tmp_path, dpi=60)
    assert sorted(paths) == ["overlay.png", "poses.png", "time.png", "uncertainty.png"]
    assert png_size(paths["overlay.png"])[0] == png_size(paths["poses.png"])[0] == 600


def test_twice_the_resolution_is_twice_the_size(scene: Scene, tmp_path: Path) -> None:
    sizes = []
    for dpi in (50, 100):
        (tmp_path / str(dpi)).mkdir()
        paths = written(scene(frames=1), tmp_path / str(dpi), dpi=dpi)
        sizes.append([png_size(path) for path in paths.values()])
    assert np.abs(2 * np.array(sizes[0]) - np.array(sizes[1])).max() <= 2


def test_pdf_and_svg_hold_lines_and_letters_and_no_pixels(scene: Scene, tmp_path: Path) -> None:
    person = scene(frames=2, hypotheses=3)
    pages = written(person, tmp_path, format="pdf")
    assert sorted(pages) == ["overlay.pdf", "poses.pdf", "time.pdf", "uncertainty.pdf"]
    for path in pages.values():
        content = path.read_bytes()
        assert content.startswith(b"%PDF-") and b"/Type3" not in content
        assert b"/TrueType" in content or b"/CIDFontType2" in content
        assert b"/Image\n" not in content and b"/Subtype /Image" not in content
    (tmp_path / "svg").mkdir()
    for path in written(person, tmp_path / "svg", format="svg").values():
        kinds = [element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()]
        assert "image" not in kinds and kinds.count("path") > 20


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ({"frames": 1}, ["overlay.png", "poses.png"]),
        ({"frames": 1, "views": 4}, ["overlay.png", "poses.png"]),
        ({"frames": 2, "views": 2}, ["overlay.png", "poses.png", "time.png", "uncertainty.png"]),
        (
            {"hypotheses": 1, "frames": 2},
            ["overlay.png", "poses.png", "time.png", "uncertainty.png"],
        ),
        ({"views": 0, "frames": 2}, ["poses.png", "time.png", "uncertainty.png"]),
        ({"views": 0, "frames": 1, "hypotheses": 1}, ["poses.png"]),
    ],
)
def test_any_clip_is_drawn(
    scene: Scene, tmp_path: Path, shape: dict[str, int], names: list[str]
) -> None:
    assert sorted(written(scene(**shape), tmp_path, dpi=40)) == names


@pytest.mark.parametrize(("hypotheses", "frames"), [(1, 1), (7, 1), (3, 4)])
def test_free_samples_become_one_sheet(
    scene: Scene, tmp_path: Path, hypotheses: int, frames: int
) -> None:
    free = scene(hypotheses=hypotheses, frames=frames, views=0)
    assert list(written(free, tmp_path, free=True, dpi=40)) == ["samples.png"]


def test_matplotlib_is_left_as_it_was(scene: Scene, tmp_path: Path) -> None:
    before, backend = dict(matplotlib.rcParams), matplotlib.rcParams._get("backend")
    written(scene(frames=2), tmp_path, dpi=40)
    (tmp_path / "free").mkdir()
    written(scene(hypotheses=2, frames=1, views=0), tmp_path / "free", free=True, dpi=40)
    assert dict(matplotlib.rcParams) == before
    assert matplotlib.rcParams._get("backend") == backend


def test_a_dollar_sign_begins_no_formula(scene: Scene, tmp_path: Path) -> None:
    person = scene(frames=2, hypotheses=1)
    camera = attrs.evolve(person.evidence.cameras[0], name="$^$")
    evidence = attrs.evolve(person.evidence, cameras=(camera,))
    result = attrs.evolve(person.result, credit="Paid $5 of $^7.")
    person = attrs.evolve(person, result=result, evidence=evidence)
    assert len(written(person, tmp_path, dpi=40)) == 4


def test_the_credit_is_in_every_picture(scene: Scene) -> None:
    person = scene(frames=2)
    credited = attrs.evolve(person.result, credit="Photographs by N. N.")
    for evidence in (person.evidence, None):
        for name, figure in Pictures(config=PicturesConfig())._figures(credited, evidence):
            caption = " ".join(text.get_text() for text in figure.texts)
            assert "Photographs by N. N." in " ".join(caption.split()), name
