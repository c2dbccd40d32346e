"""What an evaluation lifts: clips of the data, as a detector saw them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from platypose.api import UserError
from platypose.checkpoint.header import read_raw_header
from platypose.config import unstructure
from platypose.evaluation.config import EvaluateConfig
from platypose.evaluation.detection import detect
from platypose.evaluation.excerpt import TOGETHER, Excerpt, Scene, Source
from platypose.evaluation.filmed import FilmedSource, data_set_films, evidence_files
from platypose.evaluation.made import MadeSource
from platypose.evidence import Camera, observe
from platypose.evidence.presets import h36m_cameras
from platypose.lifting import Platypose
from platypose.lifting.root import FEWEST

SHUFFLE = 2403_06164
"""Seed of the order of clips."""
OUT_OF_SIGHT = "no camera sees the whole clip"
TOO_FEW = f"a frame shows fewer than {FEWEST} keypoints"
DETECTOR = 1_000_003
"""Seed of noise and gaps; a group's number is added."""


class Work:
    """The clips of an evaluation, which depend on neither sampler nor seed.

    Arguments:
        config: the evaluation.
        pose: its prior, whose length clips have at most.

    Attributes:
        groups: of clips that one evidence shows.
        left_out: clips of the groups seen so far that cannot be lifted, by reason.

    Raises:
        UserError: something in the configuration or the data is wrong.
    """

    def __init__(self, config: EvaluateConfig, pose: Platypose) -> None:
        header = pose.prior.header
        frames = config.frames or header.frames
        if 1 < header.frames < frames:
            raise UserError(
                f"frames is {frames}, but the prior {config.prior} knows clips of up to "
                f"{header.frames} frames."
            )
        self.config, self.skeleton = config, pose.prior.skeleton
        self.source = _source(config, frames, header.frame_rate)
        found = self.source.excerpts()
        shuffle = torch.Generator().manual_seed(SHUFFLE)
        order = torch.randperm(len(found), generator=shuffle).tolist()
        chosen = [found[index] for index in order[: config.limit]]
        self.groups = self.source.group(chosen, together=TOGETHER if frames == 1 else 1)
        self.left_out: Counter[str] = Counter()

    def scenes(self, number: int) -> list[Scene]:
        """What a detector gives of a group, in scenes that the chunk allows to lift at once."""
        scene = self._seen(number)
        if scene is None:
            return []
        most = max(1, self.config.chunk // self.config.samples)
        each = max(1, most // scene.excerpts[0].frames)
        placed = runs(scene.excerpts)
        return [part(scene, placed[i : i + each]) for i in range(0, len(placed), each)]

    def _seen(self, number: int) -> Scene | None:
        """A group without the clips that show too little."""
        config, group = self.config, self.groups[number]
        scene = self.source.see(group, number)
        self.left_out[OUT_OF_SIGHT] += len(group) - (len(scene.excerpts) if scene else 0)
        if scene is None:
            return None
        evidence = attrs.evolve(scene.evidence, cameras=_stood_in(scene.evidence.cameras, config))
        evidence = detect(
            evidence,
            noise_px=config.noise_px,
            occlude=config.occlude,
            generator=torch.Generator().manual_seed(DETECTOR + number),
        )
        counts = (observe(evidence, self.skeleton).weights > 0).sum((1, 2))
        kept = [
            (excerpt, run)
            for excerpt, run in runs(scene.excerpts)
            if config.root == "known" or counts[run].min() >= FEWEST
        ]
        self.left_out[TOO_FEW] += len(scene.excerpts) - len(kept)
        if not kept:
            return None
        return part(attrs.evolve(scene, evidence=evidence), kept)


def runs(excerpts: Sequence[Excerpt]) -> list[tuple[Excerpt, NDArray[np.int64]]]:
    """Each clip with its frames in the scene."""
    ends = np.cumsum([excerpt.frames for excerpt in excerpts])
    return [(e, np.arange(end - e.frames, end)) for e, end in zip(excerpts, ends)]


def part(scene: Scene, placed: Sequence[tuple[Excerpt, NDArray[np.int64]]]) -> Scene:
    """Some clips of a scene, with their frames as `runs` gives them."""
    if len(placed) == len(scene.excerpts):
        return scene
    frames = np.concatenate([run for _, run in placed])
    return Scene(
        excerpts=tuple(excerpt for excerpt, _ in placed),
        evidence=scene.evidence.at(frames),
        truth=scene.truth[frames],
        measured=scene.measured,
    )


def _source(config: EvaluateConfig, frames: int, frame_rate: float) -> Source:
    if not config.data:
        raise UserError("--data is missing; it names the files to lift.")
    missing = [path for path in config.data if not path.exists()]
    if missing:
        raise UserError(f"--data: there is no {missing[0]}.")
    if config.views > 1 and (config.dataset is not None or _is_evidence(config)):
        raise UserError("views is for made cameras alone; what was filmed has its own.")
    if config.dataset is not None:
        films = data_set_films(config.dataset, config.data, config.split)
    elif _is_evidence(config):
        films = evidence_files(config.data)
    else:
        return MadeSource(
            config.data,
            _stood_in(h36m_cameras(), config),
            split=config.split,
            frames=frames,
            spacing=config.spacing,
            frame_rate=frame_rate,
            keypoints=config.keypoints,
            views=config.views,
        )
    return FilmedSource(films, frames=frames, spacing=config.spacing, frame_rate=frame_rate)


def _is_evidence(config: EvaluateConfig) -> bool:
    """Whether the data are evidence files or folders of them, and no motion sets."""
    first = config.data[0]
    if first.is_dir() or first.suffix == ".npz":
        return True
    return bool(read_raw_header(first).get("kind") == "evidence")


def _stood_in(cameras: Sequence[Camera], config: EvaluateConfig) -> tuple[Camera, ...]:
    """The cameras with the projection that the configuration puts in the place of theirs."""
    if config.projection is None:
        return tuple(cameras)
    options = unstructure(config.projection)
    name = options.pop("name")
    return tuple(attrs.evolve(camera, projection=name, parameters=options) for camera in cameras)
