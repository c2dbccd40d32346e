"""Films last as long as the clip, and show it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from platypose_pictures.config import MovieConfig
from platypose_pictures.film import Gif, Mp4
from platypose_pictures.movie import pictures, timing

from platypose.api import UserError

Scene = Callable[..., Any]


def config(**options: Any) -> MovieConfig:
    return MovieConfig(dpi=40, **options)


@pytest.mark.parametrize(
    ("options", "frames", "rate"),
    [
        ({"frame_rate": 10.0}, (0, 3, 6, 9), 10),  # the clip has 30 a second
        ({"frame_rate": 60.0}, tuple(range(12)), 30),
        ({"frame_rate": 10.0, "speed": 0.5}, (0, 1, 3, 4, 6, 7, 9, 10), 10),
        ({"frame_rate": 10.0, "speed": 2.0}, (0, 6), 10),
    ],
)
def test_a_film_keeps_time(
    scene: Scene, options: dict[str, float], frames: tuple[int, ...], rate: float
) -> None:
    when = timing(scene(frames=12).result, config(**options))
    assert when.frames == frames
    assert when.rate == rate


def test_pictures_differ_where_the_person_moves(scene: Scene) -> None:
    person = scene(frames=3)
    person.result.samples[:, 1] = person.result.samples[:, 0]
    person.result.samples[:, 2] *= 0.8
    still, same, moved = pictures(person.result, person.evidence, config(frame_rate=30.0))
    changes = [int((still != other).any(-1).sum()) for other in (same, moved)]
    assert changes[1] > 2 * changes[0] > 0  # the clock moves always
    assert all(side % 2 == 0 for side in still.shape[:2])


def test_a_gif_lasts_as_long_as_the_clip(scene: Scene, tmp_path: Path) -> None:
    person = scene(frames=10)
    (path,) = Gif(config=config(frame_rate=15.0)).write(person.result, person.evidence, tmp_path)
    with Image.open(path) as film:
        assert film.n_frames == 5
        lasts = 0
        for number in range(film.n_frames):
            film.seek(number)
            lasts += film.info["duration"]
        corner = film.convert("RGB").getpixel((0, film.height - 1))
    assert lasts == pytest.approx(1000 * 10 / 30, abs=5)
    assert corner == (255, 255, 255)


@pytest.mark.parametrize("views", [0, 2])
def test_an_mp4_plays(scene: Scene, tmp_path: Path, views: int) -> None:
    av = pytest.importorskip("av")
    person = scene(frames=6, views=views)
    evidence = person.evidence if views else None
    (path,) = Mp4(config=config(frame_rate=30.0)).write(person.result, evidence, tmp_path)
    with av.open(str(path)) as film:
        (stream,) = film.streams.video
        decoded = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert len(decoded) == 6
    assert float(stream.average_rate) == 30
    drawn = list(pictures(person.result, evidence, config(frame_rate=30.0)))
    assert np.abs(decoded[-1].astype(float) - drawn[-1]).mean() < 3


def test_without_pyav_the_user_is_told(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match=r"platypose-pictures\[mp4\]"):
        Mp4(config=config()).write(scene().result, None, tmp_path)
    assert not list(tmp_path.iterdir())
