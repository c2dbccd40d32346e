"""Each file as an independent library reads it."""

from __future__ import annotations

import csv
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bvhio
import ezc3d
import numpy as np
import pygltflib
import pytest
import trc
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from platypose.api import UserError, Writer
from platypose.api.kinds.writer import KIND as WRITER
from platypose.compute import plain_context
from platypose.config import choose
from platypose.lifting.result import Result
from platypose.registry import plugins
from platypose.skeleton import H36M_17

Array = NDArray[np.float64]
Lifted = Callable[..., Result]
Turn = Callable[[Array], Array]


def written(text: str, result: Result, folder: Path) -> list[str]:
    """The names of the files that a writer makes; no other appears."""
    writer = plugins().registry(WRITER).build(choose(Writer, text), plain_context())
    paths = writer.write(result, None, folder)
    assert sorted(paths) == sorted(folder.iterdir())
    return [path.name for path in paths]


def mean(result: Result) -> Array:
    joints: Array = result.joints.mean(0, dtype=np.float64)
    return joints


def read_bvh(path: Path, frames: int) -> tuple[Array, float]:
    """Joints (F, J, 3) by bvhio's forward kinematics, and the frame time."""
    root = bvhio.readAsHierarchy(str(path))
    nodes = {joint.Name: joint for joint, _, _ in root.layout()}
    joints = np.zeros((frames, 17, 3))
    for frame in range(frames):
        root.loadPose(frame)
        for j, name in enumerate(H36M_17.joints):
            joints[frame, j] = list(nodes[name].PositionWorld)
    return joints, bvhio.readAsBvh(str(path)).FrameTime


def read_glb(path: Path) -> tuple[Any, Callable[[int], dict[str, Array]], Array]:
    """The document, the places of a figure's nodes (F, 3) by its root's index, and the times."""
    document = pygltflib.GLTF2().load(str(path))
    blob = document.binary_blob()

    def values(index: int) -> Array:
        accessor = document.accessors[index]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor.type]
        start = document.bufferViews[accessor.bufferView].byteOffset
        numbers = struct.unpack_from(f"<{accessor.count * width}f", blob, start)
        return np.array(numbers).reshape(accessor.count, width)

    (animation,) = document.animations
    channels = {
        (channel.target.node, channel.target.path): values(
            animation.samplers[channel.sampler].output
        )
        for channel in animation.channels
    }
    time = values(animation.samplers[0].input)[:, 0]

    def places(top: int) -> dict[str, Array]:
        found: dict[str, Array] = {}

        def visit(index: int, origin: Array, turn: Rotation) -> None:
            node = document.nodes[index]
            move = channels.get((index, "translation"), np.array([node.translation or [0, 0, 0]]))
            quaternion = channels.get(
                (index, "rotation"), np.array([node.rotation or [0, 0, 0, 1]])
            )
            here = origin + turn.apply(np.resize(move, (len(time), 3)))
            found[node.name] = here
            for child in node.children or []:
                visit(child, here, turn * Rotation.from_quat(np.tile(quaternion, (1, 1))))

        visit(top, np.zeros((len(time), 3)), Rotation.identity(len(time)))
        return found

    return document, places, time


@pytest.mark.parametrize("up", ["y", "z"])
def test_trc(lifted: Lifted, y_up: Turn, up: str, tmp_path: Path) -> None:
    result = lifted()
    assert written(f"trc:up={up}", result, tmp_path) == ["pose-mean.trc"]
    content = trc.TRCData()
    content.load(str(tmp_path / "pose-mean.trc"))
    assert content["Units"] == "mm" and content["DataRate"] == 50.0
    assert content["NumFrames"] == 7 and content["Markers"] == list(H36M_17.joints)
    joints = y_up(mean(result)) if up == "y" else mean(result)
    found = np.array([content[name] for name in H36M_17.joints]).swapaxes(0, 1)
    np.testing.assert_allclose(found, 1000 * joints, atol=1e-3)
    np.testing.assert_allclose(content["Time"], np.arange(7) / 50)


@pytest.mark.parametrize("up", ["y", "z"])
def test_c3d(lifted: Lifted, y_up: Turn, up: str, tmp_path: Path) -> None:
    result = lifted(frame_rate=29.97, credit="Thanks to Ä. N. " * 30)
    assert written(f"c3d:up={up},which=best", result, tmp_path) == ["pose-best.c3d"]
    content = ezc3d.c3d(str(tmp_path / "pose-best.c3d"))
    point = content["parameters"]["POINT"]
    assert point["UNITS"]["value"] == ["mm"]
    assert point["LABELS"]["value"] == list(H36M_17.joints)
    assert point["Y_SCREEN"]["value"] == [f"+{up.upper()}"]
    np.testing.assert_allclose(point["RATE"]["value"], 29.97, rtol=1e-6)
    np.testing.assert_allclose(content["header"]["points"]["frame_rate"], 29.97, rtol=1e-6)
    assert " ".join(content["parameters"]["PLATYPOSE"]["CREDIT"]["value"]) == result.credit.strip()
    joints = result.joints[result.energy.sum(1).argmin()].astype(np.float64)
    joints = y_up(joints) if up == "y" else joints
    found = content["data"]["points"][:3].transpose(2, 1, 0)
    np.testing.assert_allclose(found, 1000 * joints, atol=0.01)
    assert not content["data"]["meta_points"]["residuals"].any()


@pytest.mark.parametrize(("unit", "scale"), [("m", 1), ("cm", 100)])
def test_bvh(lifted: Lifted, y_up: Turn, unit: str, scale: float, tmp_path: Path) -> None:
    result = lifted()
    assert written(f"bvh:hypothesis=1,unit={unit}", result, tmp_path) == ["pose-1.bvh"]
    joints, frame_time = read_bvh(tmp_path / "pose-1.bvh", 7)
    assert frame_time == pytest.approx(1 / 50)
    np.testing.assert_allclose(joints / scale, y_up(result.joints[1].astype(float)), atol=1e-4)


def test_gltf(lifted: Lifted, y_up: Turn, tmp_path: Path) -> None:
    result = lifted()
    assert written("gltf:hypothesis=2", result, tmp_path) == ["pose-2.glb"]
    document, places, time = read_glb(tmp_path / "pose-2.glb")
    np.testing.assert_allclose(time, np.arange(7) / 50, atol=1e-6)
    assert document.asset.copyright == result.credit
    found = places(document.scenes[0].nodes[0])
    joints = y_up(result.joints[2].astype(float))
    for j, name in enumerate(H36M_17.joints):
        np.testing.assert_allclose(found[name], joints[:, j], atol=1e-4)


def test_in_gltf_a_mesh_lies_along_each_bone(lifted: Lifted, tmp_path: Path) -> None:
    result = lifted(1)
    written("gltf", result, tmp_path)
    document, _, _ = read_glb(tmp_path / "pose-mean.glb")
    bones = {node.name: node for node in document.nodes if node.mesh is not None}
    assert set(bones) == {f"bone of {H36M_17.joints[child]}" for _, child in H36M_17.bones}
    nodes = {node.name: node for node in document.nodes}
    for _, child in H36M_17.bones:
        bone, node = bones[f"bone of {H36M_17.joints[child]}"], nodes[H36M_17.joints[child]]
        tip = Rotation.from_quat(bone.rotation).apply([0, bone.scale[1], 0])
        np.testing.assert_allclose(tip, node.translation, atol=1e-6)
    assert {document.meshes[bone.mesh].name for bone in bones.values()} == {
        *("left", "right", "middle")
    }


def test_all_hypotheses_are_files_or_in_gltf_figures(
    lifted: Lifted, y_up: Turn, tmp_path: Path
) -> None:
    result = lifted(11, frames=1)
    names = [f"pose-{h:02}" for h in range(11)]
    for kind in ("trc", "c3d", "bvh"):
        (tmp_path / kind).mkdir()
        found = written(f"{kind}:which=all", result, tmp_path / kind)
        assert found == [f"{name}.{kind}" for name in names]
    (tmp_path / "gltf").mkdir()
    assert written("gltf:which=all", result, tmp_path / "gltf") == ["pose-all.glb"]
    document, places, _ = read_glb(tmp_path / "gltf" / "pose-all.glb")
    tops = document.scenes[0].nodes
    assert [document.nodes[top].name for top in tops] == names
    head = H36M_17.joints.index("head")
    for h, top in enumerate(tops):
        wanted = y_up(result.joints[h].astype(float))[:, head]
        np.testing.assert_allclose(places(top)["head"], wanted, atol=1e-4)


def test_a_single_frame_is_a_motion_of_one_frame(lifted: Lifted, tmp_path: Path) -> None:
    result = lifted(frames=1)
    for kind in ("npz", "csv", "json", "trc", "c3d", "bvh", "gltf"):
        (tmp_path / kind).mkdir()
        assert written(kind, result, tmp_path / kind)
    joints, _ = read_bvh(tmp_path / "bvh" / "pose-mean.bvh", 1)
    assert np.isfinite(joints).all()
    _, _, time = read_glb(tmp_path / "gltf" / "pose-mean.glb")
    assert time.tolist() == [0.0]


@pytest.mark.parametrize("origin", ["world", "root"])
def test_the_tables_agree_with_numpy(lifted: Lifted, origin: str, tmp_path: Path) -> None:
    result = lifted(5)
    joints = (result.joints if origin == "world" else result.samples).astype(np.float64)
    for kind in ("npz", "csv", "json"):
        written_in = tmp_path / kind
        written_in.mkdir()
        written(f"{kind}:origin={origin}", result, written_in)
    arrays = np.load(tmp_path / "npz" / "pose.npz")
    content = json.loads((tmp_path / "json" / "pose.json").read_text(encoding="utf-8"))
    for table in (arrays, content):
        np.testing.assert_allclose(table["joints"], joints, atol=1e-6)
        np.testing.assert_allclose(table["mean"], joints.mean(0), atol=1e-6)
        median = table["quantiles"][list(table["quantile_levels"]).index(0.5)]
        np.testing.assert_allclose(median, np.median(joints, axis=0), atol=1e-6)
        covariance = np.cov(joints[:, 3, 10].T, ddof=0)
        np.testing.assert_allclose(table["covariance"][3][10], covariance, atol=1e-8)
        assert list(table["joint_names"]) == list(H36M_17.joints)
        assert str(table["credit"]) == result.credit


def test_the_long_tables_have_a_row_for_each_hypothesis_and_joint(
    lifted: Lifted, tmp_path: Path
) -> None:
    result = lifted(5)
    assert written("csv", result, tmp_path) == ["hypotheses.csv", "joints.csv"]
    with (tmp_path / "hypotheses.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * 7 * 17
    for row in rows[::50]:
        frame, hypothesis = int(row["frame"]), int(row["hypothesis"])
        place = result.joints[hypothesis, frame, H36M_17.joints.index(row["joint"])]
        found = [float(row[f"{axis}_m"]) for axis in "xyz"]
        np.testing.assert_allclose(found, place, atol=1e-5)
        assert float(row["time_s"]) == pytest.approx(frame / 50)
    with (tmp_path / "joints.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7 * 17
    row = rows[3 * 17 + 10]
    seen = result.joints[:, 3, 10].astype(np.float64)
    assert (row["frame"], row["joint"]) == ("3", "head")
    assert float(row["mean_z_m"]) == pytest.approx(seen[:, 2].mean(), abs=1e-5)
    assert float(row["q95_x_m"]) == pytest.approx(np.quantile(seen[:, 0], 0.95), abs=1e-5)
    assert float(row["cov_xz_m2"]) == pytest.approx(np.cov(seen.T, ddof=0)[0, 2], abs=1e-7)


@pytest.mark.parametrize("kind", ["trc", "c3d", "bvh", "gltf"])
def test_what_is_not_there_is_one_sentence(kind: str, lifted: Lifted, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no hypothesis 3; the result has 3, numbered from 0 to 2"):
        written(f"{kind}:hypothesis=3", lifted(), tmp_path)
    free = lifted(energy=np.zeros((3, 7), np.float32))
    with pytest.raises(UserError, match="no energies, so that no hypothesis is best"):
        written(f"{kind}:which=best", free, tmp_path)
    for option in ("which=median", "hypothesis=-1", "up=x"):
        with pytest.raises(UserError, match=option.partition("=")[0]):
            choose(Writer, f"{kind}:{option}")
    assert not list(tmp_path.iterdir())


def test_a_clip_too_long_for_c3d_is_refused(lifted: Lifted, tmp_path: Path) -> None:
    long = lifted(1, samples=np.zeros((1, 65536, 17, 3), np.float32))
    with pytest.raises(UserError, match="at most 65535 frames, and the result has 65536"):
        written("c3d", long, tmp_path)
