"""The page in a real browser: what it draws, and what keys and clicks do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from platypose_viewer.config import PageConfig
from platypose_viewer.headless import Browser
from platypose_viewer.writer import Page

Scene = Callable[..., Any]

PIXELS = """
(async id => {
  platypose.scene.render();
  const image = await createImageBitmap(document.getElementById(id));
  const pen = new OffscreenCanvas(image.width, image.height).getContext('2d');
  pen.drawImage(image, 0, 0);
  const words = new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer);
  return new Set(words).size;
})
"""
"""How many colours a canvas shows."""


@pytest.fixture(scope="module")
def pages(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The page of a scene."""

    def page(free: bool = False, **shape: Any) -> Path:
        made = scene(**shape)
        folder = tmp_path_factory.mktemp("page")
        evidence = None if free else made.evidence
        (path,) = Page(config=PageConfig()).write(made.result, evidence, folder)
        return path

    return page


@pytest.fixture(scope="module")
def one_view(pages: Callable[..., Path]) -> Path:
    return pages(views=1)


@pytest.fixture
def page(browser: Browser, one_view: Path) -> Browser:
    """The page of four hypotheses in twelve frames before one camera, as it is at first."""
    browser.prefer("light")
    if not browser.get(
        f"location.href === '{one_view.as_uri()}' && innerWidth === 1280 && !!window.first"
    ):
        browser.open(one_view)
        browser.get("window.first = { ...platypose.state.choices }, 0")
    browser.get("document.querySelector('dialog').close()")
    browser.get("platypose.state.set(window.first)")
    browser.press("o")
    return browser


def choice(browser: Browser, name: str) -> Any:
    return browser.get(f"platypose.state.choices.{name}")


def middle(browser: Browser, query: str) -> tuple[float, float]:
    box = browser.get(f"document.querySelector('{query}').getBoundingClientRect().toJSON()")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_page_is_drawn_without_an_error_or_a_request(browser: Browser, one_view: Path) -> None:
    browser.open(one_view)
    for canvas in ("image", "world", "spread"):
        assert browser.get(f"({PIXELS})('{canvas}')") > 3, canvas
    assert browser.errors == []
    assert [
        url for url in browser.requests if not url.startswith(("file:", "data:", "blob:"))
    ] == []


@pytest.mark.parametrize(
    "shape",
    [
        {"hypotheses": 1, "frames": 1},
        {"views": 3, "heat": True},
        {"views": 0},
        {"free": True, "views": 0, "frames": 1},
        {"free": True, "views": 1},
    ],
    ids=str,
)
def test_any_result_is_shown(
    browser: Browser, pages: Callable[..., Path], shape: dict[str, Any]
) -> None:
    browser.open(pages(**shape))
    assert browser.get(f"({PIXELS})('world')") > 3
    seen = shape.get("views", 1) > 0
    assert browser.get("document.getElementById('evidence').hidden") is not seen
    browser.press("v", "z", "e", "r", "g", "9", "0", "ArrowRight", "End", "Home", " ", " ")
    assert browser.errors == []


def test_the_page_knows_the_numbers_of_the_result(page: Browser, scene: Scene) -> None:
    result = scene().result
    joints = page.get("Array.from(platypose.clip.joints(5, false, platypose.clip.room()))")
    np.testing.assert_allclose(np.reshape(joints, (4, 17, 3)), result.joints[:, 5], atol=1e-4)
    projected = page.get("platypose.clip.projected(5, 0, 3)")
    np.testing.assert_allclose(np.reshape(projected, (17, 2)), result.projected[3, 5, 0], atol=0.05)


def test_deviations_are_along_and_across_the_line_of_sight(page: Browser) -> None:
    # The made-up hypotheses are ±100 mm along the axis of the camera, ±20 mm across it.
    text = page.get("platypose.sentence()")
    numbers = [float(word) for word in text.replace(",", "").split() if word[0].isdigit()]
    assert text.startswith("left wrist ± ") and text.endswith("vertical")
    assert numbers == pytest.approx([100, 20, 20], abs=2)
    assert page.get("document.querySelector('.marginal strong').textContent") in text


def test_the_3d_camera_view_is_the_picture(page: Browser) -> None:
    """From the camera's side, the mean lies as in the image, up to shift and scale."""
    page.press("c")
    seen = np.array(
        page.get("[...Array(17).keys()].map(j => platypose.scene.place(j)).map(p => [p.x, p.y])")
    )
    image = np.array(page.get("platypose.clip.observed(0, 0).map(p => [p.x, p.y])"))
    for axis in (0, 1):
        slope, offset = np.polyfit(image[:, axis], seen[:, axis], 1)
        assert slope > 0
        np.testing.assert_allclose(slope * image[:, axis] + offset, seen[:, axis], atol=4)


def test_keys_move_through_time(page: Browser) -> None:
    for keys, frame in (
        (["ArrowRight", "ArrowRight"], 2),
        (["ArrowLeft"], 1),
        (["End"], 11),
        (["ArrowRight"], 11),
        (["Home"], 0),
    ):
        page.press(*keys)
        assert choice(page, "frame") == frame
    page.press("ArrowRight", shift=True)
    assert choice(page, "frame") == 10
    assert "frame 11 of 12" in page.get("document.getElementById('time').textContent")


def test_space_plays_and_stops(page: Browser) -> None:
    page.press(" ")
    page.wait("platypose.state.choices.frame >= 3")
    page.press(" ")
    assert choice(page, "playing") is False
    frame = choice(page, "frame")
    page.drawn()
    assert choice(page, "frame") == frame


def test_speed_is_that_of_the_clock(page: Browser) -> None:
    page.press("[", "[")
    assert choice(page, "speed") == 0.25
    page.press("]", "]", "]")
    assert choice(page, "speed") == 2
    assert page.get("document.getElementById('speed').value") == "2"


def test_digits_draw_single_hypotheses_bold(page: Browser) -> None:
    page.press("1", "3", "9")  # there are only four
    assert choice(page, "picked") == [0, 2]
    page.press("1")
    assert choice(page, "picked") == [2]
    assert page.get("platypose.scene.picks.count") == 16
    page.press("0")
    assert choice(page, "picked") == []


def test_ghosts_ellipsoids_mean_and_alignment_are_switched(page: Browser) -> None:
    assert page.get("platypose.scene.ghosts.count") == 4 * 16
    page.press("g", "e", "m", "r")
    assert page.get("platypose.scene.ghosts.count") == 0
    assert page.get("platypose.scene.ellipsoids.visible") is True
    assert page.get("platypose.scene.bones.visible") is False
    assert "± 0.0 mm depth" in page.get("platypose.sentence()")  # what is left is the root's
    pressed = page.get("document.getElementById('ellipsoids').getAttribute('aria-pressed')")
    assert pressed == "true"


def test_the_slider_chooses_how_many_hypotheses(page: Browser) -> None:
    page.get(
        "(s => { s.value = 2; s.dispatchEvent(new Event('input')) })"
        "(document.getElementById('ghosts'))"
    )
    page.drawn()
    assert page.get("platypose.scene.ghosts.count") == 2 * 16


def test_an_ellipsoid_has_the_size_of_the_covariance(page: Browser) -> None:
    # Columns of the matrix are the half axes: 1.538 deviations hold half of a normal distribution.
    matrix = np.array(page.get("Array.from(platypose.scene.ellipsoid.instanceMatrix.array)"))
    axes = matrix.reshape(4, 4)[:3, :3]
    lengths = sorted(np.linalg.norm(axes, axis=1))
    np.testing.assert_allclose(lengths, 1.538 * np.array([0.02, 0.02, 0.1]), rtol=0.02)
    np.testing.assert_allclose(axes @ axes.T, np.diag(np.diag(axes @ axes.T)), atol=1e-6)


def test_a_click_selects_the_joint_there(page: Browser) -> None:
    for canvas, place in (
        ("image", "platypose.overlay.place(...Object.values(platypose.clip.observed(0, 0)[10]))"),
        ("world", "platypose.scene.place(10)"),
    ):
        page.press("ArrowUp")
        box = page.get(f"document.getElementById('{canvas}').getBoundingClientRect().toJSON()")
        at = page.get(place)
        page.click(box["x"] + at["x"], box["y"] + at["y"])
        assert page.get("platypose.clip.facts.joints[platypose.state.choices.joint]") == "head"


def test_dragging_turns_the_view(page: Browser) -> None:
    before = page.get("platypose.scene.eye.position.toArray()")
    page.drag(*middle(page, "#world"), 80, 10)
    page.wait("!platypose.scene.moves()")
    after = page.get("platypose.scene.eye.position.toArray()")
    target = np.array(page.get("platypose.scene.controls.target.toArray()"))
    assert np.linalg.norm(np.subtract(after, before)) > 0.3
    assert np.linalg.norm(after - target) == pytest.approx(
        np.linalg.norm(before - target), rel=1e-3
    )


def test_the_theme_follows_the_system_and_a_key(page: Browser) -> None:
    dark = "document.documentElement.dataset.theme"
    assert page.get(dark) == "light"
    page.prefer("dark")
    page.wait(f"{dark} === 'dark'")
    page.press("d")
    assert page.get(dark) == "light"
    page.prefer("light")


def test_the_help_explains_every_key(page: Browser) -> None:
    page.press("?")
    assert page.get("document.getElementById('help').open") is True
    text = page.get("document.getElementById('keys').textContent")
    assert all(word in text for word in ("space", "home", "1–9", "ghosts", "ellipsoids", "dark"))


@pytest.mark.parametrize("size", [(390, 844), (320, 568), (844, 390)])
def test_a_phone_shows_everything_without_scrolling_sideways(
    browser: Browser, one_view: Path, size: tuple[int, int]
) -> None:
    browser.open(one_view, *size, mobile=True, deviceScaleFactor=2)
    assert browser.get("document.documentElement.scrollWidth") <= size[0]
    evidence, space = (middle(browser, f"#{name}") for name in ("evidence", "space"))
    if size[0] < size[1]:
        assert evidence[0] == pytest.approx(space[0]) and evidence[1] < space[1]
    play = browser.get("document.getElementById('play').getBoundingClientRect().toJSON()")
    assert play["top"] >= 0 and play["bottom"] <= size[1]  # within reach of a thumb
    assert min(play["width"], play["height"]) >= 40
    assert browser.errors == []


def test_the_video_stands_under_the_keypoints_at_their_time(
    browser: Browser, scene: Scene, tmp_path: Path
) -> None:
    av = pytest.importorskip("av")
    made = scene(frames=12)
    evidence = attrs.evolve(made.evidence, first_frame=1)
    clip = tmp_path / "clip.webm"
    with av.open(str(clip), "w") as file:
        stream = file.add_stream("libvpx", rate=24)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for number in range(13):
            grey = np.full((480, 640, 3), 20 * number, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        file.mux(stream.encode())
    config = PageConfig(videos=(str(clip),))
    (path,) = Page(config=config).write(made.result, evidence, tmp_path)
    browser.open(path)
    browser.wait("document.getElementById('video').readyState >= 2")
    browser.press("End", "ArrowLeft", "ArrowLeft")
    browser.wait("!document.getElementById('video').seeking")
    assert browser.get("document.getElementById('video').currentTime") == pytest.approx(10.5 / 24)
    shown = browser.get(
        "(() => { const pen = new OffscreenCanvas(1, 1).getContext('2d');"
        "pen.drawImage(document.getElementById('video'), 0, 0, 1, 1);"
        "return pen.getImageData(0, 0, 1, 1).data[0] })()"
    )
    assert shown == pytest.approx(20 * 10, abs=6)
    # A corner of the image is where the overlay says that it is.
    corner = browser.get(
        "(() => { const a = document.getElementById('video').getBoundingClientRect();"
        "const b = platypose.overlay.canvas.getBoundingClientRect();"
        "const p = platypose.overlay.place(640, 480);"
        "return [a.right - b.left - p.x, a.bottom - b.top - p.y] })()"
    )
    assert corner == pytest.approx([0, 0], abs=0.5)
    assert browser.errors == []


def test_a_minute_of_fifty_hypotheses_plays(browser: Browser, pages: Callable[..., Path]) -> None:
    page = pages(hypotheses=50, frames=1800)
    assert page.stat().st_size < 25e6
    browser.open(page)
    browser.press("]", "]", " ")  # the made-up clip has 24 frames a second
    browser.wait("platypose.state.choices.frame > 24")
    drawn = browser.get("platypose.rendered()")
    browser.wait("platypose.state.choices.frame > 120")
    assert browser.get("platypose.rendered()") > drawn
