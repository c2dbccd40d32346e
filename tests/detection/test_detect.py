"""From a video to tracks, with a detector that finds white squares."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from platypose.api import Frame, Person, UserError
from platypose.detection import Video, detect_video
from platypose.evidence.file import read_detections, write

pytest.importorskip("av")

Film = Callable[..., Path]

PLACES = [(3 + 2 * i, 4 + i) for i in range(20)]


class Squares:
    """A white square is the left hip of a person of 30 x 40 pixels."""

    keypoint_set = "coco-17"
    keypoint_names = ("left_hip", "right_hip")
    heatmap_size = 2, 3
    credit = "Squares."

    def __init__(self, fail_at: int | None = None) -> None:
        self.fail_at, self.seen = fail_at, 0

    def detect(self, frames: Iterable[Frame]) -> Iterator[Sequence[Person]]:
        for frame in frames:
            if self.seen == self.fail_at:
                raise KeyboardInterrupt
            self.seen += 1
            yield list(self.people(frame))

    def people(self, frame: Frame) -> Iterator[Person]:
        white = frame.image.min(-1) > 128
        if not white.any():
            return
        rows, columns = np.nonzero(white)
        left, top = columns.min(), rows.min()
        corner = np.array([left, top], float)
        yield Person(
            keypoints=np.array([[left, top], [left + 30, top + 40]], float),
            confidence=np.array([1.0, 0.5]),
            box=np.array([left, top, left + 30, top + 40], float),
            heatmaps=np.full((2, 2, 3), left, np.uint8),
            cell_to_pixel=np.column_stack([np.eye(2), corner]),
        )


def keypoints(places: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    first = np.array(places, float)
    return np.stack([first, first + np.array([30, 40])], axis=1)


def test_a_person_is_one_track_through_the_video(film: Film) -> None:
    found = detect_video(film(PLACES), Squares())
    assert (found.num_frames, found.image_size) == (20, (96, 64))
    assert found.frame_rate == pytest.approx(25)
    (person,) = found.people
    np.testing.assert_array_equal(person.frames, np.arange(20))
    np.testing.assert_array_equal(person.keypoints, keypoints(PLACES))
    np.testing.assert_array_equal(person.confidence, [[1.0, 0.5]] * 20)
    assert person.heatmaps is not None and person.cell_to_pixel is not None
    np.testing.assert_array_equal(person.heatmaps[:, 0, 0, 0], [left for left, _ in PLACES])
    np.testing.assert_array_equal(person.cell_to_pixel[:, 0, :, 2], PLACES)
    assert found.credit == "Squares."


def test_a_crop_gives_pixels_of_the_whole_picture(film: Film) -> None:
    (person,) = detect_video(film(PLACES), Squares(), crop=(2, 3, 60, 40)).people
    np.testing.assert_array_equal(person.keypoints, keypoints(PLACES))
    assert person.cell_to_pixel is not None and person.boxes is not None
    np.testing.assert_array_equal(person.cell_to_pixel[:, 0, :, 2], PLACES)
    np.testing.assert_array_equal(person.boxes[:, :2], PLACES)


@pytest.mark.parametrize("crop", [(0, 0, 97, 64), (5, 0, 5, 64), (-1, 0, 5, 5)])
def test_a_crop_outside_of_the_picture(film: Film, crop: tuple[int, int, int, int]) -> None:
    with pytest.raises(UserError, match=r"within the 96 x 64 pixels of .*clip\.mp4\.$"):
        detect_video(film(PLACES), Squares(), crop=crop)


def test_every_third_frame_has_a_third_of_the_rate(film: Film) -> None:
    found = detect_video(film(PLACES), Squares(), every=3)
    assert (found.num_frames, found.frame_rate) == (7, pytest.approx(25 / 3))
    np.testing.assert_array_equal(found.people[0].keypoints, keypoints(PLACES[::3]))


def test_ticks_without_a_frame_show_nobody(film: Film) -> None:
    times = [0, 40, 80, 200, 240, 280]
    found = detect_video(film(PLACES[:6], times), Squares())
    assert found.num_frames == 8
    np.testing.assert_array_equal(found.people[0].frames, [0, 1, 2, 5, 6, 7])


def test_heatmaps_may_be_left_out(film: Film) -> None:
    (person,) = detect_video(film(PLACES), Squares(), heatmaps=False).people
    assert person.heatmaps is None and person.cell_to_pixel is None


def test_nobody_is_found_in_an_empty_room(film: Film) -> None:
    found = detect_video(film([(96, 64)] * 3), Squares())
    assert (found.num_frames, found.people) == (3, ())


def test_two_people_are_two_tracks_though_their_heatmaps_lie_mixed(
    film: Film, tmp_path: Path
) -> None:
    class Twice(Squares):
        def people(self, frame: Frame) -> Iterator[Person]:
            for person in super().people(frame):
                yield person
                assert person.heatmaps is not None
                yield Person(
                    keypoints=person.keypoints + np.array([0, 500]),
                    confidence=person.confidence,
                    box=person.box + np.array([0, 500, 0, 500]),
                    heatmaps=person.heatmaps + np.uint8(100),
                    cell_to_pixel=person.cell_to_pixel,
                )

    found = detect_video(film(PLACES), Twice(), spool=tmp_path / "spool")
    assert len(found.people) == 2
    for person in found.people:
        lower = 100 * (person.keypoints[0, 0, 1] > 400)
        expected = [left + lower for left, _ in PLACES]
        assert person.heatmaps is not None
        np.testing.assert_array_equal(person.heatmaps[:, 1, 1, 2], expected)


def test_an_interrupted_run_goes_on_and_ends_the_same(film: Film, tmp_path: Path) -> None:
    path, spool = film(PLACES), tmp_path / "spool"
    with pytest.raises(KeyboardInterrupt):
        detect_video(path, Squares(fail_at=7), spool=spool)
    with (spool / "people").open("ab") as file:
        file.write(b"what a killed run wrote after its last save")
    second, told = Squares(), []
    found = detect_video(
        path, second, spool=spool, progress=lambda done, total: told.append((done, total))
    )
    assert second.seen == 13 and told[0] == (7, 20) and told[-1] == (20, 20)
    write(found, tmp_path / "resumed.safetensors")
    write(detect_video(path, Squares()), tmp_path / "whole.safetensors")
    resumed, whole = (
        read_detections(tmp_path / f"{name}.safetensors").people[0] for name in ("resumed", "whole")
    )
    for name in ("frames", "keypoints", "confidence", "boxes", "heatmaps", "cell_to_pixel"):
        np.testing.assert_array_equal(getattr(resumed, name), getattr(whole, name))


def test_a_spool_of_another_run_is_refused(film: Film, tmp_path: Path) -> None:
    path, spool = film(PLACES), tmp_path / "spool"
    detect_video(path, Squares(), spool=spool)
    with pytest.raises(UserError, match=r"had another every; remove it"):
        detect_video(path, Squares(), spool=spool, every=2)
    (spool / "state.json").write_text("{")
    with pytest.raises(UserError, match=r"state\.json is damaged; remove"):
        detect_video(path, Squares(), spool=spool)
    (spool / "state.json").unlink()
    with pytest.raises(UserError, match=r"spool is no unfinished detection"):
        detect_video(path, Squares(), spool=spool)


def test_frames_are_taken_as_the_detector_asks_for_them(film: Film) -> None:
    """A video may be longer than the memory."""

    class Glancing(Squares):
        def detect(self, frames: Iterable[Frame]) -> Iterator[Sequence[Person]]:
            (first, *_), rest = [next(iter(frames))], frames
            yield list(self.people(first))
            for frame in rest:
                current, _ = tracemalloc.get_traced_memory()
                self.most = max(getattr(self, "most", 0), current - self.before)
                yield list(self.people(frame))

    detector, video = Glancing(), Video.open(film([(i % 80, 0) for i in range(300)]))
    tracemalloc.start()
    detector.before = tracemalloc.get_traced_memory()[0]
    try:
        detect_video(video, detector, heatmaps=False)
    finally:
        tracemalloc.stop()
    frame = 96 * 64 * 3
    assert frame < detector.most < 40 * frame


def test_a_file_of_heatmaps_is_written_without_a_copy_in_memory(film: Film, tmp_path: Path) -> None:
    class Large(Squares):
        heatmap_size = 500, 500

        def people(self, frame: Frame) -> Iterator[Person]:
            import attrs

            for person in super().people(frame):
                yield attrs.evolve(person, heatmaps=np.ones((2, 500, 500), np.uint8))

    found = detect_video(film(PLACES), Large(), spool=tmp_path / "spool")
    whole = 20 * 2 * 500 * 500
    tracemalloc.start()
    try:
        write(found, tmp_path / "found.safetensors")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "found.safetensors").stat().st_size > whole > 10 * most
