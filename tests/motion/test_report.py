"""What a motion set holds, in numbers and as a picture."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import attrs
import cv2
import numpy as np
import pytest

from platypose.api import UserError
from platypose.motion import MotionSet
from platypose.motion.contact_sheet import LEFT, RIGHT, write_contact_sheet
from platypose.motion.prepare import prepare
from platypose.motion.report import report_of


@pytest.fixture(scope="module")
def motion(people: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> MotionSet:
    """Two people who walk, one of whom lies too."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "source.json").write_text(
        '{"01_01": ["01", "train", "walks"], "01_02": ["01", "train", "lies"],'
        ' "01_03": ["01", "train", "walks"], "02_01": ["02", "test", "relative to the root"]}'
    )
    dataset = people.People(config=people.PeopleConfig())
    return prepare(dataset, [folder / "source.json"], folder / "a.safetensors", workers=1).motion


def test_report_in_numbers(motion: MotionSet) -> None:
    content = report_of(motion)
    assert content["hours"] == {"train": round(12 / 3600, 4), "test": round(4 / 3600, 4)}
    assert (content["clips"], content["clips_relative_to_the_root"]) == (4, 1)
    assert content["minutes_by_action"] == {"walk": 0.27}
    one, two = content["subjects"]["01"], content["subjects"]["02"]
    assert one["stances"]["lying"] == pytest.approx(1 / 3, abs=1e-3)
    assert two["stances"]["upright"] == 1
    assert content["stances"]["all"]["lying"] == pytest.approx(1 / 4, abs=1e-3)
    assert content["stances"]["test"]["lying"] == 0
    assert two["floor_m"] is None and one["floor_m"] == pytest.approx(0.065, abs=0.03)
    assert one["bone_lengths_mm"]["left_knee"] == pytest.approx(440, abs=1)
    assert content["trunk_tilt_degrees"]["0-30"] == pytest.approx(3 / 4, abs=1e-3)
    assert sum(content["trunk_tilt_degrees"].values()) == pytest.approx(1, abs=1e-3)
    knee = content["joint_angles_degrees"]["knee"]
    assert np.degrees(0.6) < knee["p99"] < np.degrees(0.9)
    assert knee["p1"] < knee["p25"] < knee["p50"] < knee["p75"] < knee["p99"]
    assert content["licence"] == "Free for every use."


def test_other_joint_sets_have_no_stances(motion: MotionSet) -> None:
    with pytest.raises(UserError, match="no skeleton 'three joints'"):
        report_of(attrs.evolve(motion, skeleton="three joints"))


def coloured(image: np.ndarray, colour: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of a colour such as #0072B2."""
    bgr = np.array([int(colour[i : i + 2], 16) for i in (5, 3, 1)])
    near = (abs(image.astype(int) - bgr).max(axis=-1) < 40).nonzero()
    return near[0], near[1]


def test_the_contact_sheet_shows_left_on_the_right_and_people_on_the_floor(
    motion: MotionSet, tmp_path: Path
) -> None:
    standing = attrs.evolve(
        motion, positions=np.tile(motion.positions[:1], (len(motion.positions), 1, 1))
    )
    write_contact_sheet(standing, tmp_path / "a.png")
    image = cv2.imread(str(tmp_path / "a.png"))
    assert image is not None and image.shape[1] == 1400
    # The first panel alone, below the words of the title.
    panel = image[70:, 60 : 60 + 165]
    (_, left), (_, right) = coloured(panel, LEFT), coloured(panel, RIGHT)
    assert len(left) > 50 and len(right) > 50 and left.mean() > right.mean() + 5
    floor = (abs(panel.astype(int) - 0xEE).max(axis=-1) < 3).nonzero()[0]
    lowest = max(coloured(panel, LEFT)[0].max(), coloured(panel, RIGHT)[0].max())
    assert floor.min() < lowest < floor.max()


def test_every_stance_has_a_row(motion: MotionSet, tmp_path: Path) -> None:
    walking = attrs.evolve(
        motion,
        positions=motion.positions[:120],
        clips=motion.clips[:1],
    )
    write_contact_sheet(walking, tmp_path / "one.png")
    write_contact_sheet(motion, tmp_path / "two.png")
    one, two = (cv2.imread(str(tmp_path / f"{name}.png")) for name in ("one", "two"))
    assert one is not None and two is not None
    assert two.shape[0] - one.shape[0] == pytest.approx(1.45 * 140, abs=1)


def test_without_matplotlib_it_is_one_sentence(
    motion: MotionSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UserError, match="needs matplotlib; install it with: pip install"):
        write_contact_sheet(motion, tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_a_contact_sheet_of_other_joints_is_refused(motion: MotionSet, tmp_path: Path) -> None:
    other = attrs.evolve(motion, skeleton="three joints")
    with pytest.raises(UserError, match='needs the skeleton "h36m-17", not "three joints"'):
        write_contact_sheet(other, tmp_path / "a.png")
