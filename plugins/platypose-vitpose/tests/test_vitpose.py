"""The detector with tiny random networks, held against transformers' own path."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from platypose_vitpose.config import VitPoseConfig

from platypose.api import Detector, Frame, Person, UserError
from platypose.api.kinds.detector import KIND
from platypose.compute import plain_context
from platypose.config import Chosen
from platypose.registry import plugins

SOMEBODY = 1e-6
"""A score that random networks reach."""


def build(**options: Any) -> Any:
    chosen: Chosen[Detector] = Chosen("vitpose", VitPoseConfig(**options))
    return plugins().registry(KIND).build(chosen, plain_context())


def frames(count: int) -> list[Frame]:
    """Noise on black; at the edge of a picture, OpenCV and scipy fade differently."""
    images = np.zeros((count, 90, 130, 3), np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (count, 80, 120, 3))
    images[:, 5:-5, 5:-5] = noise
    return [Frame(index=i, time=i / 30, image=image) for i, image in enumerate(images)]


@pytest.fixture(scope="module")
def found(networks: dict[str, str]) -> list[list[Person]]:
    detector = build(**networks, score=SOMEBODY, people=2, batch=3)
    return [list(people) for people in detector.detect(frames(4))]


def test_every_frame_has_its_people_in_order(found: list[list[Person]]) -> None:
    assert len(found) == 4 and all(1 <= len(people) <= 2 for people in found)
    person = found[0][0]
    assert person.heatmaps is not None and person.cell_to_pixel is not None
    assert person.keypoints.shape == (17, 2) and person.confidence.shape == (17,)
    assert person.heatmaps.shape == (17, 16, 12) and person.heatmaps.dtype == np.uint8
    assert (person.confidence >= 0).all() and (person.confidence <= 1).all()


def test_the_batch_changes_nothing(networks: dict[str, str], found: list[list[Person]]) -> None:
    alone = build(**networks, score=SOMEBODY, people=2, batch=1).detect(frames(4))
    for one, other in zip(alone, found, strict=True):
        for mine, theirs in zip(one, other, strict=True):
            np.testing.assert_allclose(mine.box, theirs.box, atol=1e-3)
            difference = mine.heatmaps.astype(int) - theirs.heatmaps.astype(int)
            assert np.abs(difference).max() <= 1


def own_path(
    network: str, image: NDArray[np.uint8], box: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Heatmaps and the affine map of a box, as transformers' image processor has them."""
    from transformers import VitPoseForPoseEstimation
    from transformers.models.vitpose.image_processing_pil_vitpose import (
        VitPoseImageProcessorPil,
        box_to_center_and_scale,
        transform_preds,
    )

    processor = VitPoseImageProcessorPil(size={"height": 64, "width": 48})
    corner_and_size = np.concatenate([box[:2], box[2:] - box[:2]])
    inputs = processor(images=image, boxes=[[corner_and_size.tolist()]], return_tensors="pt")
    model = VitPoseForPoseEstimation.from_pretrained(network).eval()
    with torch.inference_mode():
        heatmaps = model(**inputs).heatmaps[0].numpy()
    centre, scale = box_to_center_and_scale(corner_and_size, image_width=48, image_height=64)
    cells = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    origin, right, down = transform_preds(cells, centre, scale, [16, 12])
    return heatmaps, np.stack([right - origin, down - origin, origin], axis=1)


def test_heatmaps_and_their_place_are_those_of_transformers(
    networks: dict[str, str], found: list[list[Person]]
) -> None:
    pytest.importorskip("scipy")
    for frame, people in zip(frames(4), found):
        person = people[0]
        heatmaps, affine = own_path(networks["model"], frame.image, person.box)
        assert person.heatmaps is not None
        np.testing.assert_allclose(person.heatmaps / 255, heatmaps.clip(0, 1), atol=0.02)
        np.testing.assert_allclose(person.cell_to_pixel, affine, atol=1e-3)


def test_nobody_scores_high_with_random_weights(networks: dict[str, str]) -> None:
    assert list(build(**networks, score=0.999).detect(frames(3))) == [[], [], []]
    assert list(build(**networks).detect([])) == []


@pytest.mark.usefixtures("nowhere")
def test_a_network_that_cannot_be_had(networks: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^The network .*nothing cannot be loaded \(.*\)\.$"):
        build(**networks | {"model": str(tmp_path / "nothing")})


def changed(folder: str, to: Path, **settings: Any) -> str:
    shutil.copytree(folder, to)
    content = json.loads((to / "config.json").read_text()) | settings
    (to / "config.json").write_text(json.dumps(content))
    return str(to)


def test_a_detector_of_other_things(networks: dict[str, str], tmp_path: Path) -> None:
    names = {"0": "cat", "1": "dog"}
    folder = changed(networks["person_detector"], tmp_path / "animals", id2label=names)
    with pytest.raises(UserError, match=r"animals finds no class 'person'\.$"):
        build(**networks | {"person_detector": folder})


def test_a_network_of_other_keypoints(networks: dict[str, str], tmp_path: Path) -> None:
    from transformers import VitPoseForPoseEstimation

    model = VitPoseForPoseEstimation.from_pretrained(networks["model"])
    settings = type(model.config).from_dict(model.config.to_dict() | {"num_labels": 16})
    VitPoseForPoseEstimation(settings).save_pretrained(tmp_path / "mpii")
    with pytest.raises(UserError, match=r"mpii has 16 keypoints; those of COCO, 17, are needed\.$"):
        build(**networks | {"model": str(tmp_path / "mpii")})
