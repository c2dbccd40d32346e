"""The writer `gltf`: a binary glTF 2.0 animation with a stick figure."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.api import BuildContext
from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_export.config import GltfConfig
from platypose_export.motion import Array, motions
from platypose_export.rig import Animation, animate, swing

FLOAT, ARRAY_BUFFER = 5126, 34962
SHAPES = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4"}
THICKNESS = 0.12
"""Of a bone, over its length."""
SIDES = {
    "left": (0.0, 0.168, 0.445),
    "right": (0.665, 0.112, 0.0),
    "middle": (0.05, 0.05, 0.05),
}
"""Linear red, green and blue: Okabe and Ito's blue and vermilion, and black."""
OPACITY = 0.3
"""Of one hypothesis among others."""


@attrs.frozen(kw_only=True)
class Gltf:
    """A `Writer` of one GLB file; of several hypotheses, each is a tree of its own."""

    config: GltfConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write pose-NAME.glb.

        Raises:
            UserError: there is no such hypothesis.
        """
        moving = motions(result, self.config)
        each = {m.name: animate(m.joints, result.skeleton, "y") for m in moving}
        name = next(iter(each)) if len(each) == 1 and self.config.which != "all" else "all"
        path = folder / f"pose-{name}.glb"
        path.write_bytes(glb(each, result.frame_rate, result.credit))
        return (path,)


def build(config: GltfConfig, context: BuildContext) -> Gltf:
    """The writer of `config`."""
    return Gltf(config=config)


def glb(animations: dict[str, Animation], frame_rate: float, copyright: str) -> bytes:
    """The content of a GLB file.

    Arguments:
        animations: name to animation, of equally many frames; metres, y up.
        frame_rate: frames per second.
        copyright: whom to thank.
    """
    document = _Document(opacity=1.0 if len(animations) == 1 else OPACITY)
    frames = len(next(iter(animations.values())).root)
    time = document.accessor(np.arange(frames) / frame_rate, limits=True)
    roots = [document.figure(name, moving, time) for name, moving in animations.items()]
    asset = {"version": "2.0", "generator": "Platypose"}
    return document.bytes(
        {
            "asset": asset | ({"copyright": copyright} if copyright else {}),
            "scene": 0,
            "scenes": [{"nodes": roots}],
        }
    )


class _Document:
    """A glTF document that grows."""

    def __init__(self, opacity: float) -> None:
        self.binary = bytearray()
        self.lists: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("nodes", "meshes", "materials", "accessors", "bufferViews")
        }
        self.channels: list[dict[str, Any]] = []
        self.samplers: list[dict[str, Any]] = []
        corners, normals = _bone()
        points = self.accessor(corners, limits=True, target=ARRAY_BUFFER)
        normal = self.accessor(normals, target=ARRAY_BUFFER)
        self.meshes = {}
        for side, colour in SIDES.items():
            material: dict[str, Any] = {
                "name": side,
                "pbrMetallicRoughness": {
                    "baseColorFactor": [*colour, opacity],
                    "metallicFactor": 0.0,
                    "roughnessFactor": 0.8,
                },
            }
            if opacity < 1:
                material["alphaMode"] = "BLEND"
            attributes = {"POSITION": points, "NORMAL": normal}
            index = self._add("materials", material)
            mesh = {"name": side, "primitives": [{"attributes": attributes, "material": index}]}
            self.meshes[side] = self._add("meshes", mesh)

    def accessor(self, values: Array, *, limits: bool = False, target: int | None = None) -> int:
        """Numbers in the binary part, as 32-bit floats."""
        numbers = np.ascontiguousarray(values, dtype="<f4")
        view: dict[str, Any] = {
            "buffer": 0,
            "byteOffset": len(self.binary),
            "byteLength": numbers.nbytes,
        }
        self.binary += numbers.tobytes()
        accessor: dict[str, Any] = {
            "bufferView": self._add("bufferViews", view | ({"target": target} if target else {})),
            "componentType": FLOAT,
            "count": len(numbers),
            "type": SHAPES[numbers.shape[1:]],
        }
        if limits:
            flat = numbers.reshape(len(numbers), -1)
            accessor |= {"min": flat.min(0).tolist(), "max": flat.max(0).tolist()}
        return self._add("accessors", accessor)

    def figure(self, name: str, moving: Animation, time: int) -> int:
        """Add an animated tree of nodes with a mesh for each bone; returns its root."""
        tree = moving.rig
        first = len(self.lists["nodes"])
        for node, offset in enumerate(moving.offsets):
            place = offset if node else moving.root[0]
            self._add(
                "nodes",
                {
                    "name": tree.names[node],
                    "translation": place.tolist(),
                    "rotation": _unit(moving.rotations[0, node]).tolist(),
                },
            )
        top = self._add("nodes", {"name": f"pose-{name}", "children": [first]})
        for node, parent in enumerate(tree.parents):
            children = [first + child for child in tree.children(node)]
            if children:
                self.lists["nodes"][first + node]["children"] = children
            if parent >= 0 and moving.offsets[node].any():
                bone = self._bone_of(tree.names[node], moving.offsets[node])
                self.lists["nodes"][first + parent]["children"].append(bone)
            if tree.children(node):
                self._channel(first + node, "rotation", time, _unit(moving.rotations[:, node]))
        self._channel(first, "translation", time, moving.root)
        return top

    def bytes(self, head: dict[str, Any]) -> bytes:
        """The file."""
        animation = {"name": "motion", "channels": self.channels, "samplers": self.samplers}
        document = {
            **head,
            **self.lists,
            "animations": [animation],
            "buffers": [{"byteLength": len(self.binary)}],
        }
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + len(self.binary)
        return b"".join(
            [
                struct.pack("<4sII", b"glTF", 2, total),
                struct.pack("<I4s", len(text), b"JSON"),
                text,
                struct.pack("<I4s", len(self.binary), b"BIN\0"),
                bytes(self.binary),
            ]
        )

    def _bone_of(self, name: str, offset: Array) -> int:
        length = float(np.linalg.norm(offset))
        turn = swing(np.array([[0.0, 1.0, 0.0]]), offset[None] / length).as_quat()[0]
        side = name.partition("_")[0]
        return self._add(
            "nodes",
            {
                "name": f"bone of {name}",
                "mesh": self.meshes.get(side, self.meshes["middle"]),
                "rotation": turn.tolist(),
                "scale": [length, length, length],
            },
        )

    def _channel(self, node: int, path: str, time: int, values: Array) -> None:
        sampler = {"input": time, "output": self.accessor(values), "interpolation": "LINEAR"}
        self.samplers.append(sampler)
        target = {"node": node, "path": path}
        self.channels.append({"sampler": len(self.samplers) - 1, "target": target})

    def _add(self, name: str, entry: dict[str, Any]) -> int:
        self.lists[name].append(entry)
        return len(self.lists[name]) - 1


def _bone() -> tuple[Array, Array]:
    """A long octahedron from the origin to (0, 1, 0): corners and normals of its 8 triangles."""
    width, belly = THICKNESS / 2, 0.2
    ring = [(width, belly, 0.0), (0.0, belly, -width), (-width, belly, 0.0), (0.0, belly, width)]
    faces = []
    for here, there in zip(ring, ring[1:] + ring[:1]):
        faces += [(here, there, (0.0, 1.0, 0.0)), (there, here, (0.0, 0.0, 0.0))]
    corners: NDArray[np.float64] = np.array(faces)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return corners.reshape(-1, 3), np.repeat(normals, 3, axis=0)


def _unit(quaternions: Array) -> Array:
    unit: Array = quaternions / np.linalg.norm(quaternions, axis=-1, keepdims=True)
    return unit
