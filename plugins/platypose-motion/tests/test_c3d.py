"""C3D files written with ezc3d, from markers that are known."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import ezc3d
import numpy as np
import pytest
import yaml
from platypose_motion import plug_in_gait
from platypose_motion.c3d import C3d
from platypose_motion.config import C3dConfig
from platypose_motion.vertical import rotation_from

from platypose.api import UserError
from platypose.skeleton import H36M_17

FRAMES = 40
# Plug-in-Gait markers: the joint of the pose beside which each is, and the offset in metres of a
# person who faces -y, x to the left.
MARKERS: dict[str, tuple[str, tuple[float, float, float]]] = {
    "C7": ("thorax", (0, 0.05, 0.02)),
    "CLAV": ("thorax", (0, -0.07, -0.03)),
    "T10": ("spine", (0, 0.1, 0.05)),
    "STRN": ("spine", (0, -0.12, 0.08)),
    "RBAK": ("thorax", (-0.08, 0.1, -0.1)),
    "LFHD": ("head", (0.07, -0.08, -0.08)),
    "RFHD": ("head", (-0.07, -0.08, -0.08)),
    "LBHD": ("head", (0.06, 0.09, -0.06)),
    "RBHD": ("head", (-0.06, 0.09, -0.06)),
    "LASI": ("hip", (0.12, -0.1, 0.08)),
    "RASI": ("hip", (-0.12, -0.1, 0.08)),
    "LPSI": ("hip", (0.05, 0.1, 0.1)),
    "RPSI": ("hip", (-0.05, 0.1, 0.1)),
    **{
        side[0].upper() + name: (f"{side}_{joint}", (sign * x, y, z))
        for side, sign in (("left", 1), ("right", -1))
        for name, joint, (x, y, z) in (
            ("SHO", "shoulder", (0.02, 0, 0.06)),
            ("UPA", "shoulder", (0.06, 0.02, -0.15)),
            ("ELB", "elbow", (0.05, 0, 0)),
            ("WRA", "wrist", (0.0, -0.03, 0)),
            ("WRB", "wrist", (0.0, 0.03, 0)),
            ("THI", "hip", (0.1, 0.02, -0.25)),
            ("KNE", "knee", (0.06, 0, 0)),
            ("ANK", "foot", (0.045, 0, 0)),
            ("TOE", "foot", (0.0, -0.15, -0.06)),
        )
    },
}


def _motion() -> np.ndarray[Any, Any]:
    phase = np.random.default_rng(0).uniform(0, 6, (17, 3))
    sway = 0.02 * np.sin(np.arange(FRAMES)[:, None, None] / 15 + phase)
    return np.array(H36M_17.standing) + np.array([0.4, -0.2, 0.95]) + sway


def _markers() -> dict[str, np.ndarray[Any, Any]]:
    motion = _motion()
    return {
        name: motion[:, H36M_17.joints.index(joint)] + offset
        for name, (joint, offset) in MARKERS.items()
    }


def _write(
    file: Path,
    tracks: dict[str, np.ndarray[Any, Any]],
    *,
    unit: str = "mm",
    scale: float = 1000.0,
    up: tuple[int, float] = (2, 1.0),
    prefix: str = "",
) -> Path:
    """A file in another unit and with another vertical axis; NaN is a marker that was not seen."""
    turn = rotation_from(*up)
    content = ezc3d.c3d()
    names = list(tracks)
    content["parameters"]["POINT"]["UNITS"]["value"] = [unit]
    content["parameters"]["POINT"]["RATE"]["value"] = [100.0]
    content["parameters"]["POINT"]["LABELS"]["value"] = [prefix + name for name in names]
    points = np.ones((4, len(names), FRAMES))
    points[:3] = scale * np.stack([tracks[name] @ turn for name in names]).transpose(2, 0, 1)
    content["data"]["points"] = points
    file.parent.mkdir(parents=True, exist_ok=True)
    content.write(str(file))
    return file


def _labels(folder: Path) -> C3dConfig:
    """Each joint from a marker of its own, but the hip from two."""
    names: dict[str, Any] = {joint: f"m_{joint}" for joint in H36M_17.joints}
    names["hip"] = ["m_left_hip", "m_right_hip"]
    (folder / "labels.yaml").write_text(yaml.safe_dump(names))
    return C3dConfig(labels=folder / "labels.yaml")


def _joint_markers() -> dict[str, np.ndarray[Any, Any]]:
    motion = _motion()
    return {f"m_{joint}": motion[:, index] for index, joint in enumerate(H36M_17.joints)}


@pytest.mark.parametrize("up", [(0, 1.0), (1, 1.0), (2, 1.0), (1, -1.0), (2, -1.0)])
@pytest.mark.parametrize(
    ("unit", "scale"), [("mm", 1000.0), ("m", 1.0), ("cm", 100.0), ("", 100.0)]
)
def test_mapped_markers_come_back_in_metres_with_z_up(
    tmp_path: Path, up: tuple[int, float], unit: str, scale: float
) -> None:
    file = _write(tmp_path / "s1_walk.c3d", _joint_markers(), unit=unit, scale=scale, up=up)
    data = C3d(config=_labels(tmp_path))
    (trial,) = data.trials([file])
    recording = data.read(trial)
    expected = _motion()
    expected[:, 0] = (expected[:, 1] + expected[:, 4]) / 2
    np.testing.assert_allclose(recording.positions, expected, atol=1e-5)
    assert recording.frame_rate == 100 and recording.toes is None


def test_plug_in_gait_markers_give_the_joints_of_the_regression(tmp_path: Path) -> None:
    file = _write(tmp_path / "01" / "01_01.c3d", _markers(), up=(1, 1.0), prefix="Anna:")
    (trial,) = C3d().trials([tmp_path])
    recording = C3d().read(trial)
    markers = _markers()
    body = plug_in_gait.measure(markers)
    expected = plug_in_gait.joints(markers, body, plug_in_gait.bending_axes(markers, body))
    np.testing.assert_allclose(recording.positions, expected, atol=1e-5)
    assert recording.toes is not None
    np.testing.assert_allclose(recording.toes[:, 0], markers["LTOE"], atol=1e-5)
    assert file.is_file() and (trial.name, trial.subject) == ("01/01_01", "01")


def test_short_gaps_are_filled_and_long_ones_stay(tmp_path: Path) -> None:
    tracks = _joint_markers()
    tracks["m_left_wrist"][10:14] = np.nan
    tracks["m_right_wrist"][5:35] = np.nan
    file = _write(tmp_path / "s1_walk.c3d", tracks)
    data = C3d(config=_labels(tmp_path))
    positions = data.read(data.trials([file])[0]).positions
    left, right = (positions[:, H36M_17.joints.index(f"{s}_wrist")] for s in ("left", "right"))
    np.testing.assert_allclose(left, _motion()[:, H36M_17.joints.index("left_wrist")], atol=1e-3)
    assert np.isnan(right[5:35]).all() and np.isfinite(right[:5]).all()


def test_subjects_and_splits(tmp_path: Path) -> None:
    for name in ("a/x.c3d", "b/deep/y.C3D", "c_1.c3d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    trials = C3d(config=C3dConfig(test_subjects=("c",))).trials([tmp_path])
    assert {(t.name, t.subject, t.split) for t in trials} == {
        ("a/x", "a", "train"),
        ("b/deep/y", "deep", "train"),
        ("c_1", "c", "test"),
    }


@pytest.mark.parametrize(
    ("unit", "scale", "option", "message"),
    [
        ("m", 1000.0, "auto", r"is in m, but a leg is 8\d\d m long.*option unit \(m, cm, mm, in\)"),
        ("mm", 1000.0, "cm", r"is in cm, but a leg is 8\.\d+ m long"),
        ("furlong", 7.0, "auto", r"is in no known unit, but a leg is"),
    ],
)
def test_units_that_make_no_person_are_refused(
    tmp_path: Path, unit: str, scale: float, option: Any, message: str
) -> None:
    file = _write(tmp_path / "s1_walk.c3d", _joint_markers(), unit=unit, scale=scale)
    data = C3d(config=C3dConfig(labels=_labels(tmp_path).labels, unit=option))
    with pytest.raises(UserError, match=message):
        data.read(data.trials([file])[0])


def test_a_file_whose_unit_is_wrong_is_read_with_the_right_one(tmp_path: Path) -> None:
    file = _write(tmp_path / "s1_walk.c3d", _joint_markers(), unit="m", scale=1000.0)
    data = C3d(config=C3dConfig(labels=_labels(tmp_path).labels, unit="mm", up="z"))
    positions = data.read(data.trials([file])[0]).positions
    np.testing.assert_allclose(positions[:, 1:], _motion()[:, 1:], atol=1e-5)


def test_missing_markers_are_named(tmp_path: Path) -> None:
    file = _write(tmp_path / "s1_walk.c3d", {**_markers(), "LKNEE": _markers()["LKNE"]})
    content = _markers()
    del content["LKNE"]
    file = _write(file, {**content, "LKNEE": _markers()["LKNE"]})
    with pytest.raises(UserError, match=r"has no marker LKNE.*LKNEE.*option labels"):
        C3d().read(C3d().trials([file])[0])


def test_faulty_maps_and_files_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "labels.yaml").write_text("hip: [a]\n")
    (tmp_path / "a.c3d").write_text("no C3D file")
    (trial,) = C3d().trials([tmp_path / "a.c3d"])
    with pytest.raises(UserError, match=r"a\.c3d is not a C3D file"):
        C3d().read(trial)
    file = _write(tmp_path / "b.c3d", _joint_markers())
    data = C3d(config=C3dConfig(labels=tmp_path / "labels.yaml"))
    with pytest.raises(UserError, match=r"labels\.yaml must give the labels of each of hip, right"):
        data.read(data.trials([file])[0])
    with pytest.raises(UserError, match=r"does not exist; a \.c3d file or a folder"):
        C3d().trials([tmp_path / "absent"])
    monkeypatch.setitem(sys.modules, "ezc3d", None)
    with pytest.raises(UserError, match=r"pip install 'platypose-motion\[c3d\]'"):
        C3d().read(trial)
