"""Files as other programs write them, of what OpenPose saw in the balancing trial."""

from __future__ import annotations

import csv
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from platypose import Evidence
from platypose.skeleton import keypoint_set

Array = NDArray[np.float64]
EXAMPLE = Path(__file__).parents[3] / "examples" / "data" / "balancing-4-cameras.safetensors"
FRAMES = 6


def seen(keypoints: str, frames: int = FRAMES) -> Array:
    """Two people, each the one of the trial from another camera: (2, frames, K, 3).

    The twelve limb joints were detected; of the others some are put together from them, and the
    rest is missing, which every program writes in its own way and this one as 0, 0, 0.
    """
    evidence = Evidence.read(EXAMPLE)
    assert evidence.keypoints is not None and evidence.confidence is not None
    found = np.concatenate([evidence.keypoints, evidence.confidence[..., None]], -1)
    by_name = dict(zip(evidence.keypoint_names, np.moveaxis(found[:frames, [1, 2]], 2, 0)))
    middle = (by_name["left_hip"] + by_name["right_hip"]) / 2
    by_name |= {"mid_hip": middle, "pelvis": middle, "hip": middle}
    by_name["neck"] = (by_name["left_shoulder"] + by_name["right_shoulder"]) / 2
    by_name |= {f"{side}_foot": by_name[f"{side}_ankle"] for side in ("left", "right")}
    missing = np.zeros_like(middle)
    names = keypoint_set(keypoints).keypoints
    people = np.stack([by_name.get(name, missing) for name in names], 2).swapaxes(0, 1)
    people[1, ..., 0] += np.where(people[1, ..., 2] > 0, 900.0, 0.0)
    return people.astype(np.float64).round(3)


def box(person: Array) -> list[float]:
    points = person[person[:, 2] > 0, :2]
    if not len(points):
        return [0.0, 0.0, 0.0, 0.0]
    low, high = points.min(0), points.max(0)
    return [*map(float, low), *map(float, high - low)]


def openpose(path: Path, people: Array) -> Path:
    folder = path.with_suffix("")
    folder.mkdir()
    for frame in range(people.shape[1]):
        bodies = [
            {
                "person_id": [-1],
                "pose_keypoints_2d": person[frame].ravel().tolist(),
                "face_keypoints_2d": [],
            }
            for person in people
        ]
        name = f"clip_{frame + 100:012d}_keypoints.json"
        (folder / name).write_text(json.dumps({"version": 1.3, "people": bodies}))
    return folder


def coco(path: Path, people: Array) -> Path:
    entries = [
        {
            "image_id": frame,
            "category_id": 1,
            "keypoints": person[frame].ravel().tolist(),
            "score": 0.9,
            "bbox": box(person[frame]),
        }
        for frame in range(people.shape[1])
        for person in people
    ]
    path.write_text(json.dumps(entries))
    return path


def alphapose(path: Path, people: Array, identified: bool = False) -> Path:
    entries = [
        {
            "image_id": f"{frame}.jpg",
            "category_id": 1,
            "keypoints": person[frame].ravel().tolist(),
            "score": 2.9,
            "box": box(person[frame]),
            **({"idx": who + 1} if identified else {}),
        }
        for frame in range(people.shape[1])
        for who, person in enumerate(people)
    ]
    path.write_text(json.dumps(entries))
    return path


def mmpose(path: Path, people: Array, dataset: str = "coco") -> Path:
    frames = []
    for frame in range(people.shape[1]):
        instances = []
        for person in people[:, frame]:
            x, y, width, height = box(person)
            instances.append(
                {
                    "keypoints": person[:, :2].tolist(),
                    "keypoint_scores": person[:, 2].tolist(),
                    "bbox": [[x, y, x + width, y + height]],
                    "bbox_score": 0.98,
                }
            )
        frames.append({"frame_id": frame + 1, "instances": instances})
    path.write_text(json.dumps({"meta_info": {"dataset_name": dataset}, "instance_info": frames}))
    return path


SIZE = (2000, 1920)


def mediapipe(path: Path, people: Array) -> Path:
    """As the Tasks API gives it: several people a frame, fractions of the picture."""
    frames = [
        {
            "timestamp_ms": 16 * frame,
            "landmarks": [
                [
                    {"x": x / SIZE[0], "y": y / SIZE[1], "z": 0.1, "visibility": c}
                    for x, y, c in person[frame].tolist()
                ]
                for person in people
            ],
        }
        for frame in range(people.shape[1])
    ]
    about = {"width": SIZE[0], "height": SIZE[1], "fps": 59.94}
    path.write_text(json.dumps({**about, "frames": frames}))
    return path


def dlc_columns(people: int, parts: tuple[str, ...]) -> list[tuple[str, ...]]:
    who = [("DLC_resnet50",)] if people == 1 else [("DLC_dlcrnet", f"p{i}") for i in range(people)]
    return [(*first, part, c) for first in who for part in parts for c in ("x", "y", "likelihood")]


def dlc_csv(path: Path, people: Array, parts: tuple[str, ...] | None = None) -> Path:
    columns = dlc_columns(len(people), parts or keypoint_set("coco-17").keypoints)
    several = len(people) > 1
    levels = ["scorer", *(["individuals"] if several else []), "bodyparts", "coords"]
    path = path.with_suffix(".csv")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        for level, names in zip(levels, zip(*columns)):
            writer.writerow([level, *names])
        for frame in range(people.shape[1]):
            writer.writerow([frame, *people[:, frame].ravel().tolist()])
    return path


def dlc_h5(path: Path, people: Array, parts: tuple[str, ...] | None = None) -> Path:
    """The parts of a table of pandas that matter, as PyTables lays them out."""
    columns = dlc_columns(len(people), parts or keypoint_set("coco-17").keypoints)
    rows = np.zeros(people.shape[1], [("index", "<i8"), ("values_block_0", "<f8", len(columns))])
    rows["index"] = np.arange(len(rows))
    rows["values_block_0"] = people.swapaxes(0, 1).reshape(len(rows), -1)
    path = path.with_suffix(".h5")
    with h5py.File(path, "w") as file:
        table = file.create_group("df_with_missing").create_dataset("table", data=rows)
        table.attrs["values_block_0_kind"] = np.bytes_(pickle.dumps(columns, protocol=0))
    return path


def videopose3d(path: Path, people: Array) -> Path:
    """One video of one person."""
    positions = {"clip.mp4": {"custom": [people[0, ..., :2].astype(np.float32)]}}
    metadata = {
        "layout_name": "coco",
        "num_joints": 17,
        "keypoints_symmetry": [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]],
        "video_metadata": {"clip.mp4": {"w": SIZE[0], "h": SIZE[1]}},
    }
    path = path.with_suffix(".npz")
    np.savez_compressed(path, positions_2d=positions, metadata=metadata)  # type: ignore[arg-type]
    return path


Write = Callable[..., Path]
WRITERS: dict[str, tuple[str, str, Write]] = {
    "openpose": ("openpose", "body-25", openpose),
    "openpose-25b": ("openpose", "body-25b", openpose),
    "openpose-18": ("openpose", "coco-18", openpose),
    "coco": ("coco", "coco-17", coco),
    "alphapose": ("alphapose", "halpe-26", alphapose),
    "mmpose": ("mmpose", "coco-17", mmpose),
    "mediapipe": ("mediapipe", "mediapipe-33", mediapipe),
    "deeplabcut-csv": ("deeplabcut", "coco-17", dlc_csv),
    "deeplabcut-h5": ("deeplabcut", "coco-17", dlc_h5),
    "videopose3d": ("videopose3d", "coco-17", videopose3d),
}
"""Reader, keypoint set and how its file is written."""


@pytest.fixture(scope="session")
def files() -> Any:
    """This module, for tests that make files of their own."""
    return sys.modules[__name__]


@pytest.fixture(params=WRITERS)
def case(request: pytest.FixtureRequest) -> tuple[str, str, Write]:
    """Each format in turn."""
    return WRITERS[request.param]
