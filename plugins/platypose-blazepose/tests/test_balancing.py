"""A real person, filmed by four calibrated cameras, who was also seen by OpenPose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from platypose_blazepose.config import BlazePoseConfig
from platypose_blazepose.detector import BlazePose

from platypose import Evidence
from platypose.api import Frame
from platypose.detection import Video, detect_video

OPENPOSE = Path(__file__).parents[3] / "examples" / "data" / "balancing-4-cameras.safetensors"
EVERY = 20
"""A sample of the frames; all of them take the networks minutes."""


@pytest.fixture(scope="module")
def detector(weights: str) -> BlazePose:
    return BlazePose(BlazePoseConfig(weights=weights, threads=1))


def points_in_space(
    pixels: NDArray[np.float64], weights: NDArray[np.float64], evidence: Evidence
) -> NDArray[np.float64]:
    """Triangulated linearly, (N, 3), m.

    Arguments:
        pixels: (N, V, 2).
        weights: (N, V) of the views.
        evidence: has the cameras.
    """
    import cv2

    rows = []
    for view, camera in enumerate(evidence.cameras):
        (fx, fy), (cx, cy) = camera.parameters["focal"], camera.parameters["centre"]
        matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        lens = np.array(camera.parameters["distortion"])
        seen = cv2.undistortPoints(pixels[:, view][:, None], matrix, lens)[:, 0]
        place = np.column_stack([camera.rotation, camera.translation])
        error = seen[:, :, None] * place[2] - place[:2]
        rows.append(weights[:, view, None, None] * error)
    *_, last = np.linalg.svd(np.concatenate(rows, axis=1))
    return last[:, -1, :3] / last[:, -1, 3:]


def test_heatmaps_triangulate_to_where_openpose_sees_the_joints(
    detector: BlazePose, videos: list[Path]
) -> None:
    """Within 35 mm, the median; and the person is found by every camera."""
    openpose = Evidence.read(OPENPOSE)
    assert openpose.keypoints is not None and openpose.confidence is not None
    columns = [detector.keypoint_names.index(name) for name in openpose.keypoint_names]
    pixels, weights = [], []
    for path in videos:
        found = detect_video(path, detector, every=EVERY, heatmaps=False)
        (person,) = found.person("largest")
        np.testing.assert_array_equal(person.frames, np.arange(100 // EVERY))
        pixels.append(person.keypoints[:, columns].astype(np.float64))
        weights.append(person.confidence[:, columns].astype(np.float64))
    frames = range(0, openpose.num_frames, EVERY)
    ours, weight = np.stack(pixels, 2)[: len(frames)], np.stack(weights, 2)[: len(frames)]
    theirs = openpose.keypoints[frames].swapaxes(1, 2).astype(np.float64)
    trust = openpose.confidence[frames].swapaxes(1, 2).astype(np.float64)
    error = np.linalg.norm(
        points_in_space(ours.reshape(-1, 4, 2), weight.reshape(-1, 4), openpose)
        - points_in_space(theirs.reshape(-1, 4, 2), trust.reshape(-1, 4), openpose),
        axis=-1,
    )
    assert 0.005 < np.median(error) < 0.035


def frame_of(path: Path, index: int) -> Frame:
    return next(frame for frame in Video.open(path).frames() if frame.index == index)


def test_a_small_person_is_found_in_a_tile(detector: BlazePose, videos: list[Path]) -> None:
    """A ninth of the picture's width, too small in the whole of it."""
    import attrs
    import cv2

    small = cv2.resize(
        frame_of(videos[0], 0).image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA
    )
    wide = np.full((1200, 1600, 3), 110, np.uint8)
    top, left = 500, 1100
    wide[top : top + small.shape[0], left : left + small.shape[1]] = small
    frame = Frame(index=0, time=0.0, image=wide)
    (people,) = detector.detect([frame])
    (person,) = people
    assert (person.box[:2] > [left - 10, top - 10]).all()
    assert (person.box[2:] < [left + small.shape[1] + 10, top + small.shape[0] + 10]).all()
    whole = BlazePose(attrs.evolve(detector.config, tiles=1))
    assert list(whole.detect([frame])) == [[]]


def test_two_people_are_found_and_an_empty_room_holds_nobody(
    detector: BlazePose, videos: list[Path]
) -> None:
    image = frame_of(videos[0], 0).image
    both = Frame(index=0, time=0.0, image=np.concatenate([image, image], axis=1))
    (people,) = detector.detect([both])
    assert len(people) == 2
    left, right = sorted(people, key=lambda person: float(person.box[0]))
    shift = np.median(right.keypoints - left.keypoints, axis=0)
    np.testing.assert_allclose(shift, [image.shape[1], 0], atol=15)
    room = Frame(index=0, time=0.0, image=np.full((240, 320, 3), 90, np.uint8))
    assert list(detector.detect([room])) == [[]]


def test_a_cell_of_a_heatmap_is_four_pixels_of_the_cut_out(
    detector: BlazePose, videos: list[Path]
) -> None:
    (people,) = detector.detect([frame_of(videos[0], 0)])
    (person,) = people
    assert person.heatmaps is not None and person.cell_to_pixel is not None
    assert person.heatmaps.shape == (33, 64, 64)
    nose = np.array(np.unravel_index(person.heatmaps[0].argmax(), (64, 64)))[::-1]
    peak = person.cell_to_pixel @ [*nose, 1]
    size = np.hypot(*person.cell_to_pixel[:, 0])
    assert np.linalg.norm(peak - person.keypoints[0]) < 2 * size
