"""The evaluation itself: clip after clip is lifted as `platypose lift` would, and scored."""

from __future__ import annotations

import hashlib
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import attrs
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from platypose import __version__
from platypose.api import UserError
from platypose.checkpoint.header import read_raw_header
from platypose.config import unstructure
from platypose.evaluation.config import EvaluateConfig
from platypose.evaluation.detection import detect
from platypose.evaluation.excerpt import TOGETHER, Excerpt, Scene, Source
from platypose.evaluation.filmed import FilmedSource, data_set_films, evidence_files
from platypose.evaluation.made import MadeSource, h36m_cameras
from platypose.evaluation.result import GROUPS, Evaluation
from platypose.evaluation.score import Score, reprojection_px, score
from platypose.evaluation.tally import Tally
from platypose.evidence import Camera, observe
from platypose.lifting import Guidance, Platypose
from platypose.lifting.pretrained import absolute
from platypose.lifting.root import FEWEST
from platypose.motion.stance import stance

SHUFFLE = 2403_06164
"""Seed of the order of clips."""
OUT_OF_SIGHT = "no camera sees the whole clip"
TOO_FEW = f"a frame shows fewer than {FEWEST} keypoints"
DETECTOR = 1_000_003
"""Seed of noise and gaps; a group's number is added."""


@attrs.frozen(kw_only=True)
class Progress:
    """How far an evaluation is.

    Attributes:
        clips: done.
        total: to do.
    """

    clips: int
    total: int


def evaluate(
    config: EvaluateConfig,
    *,
    shard: tuple[int, int] = (1, 1),
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Evaluation:
    """Lift and score clips.

    Arguments:
        config: the evaluation.
        shard: which part of the work to do, (number from 1, of how many).
        progress: called after each batch.

    Raises:
        UserError: something in the configuration or the data is wrong.
    """
    config = attrs.evolve(
        config, prior=absolute(config.prior), data=tuple(path.resolve() for path in config.data)
    )
    pose = Platypose.from_pretrained(config.prior, device=config.device, precision=config.precision)
    frames = config.frames or pose.prior.header.frames
    if 1 < pose.prior.header.frames < frames:
        raise UserError(
            f"frames is {frames}, but the prior {config.prior} knows clips of up to "
            f"{pose.prior.header.frames} frames."
        )
    source = _source(config, frames, pose.prior.header.frame_rate)
    found = source.excerpts()
    order = torch.randperm(len(found), generator=torch.Generator().manual_seed(SHUFFLE)).tolist()
    chosen = [found[index] for index in order[: config.limit]]
    groups = source.group(chosen, together=TOGETHER if frames == 1 else 1)
    # Whoever takes a part takes whole groups, so that the parts make the same whole.
    mine = list(enumerate(groups))[shard[0] - 1 :: shard[1]]
    total, done, seconds = sum(len(group) for _, group in mine), 0, 0.0
    whole = Tally(skeleton=pose.prior.skeleton)
    by: dict[str, dict[str, Tally]] = {kind: {} for kind in GROUPS}
    left_out: Counter[str] = Counter()
    progress(Progress(clips=0, total=total))
    for number, group in mine:
        scene = _seen(config, source, pose, group, number, left_out)
        done += len(group) - (len(scene.excerpts) if scene else 0)
        if scene is None:
            continue
        if len(scene.excerpts) > 1:
            _require_separate(config, pose, scene)
        for batch in _batches(scene, max(1, config.chunk // config.samples)):
            for excerpt, kind, scored in _lift(config, pose, batch, number):
                seconds += scored.frames * scored.figures["seconds"]
                names = {
                    "stance": kind,
                    "action": excerpt.action or "unknown",
                    "data_set": excerpt.data_set,
                }
                whole.add(scored)
                for group_kind, name in names.items():
                    tally = by[group_kind].setdefault(name, Tally(skeleton=whole.skeleton))
                    tally.add(scored)
            done += len(batch.excerpts)
            progress(Progress(clips=done, total=total))
    return Evaluation(
        config=unstructure(config),
        provenance={
            "prior": config.prior,
            "prior_step": pose.prior.header.step,
            "credit": " ".join(
                dict.fromkeys(t for t in (source.credit, pose.prior.header.credit) if t)
            ),
            "versions": {
                "platypose": __version__,
                "torch": torch.__version__,
                "python": platform.python_version(),
            },
        },
        shards=(shard,),
        whole=whole,
        groups=by,
        left_out=dict(left_out),
        seconds=seconds,
    )


def _source(config: EvaluateConfig, frames: int, frame_rate: float) -> Source:
    if not config.data:
        raise UserError("--data is missing; it names the files to lift.")
    missing = [path for path in config.data if not path.exists()]
    if missing:
        raise UserError(f"--data: there is no {missing[0]}.")
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


def _seen(
    config: EvaluateConfig,
    source: Source,
    pose: Platypose,
    group: tuple[Excerpt, ...],
    number: int,
    left_out: Counter[str],
) -> Scene | None:
    """What a detector gives of a group, without the clips that show too little."""
    scene = source.see(group, number)
    left_out[OUT_OF_SIGHT] += len(group) - (len(scene.excerpts) if scene else 0)
    if scene is None:
        return None
    evidence = attrs.evolve(scene.evidence, cameras=_stood_in(scene.evidence.cameras, config))
    evidence = detect(
        evidence,
        noise_px=config.noise_px,
        occlude=config.occlude,
        generator=torch.Generator().manual_seed(DETECTOR + number),
    )
    counts = (observe(evidence, pose.prior.skeleton).weights > 0).sum((1, 2))
    kept = [
        (excerpt, run)
        for excerpt, run in _runs(scene.excerpts)
        if config.root == "known" or counts[run].min() >= FEWEST
    ]
    left_out[TOO_FEW] += len(scene.excerpts) - len(kept)
    if not kept:
        return None
    return _part(attrs.evolve(scene, evidence=evidence), kept)


def _runs(excerpts: Sequence[Excerpt]) -> list[tuple[Excerpt, NDArray[np.int64]]]:
    """Each clip with its frames in the scene."""
    ends = np.cumsum([excerpt.frames for excerpt in excerpts])
    return [(e, np.arange(end - e.frames, end)) for e, end in zip(excerpts, ends)]


def _part(scene: Scene, runs: Sequence[tuple[Excerpt, NDArray[np.int64]]]) -> Scene:
    if len(runs) == len(scene.excerpts):
        return scene
    frames = np.concatenate([run for _, run in runs])
    return Scene(
        excerpts=tuple(excerpt for excerpt, _ in runs),
        evidence=scene.evidence.at(frames),
        truth=scene.truth[frames],
    )


def _batches(scene: Scene, most: int) -> list[Scene]:
    """Scenes of whole clips, of at most so many frames where one clip is no longer than that."""
    each = max(1, most // scene.excerpts[0].frames)
    runs = _runs(scene.excerpts)
    return [_part(scene, runs[i : i + each]) for i in range(0, len(runs), each)]


def _lift(
    config: EvaluateConfig, pose: Platypose, scene: Scene, number: int
) -> Iterator[tuple[Excerpt, str, Score]]:
    """Each clip of a scene with its stance and score."""
    guidance = pose.energy(scene.evidence, *config.energies, root=config.root)
    began = time.perf_counter()
    joints, calls = _sample(config, pose, guidance, f"{number}/{scene.excerpts[0]}")
    if joints.is_cuda:
        torch.cuda.synchronize()
    seconds = (time.perf_counter() - began) / len(scene.truth)
    truth = torch.from_numpy(scene.truth).to(joints)
    points = torch.from_numpy(guidance.observed.points).to(joints)
    weights = torch.from_numpy(guidance.observed.weights).to(joints)
    pixels = None if guidance.views is None else guidance.views(joints)
    for excerpt, run in _runs(scene.excerpts):
        part, names = joints[:, run], stance(scene.truth[run]).tolist()
        scored = score(
            part,
            truth[run],
            skeleton=pose.prior.skeleton,
            frame_rate=scene.evidence.frame_rate,
        )
        scored.figures["seconds"] = seconds
        scored.figures["denoiser_calls"] = calls
        if pixels is not None:
            projected = pixels[:, run]
            scored.figures["reprojection_px"] = reprojection_px(
                projected, points[run], weights[run]
            )
        yield excerpt, Counter(names).most_common(1)[0][0], scored


def _sample(
    config: EvaluateConfig, pose: Platypose, guidance: Guidance, place: str
) -> tuple[Float[Tensor, "H F J 3"], int]:
    """The hypotheses in the world, as many at once as the chunk allows, and denoiser calls."""
    frames = guidance.observed.evidence.num_frames
    most = max(1, config.chunk // frames)
    parts = []
    for start in range(0, config.samples, most):
        digest = hashlib.sha256(f"{config.seed}/{place}/{start}".encode()).digest()
        *_, step = pose.sample(
            min(most, config.samples - start),
            frames,
            energy=guidance,
            energy_scale=config.energy_scale,
            sampler=config.sampler,
            seed=int.from_bytes(digest[:7]),
        )
        parts.append(step.joints)
    return torch.cat(parts), step.denoiser_calls


def _require_separate(config: EvaluateConfig, pose: Platypose, scene: Scene) -> None:
    """Refuse energies that would tie frames of different clips to one another.

    Raises:
        UserError: the energy of a frame depends on those beside it.
    """
    runs = _runs(scene.excerpts)[:3]
    several = _part(scene, runs)
    joints = torch.from_numpy(several.truth).to(pose.prior.device, pose.dtype)[None]
    sway = torch.linspace(-0.1, 0.1, joints[0, 0].numel()).to(joints).view_as(joints[0, 0])
    joints = joints + sway
    together = pose.energy(several.evidence, *config.energies, root=config.root)(joints)
    for frame, run in enumerate(runs):
        alone = pose.energy(_part(scene, [run]).evidence, *config.energies, root=config.root)
        apart = alone(joints[:, frame : frame + 1])
        if not torch.allclose(apart[:, 0], together[:, frame], rtol=1e-3, atol=1e-3):
            raise UserError(
                "One of the energies ties frames together, which clips of one frame do not have: "
                "leave it out, or choose --set frames=64."
            )
