"""From the options of a lift to the evidence of each person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from platypose.api import Sampler, UserError
from platypose.config import choose, read_yaml, structure
from platypose.evidence import Detections, Track
from platypose.evidence.camera_file import write_cameras
from platypose.lifting import Result
from platypose.lifting.config import LiftConfig
from platypose.lifting.people import read_people
from platypose.lifting.run import lift
from platypose.testing import scene

FRAMES = 3
Make = Callable[..., LiftConfig]


def detections(view: int, *, scale: float = 1.0) -> Detections:
    """The person of the scene and a smaller one, as a detector without cameras saw them."""
    seen = scene.evidence(FRAMES)
    assert seen.keypoints is not None and seen.confidence is not None
    keypoints, confidence = scale * seen.keypoints[:, view], seen.confidence[:, view]
    return Detections(
        keypoint_set=seen.keypoint_set,
        keypoint_names=seen.keypoint_names,
        num_frames=FRAMES + 1,
        frame_rate=30.0,
        image_size=(round(scale * scene.SIZE),) * 2,
        people=(
            Track(
                name="small",
                frames=np.arange(1, FRAMES),
                keypoints=keypoints[1:] / 4,
                confidence=confidence[1:],
            ),
            Track(
                name="tall", frames=np.arange(FRAMES), keypoints=keypoints, confidence=confidence
            ),
        ),
    )


@pytest.fixture
def config(tiny_prior: Path, tmp_path: Path) -> Make:
    """A lift of files that are called one, two, half and known, with cameras.json."""
    detections(0).write(tmp_path / "one")
    detections(1).write(tmp_path / "two")
    detections(0, scale=0.5).write(tmp_path / "half")
    scene.evidence(FRAMES).write(tmp_path / "known")
    write_cameras(scene.cameras(), tmp_path / "cameras.json")

    def make(*names: str, **options: Any) -> LiftConfig:
        if "camera" in options and options["camera"].endswith(".json"):
            options["camera"] = str(tmp_path / options["camera"])
        return LiftConfig(
            evidence=tuple(tmp_path / name for name in names),
            prior=str(tiny_prior),
            sampler=choose(Sampler, "guided-ddim:levels=ddim3,skip=0,substeps=1"),
            samples=2,
            device="cpu",
            **options,
        )

    return make


def test_two_views_of_one_person_are_the_evidence_that_they_came_from(config: Make) -> None:
    ((name, evidence),) = read_people(config("one", "two", camera="cameras.json")).items()
    known = scene.evidence(FRAMES)
    assert name == "0" and [c.name for c in evidence.cameras] == ["camera 0", "camera 1"]
    np.testing.assert_array_equal(evidence.keypoints, known.keypoints)
    np.testing.assert_array_equal(evidence.confidence, known.confidence)


def test_of_several_cameras_what_is_only_about_known_is_found_first(
    config: Make, tmp_path: Path
) -> None:
    true = scene.cameras()
    cos, sin = np.cos(0.1), np.sin(0.1)
    lean = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    leaning = attrs.evolve(
        true[1],
        rotation=lean @ true[1].rotation,
        translation=lean @ true[1].translation,
        roll_deviation=0.1,
    )
    write_cameras([true[0], leaning], tmp_path / "leaning.json")
    for names in (("one", "two"), ("known",)):
        made = config(*names, camera="leaning.json", person="tall,tall" if len(names) > 1 else "0")
        (evidence,) = read_people(made).values()
        np.testing.assert_allclose(evidence.cameras[1].rotation, true[1].rotation, atol=0.02)
        assert 0 < evidence.cameras[1].roll_deviation < 0.05


def test_a_view_is_of_the_camera_that_is_named(config: Make) -> None:
    options = {"camera": "cameras.json", "views": ("camera 1",)}
    (evidence,) = read_people(config("two", **options)).values()
    assert evidence.cameras[0].name == "camera 1"


def test_a_smaller_video_needs_its_camera_rescaled(config: Make) -> None:
    options = {"camera": "cameras.json", "views": ("camera 0",)}
    with pytest.raises(UserError, match=r"500 x 500 pixels, but it was calibrated at 1000 x 1000"):
        read_people(config("half", **options))
    (evidence,) = read_people(config("half", rescale_camera=True, **options)).values()
    assert evidence.cameras[0].parameters["focal"] == [scene.FOCAL / 2] * 2


def test_without_a_camera_there_is_a_guess(config: Make) -> None:
    (evidence,) = read_people(config("one")).values()
    assert evidence.cameras[0].guessed and evidence.cameras[0].image_size == (1000, 1000)
    (evidence,) = read_people(config("one", fov=50.0, tilt=10.0)).values()
    assert not evidence.cameras[0].guessed


def test_evidence_with_cameras_may_be_given_others(config: Make) -> None:
    (evidence,) = read_people(config("known", frame_rate=60.0)).values()
    assert evidence.frame_rate == 60 and evidence.heatmaps is not None
    options = {"camera": "cameras.json", "views": ("camera 1", "camera 0")}
    (evidence,) = read_people(config("known", **options)).values()
    assert [camera.name for camera in evidence.cameras] == ["camera 1", "camera 0"]


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (
            ("one", "two"),
            {},
            "several views need their cameras; give the calibration with --camera",
        ),
        (("one", "known"), {}, "evidence with cameras stands alone"),
        (("known",), {"fov": 50.0}, "--fov is for files that have no cameras"),
        (("known",), {"image_size": (9, 9)}, "--image-size is for files that have no cameras"),
        (("known",), {"person": "2"}, "there is no person '2'; this evidence is of one person"),
        (("known",), {"views": ("a",)}, "--view names cameras of --camera, and there is none"),
        (("one",), {"views": ("a",)}, "--view is for a camera file, and there is no --camera"),
        (("one",), {"person": "3"}, "no person '3'; choose largest, all, or one of small, tall"),
        (("one",), {"camera": "cameras.json"}, "1 evidence file and 2 cameras do not go together"),
        (("one",), {"camera": "absent.json"}, "there is no such file, and no such preset"),
        (("one",), {"camera": "h36m:S1/54138969", "fov": 50.0}, "leave it or --camera out"),
        (("one",), {"camera": "h36m:S1/54138969", "tilt": 5.0}, "tilt of camera .* is known"),
        (("one",), {"camera": "h36m:S1/54138969"}, "but it was calibrated at 1000 x 1002"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(
    names: tuple[str, ...], options: dict[str, Any], message: str, config: Make
) -> None:
    with pytest.raises(UserError, match=message):
        read_people(config(*names, **options))


def test_a_video_of_unknown_size_needs_it(config: Make, tmp_path: Path) -> None:
    attrs.evolve(detections(0), image_size=None).write(tmp_path / "blank")
    with pytest.raises(UserError, match="blank: the file does not say the size of the picture"):
        read_people(config("blank"))
    (evidence,) = read_people(config("blank", image_size=(640, 480))).values()
    assert evidence.cameras[0].image_size == (640, 480)


def test_all_people_have_a_folder_each_and_run_again(config: Make, tmp_path: Path) -> None:
    summary = lift(config("one", person="all", fov=50.0), tmp_path / "out")
    folders = {path.name for path in (tmp_path / "out").iterdir()}
    assert folders == {"person-small", "person-tall", "config.yaml", "summary.json"}
    assert summary["people"]["small"]["first_frame"] == 1 and summary["left_out"] == {}
    assert summary["people"]["small"]["guessed_cameras"] == ["guess"]
    saved = read_yaml(tmp_path / "out" / "person-small" / "config.yaml")
    assert saved["person"] == "small"
    lift(structure(saved, LiftConfig, "saved"), tmp_path / "again")
    first, again = (
        (path / "samples.safetensors").read_bytes()
        for path in (tmp_path / "out" / "person-small", tmp_path / "again")
    )
    assert first == again


def test_people_who_are_hardly_seen_are_left_out(config: Make, tmp_path: Path) -> None:
    view = detections(0)
    ghost = attrs.evolve(view.people[0], confidence=0 * view.people[0].confidence)
    attrs.evolve(view, people=(ghost, view.people[1])).write(tmp_path / "ghost")
    summary = lift(config("ghost", person="all", fov=50.0), tmp_path / "out")
    assert list(summary["people"]) == ["tall"]
    assert "No frame shows a person" in summary["left_out"]["small"]
    with pytest.raises(UserError, match="No frame shows a person"):
        lift(config("ghost", person="small", fov=50.0), tmp_path / "ghosts")
    assert not (tmp_path / "ghosts").exists()


def test_frames_without_the_person_are_lifted_too(config: Make, tmp_path: Path) -> None:
    view = detections(0)
    gap = attrs.evolve(view.people[1], frames=np.array([0, 2, 3]))
    attrs.evolve(view, people=(gap,)).write(tmp_path / "gap")
    summary = lift(config("gap", fov=50.0), tmp_path / "out")
    assert summary["frames"] == 4
    result = Result.read(tmp_path / "out" / "samples.safetensors")
    # A standing adult's place, for want of keypoints: between the places before and after.
    assert np.isfinite(result.joints).all()
    assert (np.linalg.norm(result.root[:, 1], axis=-1) < 10).all()
