"""UI-PRMD's file, written from a person whose joints are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from platypose_motion import plug_in_gait as pig
from platypose_motion.config import UiPrmdConfig
from platypose_motion.uiprmd import UiPrmd
from scipy.spatial.transform import Rotation

from platypose.api import Dataset, Trial, UserError
from platypose.skeleton import H36M_17

Array = np.ndarray[Any, Any]
JOINT = {name: index for index, name in enumerate(H36M_17.joints)}
FRAMES = 80
THIGH, SHIN, ARM, FOREARM = 0.41, 0.42, 0.28, 0.25
UI_PRMD = UiPrmd(config=UiPrmdConfig())


def _turned(angle: Array, axis: str, vectors: Array) -> Array:
    turned: Array = Rotation.from_euler(axis, angle[:, None]).apply(vectors)
    return turned


def at(x: float, y: float, z: float) -> Array:
    return np.array([x, y, z], dtype=float)


def person(frames: int = FRAMES, seed: int = 0) -> tuple[Array, dict[str, Array]]:
    """Joints (F, 17, 3) and markers of someone who stands, then squats and bends the arms.

    The person faces x, the left side towards y. The markers are where the regression's authors
    find them on that body: on the lateral side of knees, ankles and elbows, above the shoulders.
    """
    random = np.random.default_rng(seed)
    phase = np.clip(np.linspace(-0.4, 1, frames), 0, 1)
    squat = 1.2 * np.sin(np.pi * phase) ** 2
    bend = 0.3 + 1.0 * np.sin(np.pi * phase) ** 2
    rows = np.ones((frames, 1))
    joints = np.zeros((frames, 17, 3))
    markers: dict[str, Array] = {}

    def put(name: str, place: Array) -> None:
        markers[name] = np.broadcast_to(place, (frames, 3)).astype(float)

    # The leg is the distance from the iliac spine to the ankle of who stands, which depends on
    # where the hip is, which depends on the leg.
    leg = 0.9
    for _ in range(50):
        hip = {
            side: at(0.101 - 0.063 * leg, sign * (0.008 + 0.086 * leg), 0.081 - 0.078 * leg)
            for side, sign in (("L", 1), ("R", -1))
        }
        ankle = pig.ANKLE_WIDTH / 2 + pig.MARKER_RADIUS
        reach = at(0.09, 0.125, 0.09) - hip["L"] - at(0, ankle, -(THIGH + SHIN))
        leg = float(np.linalg.norm(reach))
    for name, x in (("ASI", 0.09), ("PSI", -0.09)):
        put(f"L{name}", np.array([x, 0.125 if name == "ASI" else 0.05, 0.09]))
        put(f"R{name}", np.array([x, -0.125 if name == "ASI" else -0.05, 0.09]))

    down, depth = np.array([[0.0, 0.0, -1.0]]), pig.MARKER_RADIUS
    for side, word, sign in (("L", "left", 1.0), ("R", "right", -1.0)):
        lateral = np.array([0.0, sign, 0.0])
        thigh, shin = _turned(-squat, "y", down), _turned(squat, "y", down)
        knee = hip[side] + THIGH * thigh
        foot = knee + SHIN * shin
        joints[:, JOINT[f"{word}_hip"]] = hip[side]
        joints[:, JOINT[f"{word}_knee"]] = knee
        joints[:, JOINT[f"{word}_foot"]] = foot
        put(f"{side}KNE", knee + (pig.KNEE_WIDTH / 2 + depth) * lateral)
        put(f"{side}ANK", foot + (pig.ANKLE_WIDTH / 2 + depth) * lateral)
        # A wand that points 20 degrees off the axis of the knee.
        ahead = np.cross(np.broadcast_to([[0.0, 1.0, 0.0]], thigh.shape), thigh)
        put(f"{side}THI", hip[side] + 0.3 * thigh + 0.09 * lateral - 0.03 * ahead)
        put(f"{side}TOE", foot + at(0.15, 0, -0.05))

        # The acromia are 0.34 m apart, and the shoulders below them, along the trunk.
        shoulder = at(-0.02, sign * 0.17, 0.46)
        put(f"{side}SHO", shoulder + at(0, 0, pig.SHOULDER_DROP * 0.34))
        upper, lower = np.broadcast_to(down, (frames, 3)), _turned(-bend, "y", down)
        elbow = shoulder + ARM * upper
        wrist = elbow + FOREARM * lower
        joints[:, JOINT[f"{word}_shoulder"]] = shoulder
        joints[:, JOINT[f"{word}_elbow"]] = elbow
        joints[:, JOINT[f"{word}_wrist"]] = wrist
        put(f"{side}ELB", elbow + (pig.ELBOW_WIDTH / 2 + depth) * lateral)
        put(f"{side}UPA", shoulder + 0.15 * upper + 0.06 * lateral + [0.02, 0, 0])
        for name, across in (("A", 0.035), ("B", -0.035)):
            put(f"{side}WR{name}", wrist + across * lateral)

    middle = (hip["L"] + hip["R"]) / 2
    low, high = at(-0.02, 0.0, 0.3), at(-0.02, 0.0, 0.52)
    put("T10", low - at(0.1, 0, 0))
    put("STRN", low + at(0.1, 0, 0))
    put("C7", high - at(0.06, 0, -0.03))
    put("CLAV", high + at(0.06, 0, -0.03))
    put("RBAK", at(-0.12, -0.08, 0.45))
    joints[:, JOINT["hip"]] = middle
    whole = np.linalg.norm(low - middle) + np.linalg.norm(high - low)
    share = pig.SPINE_FRACTION * whole / np.linalg.norm(low - middle)
    joints[:, JOINT["spine"]] = middle + share * (low - middle)
    joints[:, JOINT["thorax"]] = high
    nod = Rotation.from_euler("y", 0.4 * np.sin(np.linspace(0, 5, frames))[:, None])
    for name, place in (
        *(("neck", [0.0, 0.0, 0.12]), ("head", [0.0, 0.0, 0.23])),
        *(("LFHD", [0.08, 0.07, 0.2]), ("RFHD", [0.08, -0.07, 0.2])),
        *(("LBHD", [-0.08, 0.07, 0.2]), ("RBHD", [-0.08, -0.07, 0.2])),
    ):
        moved = high + nod.apply(np.array(place))
        if name in JOINT:
            joints[:, JOINT[name]] = moved
        else:
            put(name, moved)
    for marker in ("LFRM", "LFIN", "LTIB", "LHEE", "RFRM", "RFIN", "RTIB", "RHEE"):
        put(marker, random.uniform(-0.3, 0.3, 3) * rows)

    # The feet stay where they are: who squats goes down.
    facing = Rotation.from_euler("z", 0.7)
    feet = joints[:, JOINT["left_foot"]]
    shift = at(0.3, -0.2, 0.07) - feet * [1, 0, 1]

    def placed(points: Array) -> Array:
        result: Array = facing.apply(points + shift)
        return result

    world = np.stack([placed(joints[:, index]) for index in range(17)], axis=1)
    return world, {name: placed(place) for name, place in markers.items()}


def written(
    path: Path, recordings: dict[str, dict[str, Array]], **changes: Any
) -> tuple[Path, list[str]]:
    """The file as published, in which a missing marker is zero."""
    names = [name for name in next(iter(recordings.values())) if "JOINT" not in name]
    frames = [
        np.nan_to_num(np.stack([markers[name] for name in names], axis=1))
        for markers in recordings.values()
    ]
    arrays: dict[str, Any] = {
        "markers_tenth_mm": np.round(np.concatenate(frames) * 1e4).astype(np.int16),
        "marker_names": np.array(names),
        "sequence_names": np.array(list(recordings)),
        "sequence_lengths": np.array([len(one) for one in frames]),
        "frame_rate_hz": np.float32(100 / 3),
    }
    np.savez_compressed(path, **{**arrays, **changes})
    return path, names


def read(path: Path, name: str) -> tuple[Trial, Any]:
    (trial,) = (trial for trial in UI_PRMD.trials([path]) if trial.name == name)
    return trial, UI_PRMD.read(trial)


def test_known_joints_come_back_from_their_markers(tmp_path: Path) -> None:
    joints, markers = person()
    path, names = written(tmp_path / "a.npz", {"c_m01_s01_e01": markers})
    assert len(names) == 39
    _, recording = read(path, "c_m01_s01_e01")
    error = np.linalg.norm(recording.positions - joints, axis=-1).max(axis=0)
    # The file is rounded to 0.1 mm.
    assert dict(zip(H36M_17.joints, error, strict=True)) == pytest.approx(
        dict.fromkeys(H36M_17.joints, 0.0), abs=1e-3
    )


def test_a_recording_says_its_rate_and_where_the_toes_are(tmp_path: Path) -> None:
    _, markers = person()
    path, _ = written(tmp_path / "a.npz", {"c_m01_s01_e01": markers})
    _, recording = read(path, "c_m01_s01_e01")
    assert recording.frame_rate == pytest.approx(100 / 3, rel=1e-12)
    assert recording.absolute
    expected = np.stack([markers["LTOE"], markers["RTOE"]], axis=1)
    np.testing.assert_allclose(recording.toes, expected, atol=1.5e-3)


def test_bones_are_rigid_and_the_standing_foot_stays_where_skin_slides(tmp_path: Path) -> None:
    _, markers = person()
    slide = 0.03 * np.sin(np.linspace(0, np.pi, FRAMES))[:, None] * [0, 0, 1]
    sliding = {**markers, "LKNE": markers["LKNE"] + slide, "RKNE": markers["RKNE"] + slide}
    path, _ = written(tmp_path / "a.npz", {"c_m01_s01_e01": sliding})
    _, recording = read(path, "c_m01_s01_e01")
    pose = recording.positions
    bones = np.array(H36M_17.bones)
    lengths = np.linalg.norm(pose[:, bones[:, 1]] - pose[:, bones[:, 0]], axis=-1)
    assert lengths.std(axis=0).max() < 1e-9
    ankles = pose[:, [JOINT["left_foot"], JOINT["right_foot"]]]
    assert np.linalg.norm(ankles - ankles[0], axis=-1).max() < 0.01


@pytest.mark.parametrize("gone", ["LASI", "RPSI", "STRN", "CLAV", "RBHD"])
def test_a_marker_of_a_rigid_cluster_is_found_from_the_others(tmp_path: Path, gone: str) -> None:
    joints, markers = person()
    recordings = {
        "c_m01_s01_e01": markers,
        "c_m01_s01_e02": {**markers, gone: np.full((FRAMES, 3), np.nan)},
    }
    path, _ = written(tmp_path / "a.npz", recordings)
    _, recording = read(path, "c_m01_s01_e02")
    np.testing.assert_allclose(recording.positions, joints, atol=2e-3)


def test_a_short_gap_of_another_marker_is_interpolated(tmp_path: Path) -> None:
    joints, markers = person()
    knee = markers["LKNE"].copy()
    knee[30:34] = np.nan
    path, _ = written(
        tmp_path / "a.npz",
        {"c_m01_s01_e01": markers, "c_m01_s01_e02": {**markers, "LKNE": knee}},
    )
    _, recording = read(path, "c_m01_s01_e02")
    np.testing.assert_allclose(recording.positions, joints, atol=5e-3)


def test_a_long_gap_is_the_reason_to_leave_a_recording_out(tmp_path: Path) -> None:
    _, markers = person()
    knee = markers["LKNE"].copy()
    knee[30:45] = np.nan
    path, _ = written(
        tmp_path / "a.npz",
        {"c_m01_s01_e01": markers, "c_m01_s01_e02": {**markers, "LKNE": knee}},
    )
    with pytest.raises(UserError, match="marker LKNE is missing in 15 of 80 frames"):
        read(path, "c_m01_s01_e02")


def test_names_say_who_does_what_and_who_is_held_out(tmp_path: Path) -> None:
    _, markers = person()
    names = ["c_m01_s01_e01", "i_m10_s09_e03", "c_m06_s10_e10"]
    path, _ = written(tmp_path / "a.npz", dict.fromkeys(names, markers))
    assert isinstance(UI_PRMD, Dataset)
    trials = UI_PRMD.trials([path])
    assert [trial.name for trial in trials] == names
    assert [trial.subject for trial in trials] == ["s01", "s09", "s10"]
    assert [trial.split for trial in trials] == ["train", "test", "test"]
    assert [trial.action for trial in trials] == [
        "deep squat",
        "standing shoulder scaption",
        "standing active straight leg raise",
    ]


def _without(array: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        whole, _ = written(path, {"c_m01_s01_e01": person()[1]})
        with np.load(whole) as content:
            arrays = {name: content[name] for name in content.files if name != array}
        np.savez(whole, **arrays)
        return whole

    return write


def _changed(**changes: Any) -> Callable[[Path], Path]:
    return lambda path: written(path, {"c_m01_s01_e01": person()[1]}, **changes)[0]


def _cut_short(path: Path) -> Path:
    written(path, {"c_m01_s01_e01": person()[1]})
    path.write_bytes(path.read_bytes()[:2000])
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path, "does not exist"),
        (_cut_short, "cannot be read"),
        (_without("marker_names"), "no array marker_names"),
        (_changed(sequence_lengths=np.array([79])), "do not fit"),
        (_changed(sequence_names=np.array(["squat"])), "'squat', and names like"),
        (_changed(marker_names=np.array([f"M{index}" for index in range(39)])), "no marker LFHD"),
    ],
)
def test_an_unusable_file_is_one_sentence(
    tmp_path: Path, make: Callable[[Path], Path], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        UI_PRMD.trials([make(tmp_path / "a.npz")])
