from __future__ import annotations

import attrs
import numpy as np
import pytest

from platypose import Evidence
from platypose.api import UserError
from platypose.evidence import observe
from platypose.evidence.observed import heatmap_centres
from platypose.skeleton import H36M_17
from platypose.testing import scene

BODY = ("nose", "left_wrist", "neck", "left_big_toe", "mid_hip")


def _seen() -> Evidence:
    random = np.random.default_rng(0)
    return Evidence(
        frame_rate=30.0,
        keypoint_set="body-25",
        keypoint_names=BODY,
        cameras=scene.cameras(),
        keypoints=random.uniform(0, 1000, (3, 2, 5, 2)),
        confidence=random.uniform(0, 1, (3, 2, 5)),
        covariance=np.tile(np.eye(2), (3, 2, 5, 1, 1)),
        heatmaps=random.uniform(0, 1, (3, 2, 5, 4, 6)),
        cell_to_pixel=random.uniform(1, 2, (3, 2, 5, 2, 3)),
    )


def test_only_what_the_skeleton_can_express_is_kept_in_every_array() -> None:
    evidence, kept = _seen(), [1, 2, 4]
    observed = observe(evidence, H36M_17)
    assert observed.evidence.keypoint_names == ("left_wrist", "neck", "mid_hip")
    for name in ("keypoints", "confidence", "covariance", "heatmaps", "cell_to_pixel"):
        expected = getattr(evidence, name)[:, :, kept]
        np.testing.assert_array_equal(getattr(observed.evidence, name), expected)
    np.testing.assert_array_equal(observed.points, observed.evidence.keypoints)
    np.testing.assert_array_equal(observed.weights, observed.evidence.confidence)


def test_the_map_makes_keypoints_of_joints() -> None:
    matrix = observe(_seen(), H36M_17).joints_to_keypoints
    joints = {name: i for i, name in enumerate(H36M_17.joints)}
    expected = np.zeros((3, 17))
    expected[0, joints["left_wrist"]] = 1
    expected[1, [joints["left_shoulder"], joints["right_shoulder"]]] = 0.5
    expected[2, [joints["left_hip"], joints["right_hip"]]] = 0.5
    np.testing.assert_array_equal(matrix, expected)


def test_an_affine_for_all_keypoints_stays_one() -> None:
    full = _seen()
    assert full.cell_to_pixel is not None
    observed = observe(attrs.evolve(full, cell_to_pixel=full.cell_to_pixel[:, :, :1]), H36M_17)
    assert observed.evidence.cell_to_pixel is not None
    assert observed.evidence.cell_to_pixel.shape == (3, 2, 1, 2, 3)


def test_without_confidence_all_keypoints_count_alike() -> None:
    observed = observe(attrs.evolve(_seen(), confidence=None), H36M_17)
    np.testing.assert_array_equal(observed.weights, np.ones((3, 2, 3)))


def test_joints_in_3d_alone_show_no_keypoint() -> None:
    observed = observe(Evidence(frame_rate=30.0, joints_3d=scene.person(2)), H36M_17)
    assert observed.points.shape == (2, 0, 0, 2) and observed.weights.shape == (2, 0, 0)


def test_evidence_that_the_skeleton_cannot_express_is_one_sentence() -> None:
    faces = attrs.evolve(
        _seen(), keypoint_names=("nose", "left_eye", "left_ear", "right_eye", "right_ear")
    )
    with pytest.raises(UserError, match=r"None of the keypoints \(nose, .* of 'body-25' it knows"):
        observe(faces, H36M_17)
    with pytest.raises(UserError, match="joints_3d has 5 joints but the skeleton 'h36m-17' has 17"):
        observe(Evidence(frame_rate=30.0, joints_3d=np.zeros((1, 5, 3))), H36M_17)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int32])
def test_the_centre_of_a_blob_is_found_between_cells_and_mapped_to_the_image(dtype: type) -> None:
    centre = np.array([[20.3, 31.6], [40.0, 12.25]])
    height = np.array([0.9, 0.5])
    cells = np.arange(64)
    columns = np.exp(-((cells - centre[:, :1]) ** 2) / 4)
    rows = np.exp(-((cells - centre[:, 1:]) ** 2) / 4)
    scores = height[:, None, None] * rows[:, :, None] * columns[:, None]
    top = 1 if dtype == np.float32 else 255
    maps = (top * scores + (top > 1) * 0.5).astype(dtype)[None, None]
    turned = np.array([[3.0, -1.0, 100.0], [1.0, 3.0, -50.0]])
    points, weights = heatmap_centres(maps, turned[None, None, None])
    expected = centre @ turned[:, :2].T + turned[:, 2]
    np.testing.assert_allclose(points[0, 0], expected, atol=0.03 if top == 1 else 0.3)
    np.testing.assert_allclose(weights[0, 0], scores.max((1, 2)), atol=1 / 255)


def test_a_second_blob_does_not_draw_the_centre_to_itself() -> None:
    maps = np.zeros((1, 1, 1, 32, 32))
    maps[..., 5, 6], maps[..., 25, 20] = 1.0, 0.9
    points, _ = heatmap_centres(maps, np.eye(2, 3)[None, None, None])
    np.testing.assert_allclose(points[0, 0, 0], [6, 5])


def test_an_empty_heatmap_has_weight_zero_and_a_finite_centre() -> None:
    points, weights = heatmap_centres(np.zeros((1, 1, 1, 8, 8)), np.eye(2, 3)[None, None, None])
    assert weights.item() == 0 and np.isfinite(points).all()
