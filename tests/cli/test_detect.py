"""`platypose detect`, with a detector of white squares."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from platypose.api import BuildContext, Config, Frame, Person
from platypose.api.kinds.detector import KIND
from platypose.evidence.file import read_detections, video_of
from platypose.lifting import Result
from platypose.registry import plugins
from platypose.skeleton import H36M_17, keypoint_set

av = pytest.importorskip("av")

Run = Callable[..., Any]
COCO = keypoint_set("coco-17")
FRAMES = 6


class Standing:
    """A person stands wherever a white square is, facing the camera."""

    keypoint_set = COCO.name
    keypoint_names = COCO.keypoints
    heatmap_size = 4, 4
    credit = "Squares."
    stop_at: int | None = None

    def __init__(self, config: Config, context: BuildContext) -> None:
        known = COCO.expressible(H36M_17)
        joints = np.array(H36M_17.standing)[:, [0, 2]] * [100, -100]
        rows = [joints[H36M_17.joints.index(known[name][0][0])] for name in known]
        self.points = np.zeros((17, 2))
        self.seen = np.array([name in known for name in COCO.keypoints])
        self.points[self.seen] = rows

    def detect(self, frames: Iterable[Frame]) -> Iterator[Sequence[Person]]:
        for frame in frames:
            if frame.index == self.stop_at:
                raise KeyboardInterrupt
            rows, columns = np.nonzero(frame.image.min(-1) > 128)
            if len(rows) == 0:
                yield []
                continue
            corner = np.array([columns.min(), rows.min()], float)
            points = self.points + corner
            yield [
                Person(
                    keypoints=points,
                    confidence=self.seen.astype(float),
                    box=np.concatenate([points.min(0), points.max(0)]),
                    heatmaps=np.full((17, 4, 4), 9, np.uint8),
                    cell_to_pixel=np.column_stack([np.eye(2), corner]),
                )
            ]


@pytest.fixture
def standing() -> Iterator[type[Standing]]:
    registry = plugins().registry(KIND)
    registry.register("standing", Config, Standing, "White squares.")
    yield Standing
    Standing.stop_at = None
    registry.entries.remove(registry.find("standing"))


FOCAL_KEY = "com.apple.quicktime.camera.focal_length.35mm_equivalent"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return film(tmp_path / "clip.mp4")


def film(
    path: Path, metadata: Mapping[str, str] | None = None, pixel_shape: Fraction = Fraction(1)
) -> Path:
    options = {"movflags": "use_metadata_tags"}
    with av.open(path, "w", options=options if metadata else {}) as container:
        container.metadata.update(metadata or {})
        stream: Any = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.sample_aspect_ratio = pixel_shape
        for index in range(FRAMES):
            image = np.zeros((240, 320, 3), np.uint8)
            image[120:140, 150 + index : 170 + index] = 255
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.usefixtures("standing")
def test_a_file_of_detections_is_written(run: Run, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.safetensors"
    done = run("detect", clip, "--detector", "standing", "-o", out)
    assert done.code == 0, done.err
    assert "6 frames at 30 Hz, 320 x 240 pixels" in done.err and "Its pixels" not in done.err
    assert "heatmaps of one person take up to 0.0 MB" in done.err
    assert "person 0: in 6 of 6 frames, the first 0, the last 5" in done.err
    found = read_detections(out)
    assert found.frame_rate == pytest.approx(30) and found.image_size == (320, 240)
    assert found.people[0].heatmaps is not None
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
    again = run("detect", clip, "--detector", "standing", "-o", out)
    assert again.code == 2 and "exists already; name a new file." in again.err


@pytest.mark.usefixtures("standing")
def test_pixels_that_are_not_square_are_spoken_of(run: Run, tmp_path: Path) -> None:
    path = film(tmp_path / "tape.mp4", pixel_shape=Fraction(4, 3))
    done = run("detect", path, "--detector", "standing", "-o", tmp_path / "found.safetensors")
    assert "Its pixels are 1.33 times as wide as high" in done.err
    assert read_detections(tmp_path / "found.safetensors").image_size == (320, 240)


@pytest.mark.usefixtures("standing")
def test_options_of_detect(run: Run, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.safetensors"
    words = ("--every", "2", "--crop", "100,50,300,200", "--no-heatmaps")
    done = run("detect", clip, "--detector", "standing", *words, "-o", out)
    assert done.code == 0, done.err
    found = read_detections(out)
    assert (found.num_frames, found.frame_rate) == (3, pytest.approx(15))
    assert found.people[0].heatmaps is None
    left = found.people[0].keypoints[:, COCO.keypoints.index("left_hip"), 0]
    np.testing.assert_allclose(np.diff(left), 2, atol=0.1)


def test_an_interrupted_command_goes_on(
    run: Run, clip: Path, tmp_path: Path, standing: type[Standing]
) -> None:
    words = ("detect", clip, "--detector", "standing", "-o", tmp_path / "found.safetensors")
    standing.stop_at = 4
    done = run(*words)
    assert done.code == 130 and "the same command goes on from here" in done.err
    assert not (tmp_path / "found.safetensors").exists()
    other = run(*words, "--every", "2")
    assert other.code == 2 and "had another every" in other.err
    standing.stop_at = 2  # frames that were done already are not asked for again
    assert run(*words).code == 0
    found = read_detections(tmp_path / "found.safetensors")
    np.testing.assert_array_equal(found.people[0].frames, np.arange(FRAMES))


@pytest.mark.usefixtures("standing")
def test_what_is_wrong_is_said_in_one_sentence(run: Run, clip: Path, tmp_path: Path) -> None:
    def refused(*words: Any) -> str:
        done = run("detect", *words)
        assert done.code == 2 and done.err.count("Error: ") == 1
        return str(done.err)

    out = ("-o", tmp_path / "found.safetensors")
    assert "There is no file" in refused(tmp_path / "no.mp4", "--detector", "standing", *out)
    assert "There is no detector 'standin'" in refused(clip, "--detector", "standin", *out)
    crop = (clip, "--detector", "standing", "--crop")
    assert "must be four whole numbers" in refused(*crop, "1,2,3", *out)
    assert "within the 320 x 240 pixels" in refused(*crop, "0,0,321,240", *out)
    nowhere = ("-o", tmp_path / "no" / "found.safetensors")
    assert "there is no folder" in refused(clip, "--detector", "standing", *nowhere)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4"]


@pytest.mark.usefixtures("standing")
def test_a_video_is_lifted_in_one_go(
    run: Run, clip: Path, tmp_path: Path, tiny_prior: Path
) -> None:
    out = tmp_path / "new" / "out"
    words = ("lift", clip, "--detector", "standing", "--energy", "reprojection", "--out", out)
    less = ("--prior", tiny_prior, "--samples", "2", "--write", "none", "--device", "cpu")
    done = run(*words, *less, "--set", "sampler.calls=2")
    assert done.code == 0, done.err
    assert Result.read(out / "samples.safetensors").samples.shape == (2, FRAMES, 17, 3)
    kept = tmp_path / "new" / "out.detections.safetensors"
    assert str(kept) in (out / "config.yaml").read_text()
    seen_in = video_of(kept)
    assert seen_in is not None and seen_in.samefile(clip)
    blocked = run(*words, *less)
    assert blocked.code == 2 and "exists already" in blocked.err
    nothing = run("lift", tmp_path / "no.mp4", *words[2:-1], tmp_path / "other" / "out")
    assert nothing.code == 2 and not (tmp_path / "other").exists()


@pytest.mark.usefixtures("standing")
def test_the_focal_length_in_a_video_reaches_the_lift(
    run: Run, tmp_path: Path, tiny_prior: Path
) -> None:
    path, found = film(tmp_path / "clip.mov", {FOCAL_KEY: "26"}), tmp_path / "found.safetensors"
    said = run("detect", path, "--detector", "standing", "-o", found).err
    assert "Its metadata note a focal length of 26 mm, as on 35 mm film: 240 px" in said
    less = ("--prior", tiny_prior, "--samples", "2", "--write", "none", "--device", "cpu")
    words = (*less, "--set", "sampler.calls=2", "--energy", "reprojection")

    def camera(name: str, evidence: Path, *more: Any) -> dict[str, str]:
        done = run("lift", evidence, "--out", tmp_path / name, *words, *more)
        assert done.code == 0, done.err
        cameras = json.loads((tmp_path / name / "summary.json").read_text())["cameras"]
        taken = {name: camera["taken"] for name, camera in cameras.items()}
        assert all(text in done.out for text in taken.values())
        return taken

    noted = {
        "metadata": "focal length 240 px ± 10 %, by the video's metadata; tilt 0 ± 15°, roll 0 ± 3°"
    }
    assert camera("from-file", found) == noted
    assert camera("at-once", path, "--detector", "standing") == noted
    by_angle = camera("by-angle", found, "--fov", "90", "--tilt", "3")
    assert by_angle == {"guess": "focal length 160 px"}
    content = {
        "name": "mine",
        "projection": "pinhole",
        "parameters": {"focal": [300, 300], "centre": [160, 120]},
        "image_size": [320, 240],
    }
    cameras = {"kind": "cameras", "format": 1, "cameras": [content]}
    (tmp_path / "cameras.json").write_text(json.dumps(cameras))
    by_file = camera("by-file", found, "--camera", tmp_path / "cameras.json")
    assert by_file == {"mine": "focal length 300 px; tilt 0 ± 15°, roll 0 ± 3°"}
