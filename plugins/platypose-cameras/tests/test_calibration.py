"""Camera files are read as the programs that write them mean it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from platypose_cameras.calibration.rotations import from_quaternion, from_vector, turning_up
from scipy.spatial.transform import Rotation

from platypose.api import BuildContext, Calibration, UserError
from platypose.api.kinds.projection import KIND as PROJECTION
from platypose.config import Chosen, choose
from platypose.evidence import Camera, Evidence
from platypose.evidence.cameras import read_cameras
from platypose.registry import plugins

Array = NDArray[np.float64]
EXAMPLE = Path(__file__).parents[3] / "examples" / "data" / "balancing-4-cameras.safetensors"

POINTS = np.array([[0.0, 0.0, 0.0], [0.3, -0.2, 1.7], [-0.5, 0.4, 0.9], [0.1, 0.6, 0.2]])
"""In a world whose z axis points up, metres."""
MATRIX = np.array([[1100.0, 0, 630.5], [0, 1090.0, 361.25], [0, 0, 1]])
LENS = np.array([-0.2, 0.1, 0.001, -0.002, 0.03])
TURN = cv2.Rodrigues(np.array([1.4, -0.6, 0.5]))[0]
SHIFT = np.array([0.2, 0.7, 4.5])
SIZE = (1280, 720)


def opencv(lens: Any = LENS, matrix: Any = MATRIX, turn: Any = TURN, shift: Any = SHIFT) -> Array:
    """Where OpenCV sees the points."""
    pixels, _ = cv2.projectPoints(POINTS, cv2.Rodrigues(turn)[0], shift, matrix, np.array(lens))
    return np.asarray(pixels[:, 0], np.float64)


def seen(camera: Camera, context: BuildContext, points: Any = POINTS) -> Array:
    """Where a camera that was read sees points of the world."""
    registry = plugins().registry(PROJECTION)
    config = registry.configure(camera.projection, camera.parameters)
    project = registry.build(Chosen(camera.projection, config), context)
    return project(torch.tensor(points @ camera.rotation.T + camera.translation)).numpy()


def read(path: Path, format_: str | None = None) -> tuple[Camera, ...]:
    return read_cameras(str(path), choose(Calibration, format_) if format_ else None)


def numbers(values: Any) -> str:
    return str(np.asarray(values).tolist())


def table(**changes: Any) -> str:
    """A camera in the TOML of Pose2Sim."""
    fields: dict[str, Any] = {
        "name": '"left"',
        "size": "[ 1280.0, 720.0]",
        "matrix": numbers(MATRIX),
        "distortions": numbers(LENS),
        "rotation": numbers(cv2.Rodrigues(TURN)[0][:, 0]),
        "translation": numbers(SHIFT),
        "fisheye": "false",
    }
    fields |= changes
    return "\n".join(f"{k} = {v}" for k, v in fields.items() if v is not None) + "\n"


def test_pose2sim_has_rodrigues_vectors_from_the_world_to_the_camera(
    tmp_path: Path, context: BuildContext
) -> None:
    path = tmp_path / "Calib.toml"
    path.write_text(f"[cam_01]\n{table()}\n[metadata]\nadjusted = false\nerror = 0.0\n")
    (camera,) = read(path)
    assert (camera.name, camera.image_size, camera.guessed) == ("left", SIZE, False)
    np.testing.assert_allclose(seen(camera, context), opencv(), atol=1e-6)


def test_pose2sim_s_fisheye_is_opencv_s(tmp_path: Path, context: BuildContext) -> None:
    lens = np.array([0.05, -0.01, 0.002, -0.001])
    path = tmp_path / "Calib.toml"
    path.write_text(f"[a]\n{table(fisheye='true', distortions=numbers(lens))}")
    (camera,) = read(path)
    pixels, _ = cv2.fisheye.projectPoints(
        POINTS[:, None], cv2.Rodrigues(TURN)[0], SHIFT, MATRIX, lens
    )
    np.testing.assert_allclose(seen(camera, context), pixels[:, 0], atol=1e-6)


def test_pose2sim_s_moving_camera_has_a_pose_in_each_frame(
    tmp_path: Path, context: BuildContext
) -> None:
    turns = np.array([[1.4, -0.6, 0.5], [1.4, -0.5, 0.5]])
    shifts = np.array([SHIFT, SHIFT + 0.1])
    twice = {
        "moving": "true",
        "size": "[[1280, 720], [1280, 720]]",
        "matrix": numbers([MATRIX, MATRIX]),
        "distortions": numbers([LENS, LENS]),
        "rotation": numbers(turns),
        "translation": numbers(shifts),
    }
    path = tmp_path / "Calib.toml"
    path.write_text(f"[a]\n{table(**twice)}")
    (camera,) = read(path)
    assert camera.moves and camera.rotation.shape == (2, 3, 3)
    second = attrs.evolve(camera, rotation=camera.rotation[1], translation=camera.translation[1])
    expected = opencv(turn=cv2.Rodrigues(turns[1])[0], shift=shifts[1])
    np.testing.assert_allclose(seen(second, context), expected, atol=1e-6)


def test_caliscope_s_ignored_and_unplaced_cameras(tmp_path: Path) -> None:
    unplaced = table(name=None, rotation=None, translation=None)
    path = tmp_path / "camera_array.toml"
    path.write_text(
        f"[cameras.0]\nport = 0\nsize = [1280, 720]\nignore = true\n[cameras.1]\n{table(name=None)}"
        f"[cameras.2]\n{unplaced}"
    )
    placed, guess = read(path)
    assert [placed.name, guess.name] == ["1", "2"]
    assert not placed.guessed and guess.focal_deviation == 0 < guess.tilt_deviation


def qca(
    *,
    fov: str = 'left="0" top="0" right="1279" bottom="719"',
    model: str = "Miqus Video",
    serial: str = "1234",
    centre: Array = MATRIX[:2, 2],
    **changes: Any,
) -> str:
    """A camera in the XML of Qualisys: axes right, up and backwards, millimetres, 1/64 px."""
    turn = np.diag([1, -1, -1]) @ TURN
    position = -1000 * TURN.T @ SHIFT
    lens: dict[str, Any] = {
        "focalLengthU": 64 * MATRIX[0, 0],
        "focalLengthV": 64 * MATRIX[1, 1],
        "centerPointU": 64 * centre[0],
        "centerPointV": 64 * centre[1],
        "skew": 0.0,
        "radialDistortion1": LENS[0],
        "radialDistortion2": LENS[1],
        "radialDistortion3": LENS[4],
        "tangentalDistortion1": LENS[2],
        "tangentalDistortion2": LENS[3],
    } | changes
    rows = " ".join(f'r{i + 1}{j + 1}="{turn[i, j]!r}"' for i in range(3) for j in range(3))
    place = " ".join(f'{axis}="{value!r}"' for axis, value in zip("xyz", position.tolist()))
    rows = rows.replace("np.float64(", "").replace(")", "")
    return (
        f'<camera active="1" model="{model}" serial="{serial}" viewrotation="0">'
        f"<fov_video {fov}/><transform {rows} {place}/>"
        f"<intrinsic {' '.join(f'{k}={chr(34)}{float(v)!r}{chr(34)}' for k, v in lens.items())}/>"
        "</camera>"
    )


def qca_file(path: Path, *cameras: str) -> Path:
    path.write_text(
        "<?xml version='1.0' encoding='ASCII'?>\n<calibration><cameras>"
        f"{''.join(cameras)}</cameras></calibration>"
    )
    return path


def test_qualisys_has_positions_and_axes_right_up_and_backwards(
    tmp_path: Path, context: BuildContext
) -> None:
    marker = qca(model="Arqus A12", serial="99")
    (camera,) = read(qca_file(tmp_path / "a.qca.txt", marker, qca()))
    assert (camera.name, camera.image_size) == ("1234", SIZE)
    np.testing.assert_allclose(seen(camera, context), opencv(), atol=1e-6)


def test_qualisys_counts_centres_from_the_whole_sensor(
    tmp_path: Path, context: BuildContext
) -> None:
    fov = 'left="100" top="20" right="1379" bottom="739"'
    path = qca_file(tmp_path / "a.qca.txt", qca(fov=fov, centre=MATRIX[:2, 2] + [100, 20]))
    (camera,) = read(path)
    assert camera.image_size == SIZE
    np.testing.assert_allclose(seen(camera, context), opencv(), atol=1e-6)


def test_the_second_camera_of_the_balancing_trial_is_where_it_stood(tmp_path: Path) -> None:
    """Figures of Pose2Sim's demo (BSD-3-Clause), as QTM exported them."""
    path = tmp_path / "Calib.qca.txt"
    path.write_text(
        "<?xml version='1.0' encoding='ASCII'?>\n<calibration><cameras>"
        '<camera active="1" model="none" serial="cam_02" viewrotation="0">'
        '<fov_video bottom="1919" left="0" right="1087" top="0"/>'
        '<transform r11="-0.1966832217091926" r12="0.979523227309506" r13="-0.043011131806342306"'
        ' r21="-0.31478107085300017" r22="-0.02153908797812718" r23="0.9489198834051846"'
        ' r31="0.9285626460991909" r32="0.20017570994064315" r33="0.3125717476340885"'
        ' x="2582.0136248568124" y="706.5662881637625" z="1690.9818366061595"/>'
        '<intrinsic centerPointU="34207.652344" centerPointV="61646.457031"'
        ' focalLengthU="107118.695313" focalLengthV="107123.023438" radialDistortion1="-0.047847"'
        ' radialDistortion2="0.136786" radialDistortion3="0.000000" skew="0.000000"'
        ' tangentalDistortion1="0.000972" tangentalDistortion2="0.000291"/>'
        "</camera></cameras></calibration>"
    )
    (camera,) = read(path)
    known = Evidence.read(EXAMPLE).cameras[1]
    np.testing.assert_allclose(camera.rotation, known.rotation, atol=1e-12)
    np.testing.assert_allclose(camera.translation, known.translation, atol=1e-12)
    np.testing.assert_allclose(camera.parameters["focal"], known.parameters["focal"])
    np.testing.assert_allclose(camera.parameters["centre"], known.parameters["centre"])
    assert camera.parameters["distortion"][:2] == [-0.047847, 0.136786]


def storage(path: Path, **nodes: Any) -> Path:
    file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for name, value in nodes.items():
        if isinstance(value, list):
            file.startWriteStruct(name, cv2.FILE_NODE_SEQ)
            for entry in value:
                file.write("", entry)
            file.endWriteStruct()
        else:
            file.write(name, value)
    file.release()
    return path


SINGLE = {
    "image_width": 1280,
    "image_height": 720,
    "camera_matrix": MATRIX,
    "distortion_coefficients": LENS[:, None],
}


def test_opencv_s_own_yaml(tmp_path: Path, context: BuildContext) -> None:
    path = storage(tmp_path / "left.yml", **SINGLE, R=TURN, T=1000 * SHIFT[:, None])
    (camera,) = read(path, "opencv:scale=0.001")
    assert (camera.name, camera.image_size) == ("left", SIZE)
    np.testing.assert_allclose(seen(camera, context), opencv(), atol=1e-6)


def test_a_lens_that_stands_nowhere_is_level_with_unknown_tilt(
    tmp_path: Path, context: BuildContext
) -> None:
    (camera,) = read(storage(tmp_path / "lens.yaml", **SINGLE))
    assert camera.tilt_deviation > 0 == camera.focal_deviation
    ahead = seen(camera, context, np.array([[0, 5.0, 1.5], [0, 5.0, 0.0], [1.0, 5.0, 1.5]]))
    np.testing.assert_allclose(ahead[0], MATRIX[:2, 2])
    assert ahead[1, 1] > ahead[0, 1] and ahead[2, 0] > ahead[0, 0]


def test_easymocap_s_folder(tmp_path: Path, context: BuildContext) -> None:
    lens = {"names": ["01"], "K_01": MATRIX, "dist_01": LENS[None], "W_01": 1280, "H_01": 720}
    place = {
        "names": ["01"],
        "R_01": cv2.Rodrigues(TURN)[0],
        "Rot_01": TURN,
        "T_01": SHIFT[:, None],
    }
    storage(tmp_path / "intri.yml", **lens)
    storage(tmp_path / "extri.yml", **place)
    (camera,) = read(tmp_path)
    assert camera.name == "01"
    np.testing.assert_allclose(seen(camera, context), opencv(), atol=1e-6)


def test_ros_s_yaml(tmp_path: Path) -> None:
    path = tmp_path / "ros.yaml"
    path.write_text(
        "image_width: 1280\nimage_height: 720\ncamera_name: head\ncamera_matrix:\n  rows: 3\n"
        f"  cols: 3\n  data: {MATRIX.reshape(-1).tolist()}\ndistortion_model: plumb_bob\n"
        f"distortion_coefficients:\n  rows: 1\n  cols: 5\n  data: {LENS.tolist()}\n"
    )
    (camera,) = read(path)
    assert camera.name == "head"
    assert camera.parameters["distortion"] == [*LENS.tolist()]


def colmap(folder: Path, cameras: str, images: str) -> Path:
    (folder / "cameras.txt").write_text(f"# Camera list\n{cameras}")
    (folder / "images.txt").write_text(f"# Image list\n# POINTS2D[] as (X, Y, ID)\n{images}")
    return folder


def quaternion(turn: Array) -> str:
    x, y, z, w = Rotation.from_matrix(turn).as_quat()
    return f"{w} {x} {y} {z}"


SHRUNK = f"{SHIFT[0] / 3} {SHIFT[1] / 3} {SHIFT[2] / 3}"


def test_colmap_counts_pixels_from_the_corner_and_needs_metres(
    tmp_path: Path, context: BuildContext
) -> None:
    lens = "1 OPENCV 1280 720 1100 1090 631 361.75 -0.2 0.1 0.001 -0.002\n"
    image = f"7 {quaternion(TURN)} {SHRUNK} 1 a b.jpg\n12.5 3.5 -1 9 9 4\n"
    other = f"3 {quaternion(np.eye(3))} 0 0 1 1 Z.jpg\n\n"
    folder = colmap(tmp_path, lens, image + other)
    for path in (folder, folder / "images.txt"):
        z, camera = read(path, "colmap:scale=3,up=[0,0,1]")
        assert (z.name, camera.name, camera.image_size) == ("Z.jpg", "a b.jpg", SIZE)
        np.testing.assert_allclose(seen(camera, context), opencv(LENS[:4]), atol=1e-6)


def test_colmap_s_images_may_be_the_frames_of_one_moving_camera(tmp_path: Path) -> None:
    lens = "1 SIMPLE_RADIAL 640 480 500 320 240 0.1\n"
    images = "".join(f"{i} 1 0 0 0 {i} 0 5 1 take-2/f{12 - 3 * i}.png\n\n" for i in range(3))
    folder = colmap(tmp_path, lens, images)
    (camera,) = read(folder, "colmap:scale=1,up=[0,-1,0],moving=true")
    assert camera.moves and camera.parameters["distortion"] == [0.1, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(camera.translation[:, 0], [2, 1, 0])


def test_a_world_is_set_upright(tmp_path: Path, context: BuildContext) -> None:
    """The same camera in a world whose y axis points down, as pictures have it."""
    upright = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    path = tmp_path / "Calib.toml"
    path.write_text(f"[a]\n{table(rotation=numbers(TURN @ upright))}")
    (camera,) = read(path, "pose2sim:up=[0,-1,0]")
    np.testing.assert_allclose(seen(camera, context), opencv(), atol=1e-6)


@given(st.lists(st.floats(-7, 7), min_size=3, max_size=3))
def test_rotations_by_vectors_are_opencv_s(vector: list[float]) -> None:
    expected = cv2.Rodrigues(np.array(vector))[0]
    np.testing.assert_allclose(from_vector(np.array(vector)), expected, atol=1e-9)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1))
def test_rotations_by_quaternions_are_scipy_s(quaternion: list[float]) -> None:
    w, x, y, z = quaternion
    expected = Rotation.from_quat([x, y, z, w]).as_matrix()
    np.testing.assert_allclose(from_quaternion(np.array(quaternion)), expected, atol=1e-9)


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3).filter(lambda v: np.linalg.norm(v) > 0.1))
def test_up_is_turned_up(direction: list[float]) -> None:
    turn = turning_up(direction)
    up = np.array(direction) / np.linalg.norm(direction)
    np.testing.assert_allclose(turn @ up, [0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(turn) > 0


Make = Callable[[Path], Path]


def _toml(text: str) -> Make:
    def make(folder: Path) -> Path:
        (folder / "Calib.toml").write_text(text)
        return folder / "Calib.toml"

    return make


def _qca(*cameras: str) -> Make:
    return lambda folder: qca_file(folder / "a.qca.txt", *cameras)


def _colmap(cameras: str, images: str = "1 1 0 0 0 0 0 5 1 a.png\n\n") -> Make:
    return lambda folder: colmap(folder, cameras, images)


def _frames(*names: str) -> Make:
    lines = (f"{i} 1 0 0 0 0 0 5 1 {name}\n\n" for i, name in enumerate(names))
    return _colmap("1 PINHOLE 10 10 5 5 5 5\n", "".join(lines))


COLMAP = "colmap:scale=1,up=[0,-1,0]"
MOVING = f"{COLMAP},moving=true"
WRONG: dict[str, tuple[Make, str | None, str]] = {
    "toml cut": (_toml(f"[a]\n{table()[:-30]}[["), "pose2sim", "is not valid TOML"),
    "toml of others": (_toml("[tool]\nsize = 3\n"), "pose2sim", "no matrix for camera 'tool'"),
    "toml without cameras": (_toml("a = 1\n"), "pose2sim", "holds no camera"),
    "matrix of words": (_toml(f"[a]\n{table(matrix='[[1, 2], [3]]')}"), None, "must be numbers"),
    "matrix 2 x 2": (_toml(f"[a]\n{table(matrix='[[1, 2], [3, 4]]')}"), None, "3 x 3 finite"),
    "NaN": (_toml(f"[a]\n{table(translation='[0, nan, 1]')}"), None, "must be 3 finite numbers"),
    "skew": (_toml(f"[a]\n{table(matrix='[[9, 1, 0], [0, 9, 0], [0, 0, 1]]')}"), None, "a skew"),
    "half a pose": (_toml(f"[a]\n{table(translation=None)}"), None, "no translation for camera"),
    "no rotation": (_toml(f"[a]\n{table(rotation='[[2,0,0],[0,1,0],[0,0,1]]')}"), None, "no rotat"),
    "many coefficients": (
        _toml(f"[a]\n{table(distortions='[1,1,1,1,1,1,1,1,1]')}"),
        None,
        "at most 8",
    ),
    "size of 0": (_toml(f"[a]\n{table(size='[0, 720]')}"), None, "image size of camera 'left'"),
    "two of a name": (_toml(f"[a]\n{table()}[b]\n{table()}"), None, "two cameras called 'left'"),
    "xml cut": (lambda p: qca_file(p / "a.txt", "<camera>"), "qualisys", "is not valid XML"),
    "xml with a bomb": (
        _toml('<!DOCTYPE a [<!ENTITY b "b">]><calibration/>'),
        "qualisys",
        "declares a document type",
    ),
    "xml without numbers": (_qca(qca().replace("<fov_video", "<fov")), None, "no <fov_video>"),
    "focal a word": (_qca(qca().replace('="70400.0"', '="wide"')), None, "focalLengthU .* 'wide'"),
    "turned view": (_qca(qca().replace('rotation="0"', 'rotation="90"')), None, "is turned"),
    "a frame without a number": (_frames("a.png", "2.png"), MOVING, "'a.png' has none"),
    "two images of a frame": (_frames("1.png", "b/01.png"), MOVING, "are of one frame"),
    "a frame is missing": (
        _frames("7.png", "9.png", "10.png"),
        MOVING,
        "after that of frame 7 comes that of frame 9",
    ),
    "no colmap options": (_colmap(""), None, "neither metres nor the vertical"),
    "unknown model": (_colmap("1 FOV 10 10 5 5 5 5 1\n"), COLMAP, "no camera model 'FOV'"),
    "too few parameters": (_colmap("1 PINHOLE 10 10 5 5\n"), COLMAP, "PINHOLE needs width, height"),
    "unknown lens": (_colmap("2 PINHOLE 10 10 5 5 5 5\n"), COLMAP, "no camera '1' in cameras.txt"),
    "half an image": (
        _colmap("1 PINHOLE 10 10 5 5 5 5\n", "1 1 0 0 0\n"),
        COLMAP,
        "line 3: an image needs",
    ),
    "quaternion of 0": (
        _colmap("1 PINHOLE 10 10 5 5 5 5\n", "1 0 0 0 0 0 0 5 1 a.png\n\n"),
        COLMAP,
        "the quaternion is 0",
    ),
    "opencv without a size": (
        lambda p: storage(p / "a.yml", camera_matrix=MATRIX),
        None,
        "no image_width for camera 'a'",
    ),
    "a text": (_toml("hello"), None, "is of none of the camera formats"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_one_sentence_that_names_it(name: str, tmp_path: Path) -> None:
    make, format_, message = WRONG[name]
    path = make(tmp_path)
    with pytest.raises(UserError, match=message) as caught:
        read(path, format_)
    assert str(tmp_path) in str(caught.value) and str(caught.value).endswith(".")
    assert str(caught.value).count(". ") == 0


GOOD: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "pose2sim": ("pose2sim", _toml(f"[a]\n{table()}")),
    "qualisys": ("qualisys", _qca(qca())),
    "opencv": ("opencv", lambda p: storage(p / "a.yml", **SINGLE, R=TURN, T=SHIFT[:, None])),
    "colmap": (COLMAP, _colmap("1 PINHOLE 10 10 5 5 5 5\n")),
}


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_a_sentence(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    format_, make = GOOD[name]
    path = make(folder)
    file = path / "images.txt" if path.is_dir() else path
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 20)))
        content[start:end] = data.draw(
            st.one_of(
                st.binary(max_size=8), st.sampled_from([b"nan", b"-1e400", b"[", b"&", b"{*"])
            )
        )
    file.write_bytes(content)
    try:
        cameras = read(path, format_)
    except UserError as error:
        assert str(error).endswith(".")
        return
    for camera in cameras:
        assert np.isfinite(camera.rotation).all() and np.isfinite(camera.translation).all()
