"""What the page holds: facts as JSON, and numbers as packed arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from platypose.config import read_yaml
from platypose.evidence import Camera, Evidence
from platypose.evidence.file import video_of
from platypose.lifting.result import Result
from platypose_viewer.config import PageConfig
from platypose_viewer.heat import Heat, small_heat
from platypose_viewer.limbs import limbs, side
from platypose_viewer.packing import LARGEST, Packed, pack, quantised
from platypose_viewer.video import Video, known_video, read_video

Array = NDArray[Any]

PERSPECTIVE = {"pinhole", "fisheye"}
"""Projections whose sight lines meet in the camera."""
APART = 1.0
"""Metres between the hips of hypotheses, beyond which the page begins with hips aligned."""
MOST_NUMBERS = 80_000_000
"""In the page; beyond it browsers begin to fail, and fewer hypotheses are kept."""
IMAGE_SIDES = 3.2
"""How far off the image a projected keypoint can lie in the page, in sides of the image."""


@attrs.frozen(kw_only=True)
class Content:
    """Of one page.

    Attributes:
        facts: what the page reads as JSON.
        arrays: numbers by name.
        videos: one for each view, or none.
    """

    facts: dict[str, Any]
    arrays: dict[str, Packed]
    videos: tuple[Video, ...]


def content(result: Result, evidence: Evidence | None, folder: Path, config: PageConfig) -> Content:
    """Everything that the page of a result shows.

    Arguments:
        result: the hypotheses.
        evidence: what they were lifted from; one of other frames or keypoints is left out.
        folder: that holds config.yaml of the run, if there is one.
        config: how many hypotheses, and which videos.

    Raises:
        UserError: a video is missing or too large.
    """
    run = read_yaml(folder / "config.yaml") if (folder / "config.yaml").is_file() else {}
    cameras = evidence.cameras if evidence is not None else ()
    if len(cameras) != result.projected.shape[2]:
        cameras, evidence = (), None
    kept = _kept(result, config)
    heat = None if evidence is None else small_heat(evidence)
    videos, note = _videos(config, run, result.projected.shape[2])
    views = [
        _view(result, v, cameras[v] if cameras else None) for v in range(result.projected.shape[2])
    ]
    arrays = _arrays(result, kept, [view["step"] for view in views])
    if heat is not None:
        arrays |= {"heat": pack(heat.scores), "cell_to_pixel": pack(heat.cell_to_pixel)}
    names = result.skeleton.joints
    facts = {
        "title": _title(run, folder),
        "facts": _facts(result, run, kept),
        "credit": result.credit,
        "note": note,
        "frames": result.samples.shape[1],
        "frameRate": result.frame_rate,
        "firstFrame": 0 if evidence is None else evidence.first_frame,
        "hypotheses": kept,
        "aligned": bool(np.linalg.norm(result.root.std(0), axis=-1).mean() > APART),
        "joints": [joint.replace("_", " ") for joint in names],
        "jointSides": [side(joint) for joint in names],
        "bones": [[a, b, side(names[a], names[b])] for a, b in result.skeleton.bones],
        "step": _step(result),
        "keypoints": list(result.keypoint_names),
        "keypointSides": [side(name) for name in result.keypoint_names],
        "limbs": [
            [a, b, side(result.keypoint_names[a], result.keypoint_names[b])]
            for a, b in limbs(result.keypoint_names, result.skeleton)
        ],
        "views": views,
        "heat": None if heat is None else _heat_shape(heat),
    }
    return Content(facts=facts, arrays=arrays, videos=videos)


def _kept(result: Result, config: PageConfig) -> int:
    """How many hypotheses the page holds."""
    hypotheses, frames, joints = result.samples.shape[:3]
    each = frames * (3 * joints + 2 * int(np.prod(result.projected.shape[2:4])))
    return max(1, min(int(hypotheses), config.hypotheses, MOST_NUMBERS // max(int(each), 1)))


def _step(result: Result) -> float:
    """The unit of the packed joints, metres."""
    return float(max(np.nanmax(np.abs(result.samples), initial=0.0), 1e-3)) / LARGEST


def _arrays(result: Result, kept: int, steps: list[float]) -> dict[str, Packed]:
    """Frame by frame, so that the page finds those of a frame together."""
    by_frame = result.samples[:kept].swapaxes(0, 1)
    projected = np.moveaxis(result.projected[:kept], 0, 2)  # (F, V, H, K, 2)
    scale = np.array(steps).reshape(-1, 1, 1, 1)
    return {
        "samples": pack(quantised(by_frame, _step(result))),
        "root": pack(np.nan_to_num(result.root[:kept].swapaxes(0, 1)).astype(np.float32)),
        "projected": pack(quantised(projected / scale, 1.0)),
        "observed": pack(result.observed.astype(np.float32)),
        "weights": pack(np.clip(result.weights, 0, 1).astype(np.float32)),
    }


def _view(result: Result, view: int, camera: Camera | None) -> dict[str, Any]:
    """One camera; where it is unknown, the size of its image is what holds the keypoints."""
    if camera is None:
        seen = result.observed[:, view][result.weights[:, view] > 0]
        size = np.ceil(seen.max(0) * 1.05) if len(seen) else np.array([1000.0, 1000.0])
        size = np.maximum(size, 1.0)
        return {
            "name": f"view {view + 1}",
            "size": size.tolist(),
            "step": IMAGE_SIDES * float(size.max()) / LARGEST,
            "camera": None,
        }
    focal = camera.parameters.get("focal")
    return {
        "name": camera.name,
        "size": list(camera.image_size),
        "step": IMAGE_SIDES * max(camera.image_size) / LARGEST,
        "camera": {
            "perspective": camera.projection in PERSPECTIVE,
            "focal": None if focal is None else [float(value) for value in focal],
            "centre": [float(value) for value in camera.parameters.get("centre", (0, 0))],
            "rotation": np.round(camera.rotation.reshape(-1, 9), 6).tolist(),
            "translation": np.round(camera.translation.reshape(-1, 3), 5).tolist(),
        },
    }


def _heat_shape(heat: Heat) -> dict[str, int]:
    _, _, keypoints, height, width = heat.scores.shape
    return {
        "keypoints": keypoints,
        "height": height,
        "width": width,
        "affines": heat.cell_to_pixel.shape[2],
    }


def _title(run: Mapping[str, Any], folder: Path) -> str:
    if not sources(run):
        return folder.resolve().name
    first = sources(run)[0]
    return (video_of(first) or first).stem


def sources(run: Mapping[str, Any]) -> list[Path]:
    """The files that were lifted, by the run's saved configuration."""
    evidence = run.get("evidence") or []
    return [Path(str(path)) for path in ([evidence] if isinstance(evidence, str) else evidence)]


def _facts(result: Result, run: Mapping[str, Any], kept: int) -> list[list[str]]:
    """Pairs of a word and what it says of the run."""
    hypotheses, frames = result.samples.shape[:2]
    duration = f"{frames / result.frame_rate:.1f} s at {result.frame_rate:g} Hz"
    facts = [["evidence", ", ".join(path.name for path in sources(run))]]
    facts += [["prior", Path(str(run.get("prior", ""))).name]]
    facts += [["sampler", _name(run.get("sampler"))]]
    facts += [["energy", " + ".join(_name(energy) for energy in run.get("energies") or ())]]
    facts += [["hypotheses", str(kept) if kept == hypotheses else f"{kept} of {hypotheses}"]]
    facts += [["frames", f"{frames}, {duration}" if frames > 1 else "1"]]
    return [[word, value] for word, value in facts if value]


def _name(component: Any) -> str:
    return str(component.get("name", "") if isinstance(component, Mapping) else component or "")


def _videos(
    config: PageConfig, run: Mapping[str, Any], views: int
) -> tuple[tuple[Video, ...], str]:
    """The videos, and a sentence on why there are none where the user might expect one."""
    if config.videos:
        return tuple(read_video(Path(path)) for path in config.videos[:views]), ""
    return known_video(sources(run), views)
