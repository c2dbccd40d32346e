"""What a page holds."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from platypose_viewer import content as module
from platypose_viewer import document, video
from platypose_viewer.config import PageConfig
from platypose_viewer.content import content
from platypose_viewer.heat import small_heat
from platypose_viewer.writer import Page

from platypose.api import UserError
from platypose.evidence import Detections, Track

Scene = Callable[..., Any]


def facts(scene: Any, folder: Path, **options: Any) -> dict[str, Any]:
    return content(scene.result, scene.evidence, folder, PageConfig(**options)).facts


def test_the_title_says_what_was_lifted_and_how(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "evidence: [/data/walk.safetensors]\nprior: /priors/pose-17\n"
        "sampler: {name: guided-ddim, substeps: 20}\nenergies: [{name: heatmap}]\n"
    )
    made = facts(scene(), tmp_path)
    assert made["title"] == "walk"
    assert made["facts"] == [
        ["evidence", "walk.safetensors"],
        ["prior", "pose-17"],
        ["sampler", "guided-ddim"],
        ["energy", "heatmap"],
        ["hypotheses", "4"],
        ["frames", "12, 0.5 s at 24 Hz"],
    ]


def test_without_a_configuration_the_folder_names_the_page(scene: Scene, tmp_path: Path) -> None:
    assert facts(scene(), tmp_path)["title"] == tmp_path.name


@pytest.mark.parametrize(("apart", "aligned"), [(0.5, False), (2.0, True)])
def test_hips_far_apart_begin_aligned(
    scene: Scene, tmp_path: Path, apart: float, aligned: bool
) -> None:
    made = scene()
    offset = apart * np.array([-1.5, -0.5, 0.5, 1.5], np.float32)[:, None, None]
    result = attrs.evolve(made.result, root=np.zeros_like(made.result.root) + offset)
    page = content(result, made.evidence, tmp_path, PageConfig())
    assert page.facts["aligned"] is aligned


def test_the_page_says_how_many_hypotheses_it_left_out(scene: Scene, tmp_path: Path) -> None:
    assert ["hypotheses", "3 of 4"] in facts(scene(), tmp_path, hypotheses=3)["facts"]


def test_a_long_clip_keeps_fewer_hypotheses(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = 12 * (17 * 3 + 17 * 2)  # numbers in one hypothesis
    monkeypatch.setattr(module, "MOST_NUMBERS", 2 * each + 1)
    assert facts(scene(), tmp_path)["hypotheses"] == 2


def test_projections_without_their_cameras_are_still_shown(scene: Scene, tmp_path: Path) -> None:
    made = content(scene().result, None, tmp_path, PageConfig()).facts
    (view,) = made["views"]
    assert view["camera"] is None
    assert np.all(np.array(view["size"]) >= scene().result.observed.max((0, 1, 2)))


def test_nobody_ends_the_element_with_a_name(scene: Scene, tmp_path: Path) -> None:
    made = scene()
    name = '</script><img src="https://x">'
    camera = attrs.evolve(made.evidence.cameras[0], name=name)
    evidence = attrs.evolve(made.evidence, cameras=(camera,))
    result = attrs.evolve(made.result, credit=name)
    (path,) = Page(config=PageConfig()).write(result, evidence, tmp_path)
    page = path.read_text(encoding="utf-8")
    assert name not in page
    held = re.search(r'id="content">(.*?)</script>', page, re.DOTALL)
    assert held is not None
    assert json.loads(held[1])["credit"] == name


def test_the_page_loads_nothing(scene: Scene, tmp_path: Path) -> None:
    (path,) = Page(config=PageConfig()).write(scene().result, scene().evidence, tmp_path)
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    modules = json.loads(re.findall(r'<script type="importmap">(.*?)</script>', page)[0])["imports"]
    for name, address in modules.items():
        source = base64.b64decode(address.partition(",")[2]).decode()
        imported = re.findall(
            r"""^(?:import|\}|export)[^\n]*?\bfrom\s*["']([^"']+)["']""", source, re.M
        )
        assert set(imported) <= set(modules), name


def test_without_three_js_the_user_is_told(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "ASSETS", tmp_path / "nothing")
    with pytest.raises(UserError, match=r"three\.js"):
        Page(config=PageConfig()).write(scene().result, None, tmp_path)
    assert not list(tmp_path.iterdir())


def test_heatmaps_shrink_to_the_highest_of_their_cells(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scene(frames=1, heat=True).evidence
    cells = np.repeat(made.cell_to_pixel, made.heatmaps.shape[2], axis=2)
    evidence = attrs.evolve(made, cell_to_pixel=cells)
    evidence.heatmaps[:] = 0
    evidence.heatmaps[0, 0, 0, 5, 9] = 200
    whole = small_heat(evidence)
    assert whole is not None
    assert whole.scores[0, 0, 0, 5, 9] == 255
    monkeypatch.setattr("platypose_viewer.heat.MOST_CELLS", evidence.heatmaps.size // 4)
    half = small_heat(evidence)
    assert half is not None
    assert half.scores.shape[3:] == (12, 16)
    assert half.scores[0, 0, 0, 2, 4] == 255
    # A coarse cell lies in the middle of the four that it stands for.
    fine = evidence.cell_to_pixel[0, 0, 0] @ [8.5, 4.5, 1]
    np.testing.assert_allclose(half.cell_to_pixel[0, 0, 0] @ [4, 2, 1], fine, rtol=1e-6)


def test_keypoints_that_share_their_cells_share_a_heatmap(scene: Scene) -> None:
    evidence = scene(frames=1, heat=True).evidence
    evidence.heatmaps[:] = 0
    evidence.heatmaps[0, 0, 3, 5, 9], evidence.heatmaps[0, 0, 8, 6, 9] = 200, 100
    heat = small_heat(evidence)
    assert heat is not None and heat.scores.shape == (1, 1, 1, 24, 32)
    assert heat.scores[0, 0, 0, 5, 9] == 255 and heat.scores[0, 0, 0, 6, 9] == 127


def test_a_video_becomes_part_of_the_page(scene: Scene, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"frames")
    made = content(scene().result, None, tmp_path, PageConfig(videos=(str(clip),)))
    assert [(v.type, base64.b64decode(v.text)) for v in made.videos] == [("video/mp4", b"frames")]


def test_the_video_that_detections_were_made_from_is_found(scene: Scene, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (tmp_path / "clip.mp4").write_bytes(b"frames")
    detections(video="clip.mp4").write(tmp_path / "seen.safetensors")
    (run / "config.yaml").write_text(f"evidence: ['{tmp_path / 'seen.safetensors'}']\n")
    made = content(scene().result, None, run, PageConfig())
    assert [base64.b64decode(v.text) for v in made.videos] == [b"frames"]
    assert made.facts["title"] == "clip"
    (tmp_path / "clip.mp4").unlink()
    gone = content(scene().result, None, run, PageConfig())
    assert not gone.videos
    assert "clip.mp4" in gone.facts["note"]


def detections(**changes: Any) -> Detections:
    """Somebody's nose in one frame."""
    nose = Track(
        name="0",
        frames=np.zeros(1, int),
        keypoints=np.ones((1, 1, 2)),
        confidence=np.ones((1, 1)),
    )
    return Detections(
        keypoint_set="coco-17", keypoint_names=("nose",), num_frames=1, people=(nose,), **changes
    )


@pytest.mark.parametrize("name", ["missing.mp4", "clip.avi", "large.mp4"])
def test_a_wrong_video_is_named(
    scene: Scene, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "LARGEST_MB", 1e-6)
    for there in ("clip.avi", "large.mp4"):
        (tmp_path / there).write_bytes(b"frames")
    with pytest.raises(UserError, match=name):
        content(scene().result, None, tmp_path, PageConfig(videos=(str(tmp_path / name),)))
