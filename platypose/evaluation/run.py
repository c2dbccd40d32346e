"""The evaluation itself: clip after clip is lifted as `platypose lift` would, and scored."""

from __future__ import annotations

import hashlib
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator

import attrs
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from platypose import __version__
from platypose.api import UserError
from platypose.config import unstructure
from platypose.evaluation.config import EvaluateConfig
from platypose.evaluation.excerpt import Excerpt, Scene
from platypose.evaluation.result import GROUPS, Evaluation
from platypose.evaluation.scenes import Work, part, runs
from platypose.evaluation.score import Score, reprojection_px, score
from platypose.evaluation.tally import Tally
from platypose.lifting import Guidance, Platypose
from platypose.lifting.pretrained import absolute
from platypose.motion.stance import stance


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
    work = Work(config, pose)
    # Whoever takes a part takes whole groups, so that the parts make the same whole.
    mine = range(len(work.groups))[shard[0] - 1 :: shard[1]]
    total, done, seconds = sum(len(work.groups[number]) for number in mine), 0, 0.0
    whole = Tally(skeleton=pose.prior.skeleton)
    by: dict[str, dict[str, Tally]] = {kind: {} for kind in GROUPS}
    progress(Progress(clips=0, total=total))
    for number in mine:
        scenes = work.scenes(number)
        done += len(work.groups[number]) - sum(len(scene.excerpts) for scene in scenes)
        for scene in scenes:
            guidance = bind(config, pose, scene)
            for excerpt, kind, scored in lift_scene(config, pose, scene, number, guidance):
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
            done += len(scene.excerpts)
            progress(Progress(clips=done, total=total))
    return Evaluation(
        config=unstructure(config),
        provenance={
            "prior": config.prior,
            "prior_step": pose.prior.header.step,
            "credit": " ".join(
                dict.fromkeys(t for t in (work.source.credit, pose.prior.header.credit) if t)
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
        left_out=dict(work.left_out),
        seconds=seconds,
    )


def bind(config: EvaluateConfig, pose: Platypose, scene: Scene) -> Guidance:
    """The energies and the root of a scene.

    Raises:
        UserError: an energy ties frames together that are clips of their own.
    """
    if len(scene.excerpts) > 1:
        _require_separate(config, pose, scene)
    return pose.energy(scene.evidence, *config.energies, root=config.root)


def lift_scene(
    config: EvaluateConfig, pose: Platypose, scene: Scene, number: int, guidance: Guidance
) -> Iterator[tuple[Excerpt, str, Score]]:
    """Each clip of a scene with its stance and score.

    Arguments:
        config: how to lift.
        pose: the prior.
        scene: of `Work.scenes`.
        number: of its group.
        guidance: as `bind` gives it.
    """
    began = time.perf_counter()
    joints, calls = _sample(config, pose, guidance, f"{number}/{scene.excerpts[0]}")
    if joints.is_cuda:
        torch.cuda.synchronize()
    seconds = (time.perf_counter() - began) / len(scene.truth)
    truth = torch.from_numpy(scene.truth).to(joints)
    points = torch.from_numpy(guidance.observed.points).to(joints)
    weights = torch.from_numpy(guidance.observed.weights).to(joints)
    pixels = None if guidance.views is None else guidance.views(joints)
    measured = None if scene.measured is None else torch.from_numpy(scene.measured)
    for excerpt, run in runs(scene.excerpts):
        scored = score(
            joints[:, run],
            truth[run],
            skeleton=pose.prior.skeleton,
            frame_rate=scene.evidence.frame_rate,
            measured=measured,
        )
        scored.figures["seconds"] = seconds
        scored.figures["denoiser_calls"] = calls
        if pixels is not None:
            projected = pixels[:, run]
            scored.figures["reprojection_px"] = reprojection_px(
                projected, points[run], weights[run]
            )
        yield excerpt, _stance(scene, run), scored


def _stance(scene: Scene, frames: NDArray[np.int64]) -> str:
    """That of most frames; nobody knows it of joints that were not measured."""
    if scene.measured is not None:
        return "unknown"
    return str(Counter(stance(scene.truth[frames]).tolist()).most_common(1)[0][0])


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
    placed = runs(scene.excerpts)[:3]
    several = part(scene, placed)
    joints = torch.from_numpy(several.truth).to(pose.prior.device, pose.dtype)[None]
    sway = torch.linspace(-0.1, 0.1, joints[0, 0].numel()).to(joints).view_as(joints[0, 0])
    joints = joints + sway
    together = pose.energy(several.evidence, *config.energies, root=config.root)(joints)
    for frame, run in enumerate(placed):
        alone = pose.energy(part(scene, [run]).evidence, *config.energies, root=config.root)
        apart = alone(joints[:, frame : frame + 1])
        if not torch.allclose(apart[:, 0], together[:, frame], rtol=1e-3, atol=1e-3):
            raise UserError(
                "One of the energies ties frames together, which clips of one frame do not have: "
                "leave it out, or choose --set frames=64."
            )
