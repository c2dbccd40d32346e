"""A prior by itself, measured on motion that was held out and by its free samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import UserError
from platypose.checkpoint.prior import Prior
from platypose.evaluation.prior.bodies import bone_asymmetry, bone_variation, foot_skating
from platypose.evaluation.prior.config import EvaluatePriorConfig
from platypose.evaluation.prior.errors import (
    SIGMAS,
    SIZES,
    TILTS,
    Errors,
    by_stance,
    errors_of,
    ratios,
    rms,
    tilted,
)
from platypose.evaluation.prior.features import (
    frechet_distance,
    pose_features,
    velocity_features,
)
from platypose.evaluation.prior.memorisation import clip_features, nearer, nearest
from platypose.evaluation.prior.recorded import Drawn, Recorded
from platypose.lifting import Platypose
from platypose.motion import MotionSet

FORMAT = 1
REFERENCES = 200_000
"""Training poses among which the nearest is sought, at most; of clips as many frames."""

_QUANTILES = tuple(round(0.05 * step, 2) for step in range(21))


def evaluate_prior(
    pose: Platypose,
    sets: Mapping[str, MotionSet],
    plan: EvaluatePriorConfig,
    *,
    progress: Callable[[str], None] = lambda stage: None,
) -> dict[str, Any]:
    """Measure a prior.

    Arguments:
        pose: the prior.
        sets: motion sets by name, of the prior's skeleton and frame rate.
        plan: on what; its `prior` and `data` are those of the other arguments.
        progress: told what comes next.

    Returns:
        plain values, for JSON; lengths in mm, speeds in mm/s. Lists by noise level follow `sigma`.

    Raises:
        UserError: the sets do not fit the prior or lack a split, or no recording is long enough.
    """
    began = time.perf_counter()
    prior = pose.prior
    frames = plan.frames or prior.header.frames
    _require_fit(prior, sets, frames)
    train = Recorded({name: (motion, plan.train) for name, motion in sets.items()})
    held_out = Recorded({name: (motion, plan.held_out) for name, motion in sets.items()})
    progress("denoising")
    denoising = _denoising(prior, sets, plan, frames)
    progress("sampling")
    count = max(plan.limit // frames, 2)
    samples = _samples(pose, count, frames, plan)
    generator = torch.Generator().manual_seed(plan.seed)
    real = {
        "held_out": held_out.draw(count, frames, generator),
        "train": train.draw(count, frames, generator),
        "train_again": train.draw(count, frames, generator),
    }
    progress("comparing")
    return {
        "kind": "prior-evaluation",
        "format": FORMAT,
        "data": {name: motion.source for name, motion in sets.items()},
        "credit": " ".join(dict.fromkeys(motion.credit for motion in sets.values())),
        "splits": {"train": plan.train, "held_out": plan.held_out},
        "frames": frames,
        "sampled_frames": count * frames,
        "sampler": plan.sampler.name,
        "seed": plan.seed,
        "scale_mm": 1000 * prior.header.scale,
        "steps": prior.header.step,
        "parameters": sum(p.numel() for p in prior.denoiser.parameters()),
        "denoising": denoising,
        "frechet": _frechet(prior, samples, real),
        "bodies": _bodies(prior, {"samples": samples} | {k: v.clips for k, v in real.items()}),
        "memorisation": _memorisation(prior, samples, train, held_out, frames),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _require_fit(prior: Prior, sets: Mapping[str, MotionSet], frames: int) -> None:
    header = prior.header
    for name, motion in sets.items():
        if (motion.skeleton, motion.frame_rate) != (header.skeleton, header.frame_rate):
            raise UserError(
                f"--data {name} has the skeleton {motion.skeleton} at {motion.frame_rate:g} Hz; "
                f"the prior needs {header.skeleton} at {header.frame_rate:g} Hz."
            )
    if not 1 <= frames <= header.frames:
        raise UserError(f"--frames {frames}: this prior knows clips of 1 to {header.frames}.")


def _denoising(
    prior: Prior, sets: Mapping[str, MotionSet], plan: EvaluatePriorConfig, frames: int
) -> dict[str, Any]:
    """Errors on train and held-out recordings, by set, stance, tilt and size."""
    splits = {"train": plan.train, "held_out": plan.held_out}
    count = max(plan.limit // frames, 1)
    parts: dict[str, dict[str, tuple[Tensor, Errors]]] = {split: {} for split in splits}
    for split, name in splits.items():
        for set_name, motion in sets.items():
            if not any(clip.split == name for clip in motion.clips):
                continue
            recorded = Recorded({set_name: (motion, name)})
            if not recorded.can_give(frames):
                continue
            generator = torch.Generator().manual_seed(plan.seed)
            clips = recorded.draw(count, frames, generator).clips
            weight = recorded.frames / clips[..., 0, 0].numel()
            parts[split][set_name] = clips, errors_of(prior, clips, weight, seed=plan.seed)
    errors = {split: [e for _, e in parts[split].values()] for split in splits}
    for split, name in splits.items():
        if not errors[split]:
            raise UserError(
                f"--data: no recording of the split {name!r} has {frames} frames; lower --frames."
            )
    overall = {split: rms(*errors[split]) for split in splits}
    changed = {
        name: rms(
            *(
                errors_of(prior, change(clips), e.weight, seed=plan.seed)
                for clips, e in parts["held_out"].values()
            )
        )
        for name, change in _changes(plan.seed)
    }
    return {
        "sigma": list(SIGMAS),
        "noise_mm": [1000 * prior.header.scale * sigma for sigma in SIGMAS],
        **{f"{split}_mm": overall[split] for split in splits},
        "ratio": ratios(overall, overall["train"])["held_out"],
        "by_set": {
            split: {name: rms(e) for name, (_, e) in parts[split].items()} for split in splits
        },
        "by_stance": {split: by_stance(*errors[split]) for split in splits},
        "changed_mm": changed,
        "changed_ratio": ratios(changed, overall["held_out"]),
    }


def _changes(seed: int) -> Iterator[tuple[str, Callable[[Tensor], Tensor]]]:
    """Cameras that are not level and bodies of other sizes, by name."""
    for degrees in TILTS:
        generator = torch.Generator().manual_seed(seed)
        yield f"tilt {degrees:g}°", lambda c, d=degrees, g=generator: tilted(c, d, g)  # type: ignore[misc]
    for size in SIZES:
        yield f"size {size:g}", lambda c, s=size: s * c  # type: ignore[misc]


def _samples(
    pose: Platypose, count: int, frames: int, plan: EvaluatePriorConfig
) -> Float[Tensor, "B F J 3"]:
    *_, last = pose.sample(count, frames, sampler=plan.sampler, seed=plan.seed)
    return last.sample.cpu().float()


def _frechet(
    prior: Prior, samples: Float[Tensor, "B F J 3"], real: Mapping[str, Drawn]
) -> dict[str, Any]:
    """Distances between samples and recordings, and between recordings, mm a joint."""

    def distances(features: Callable[[Tensor], Tensor]) -> dict[str, float]:
        clips = {"samples": samples} | {name: drawn.clips for name, drawn in real.items()}
        vectors = {name: features(c) for name, c in clips.items()}
        pairs = (
            ("samples", "train"),
            ("samples", "held_out"),
            ("held_out", "train"),
            ("train_again", "train"),
        )
        joints = (vectors["samples"].shape[1] / 3) ** 0.5
        return {f"{a}_{b}": frechet_distance(vectors[a], vectors[b]) / joints for a, b in pairs}

    skeleton, rate = prior.skeleton, prior.header.frame_rate
    content: dict[str, Any] = {"pose_mm": distances(lambda c: pose_features(c, skeleton))}
    if samples.shape[1] > 1:
        content["velocity_mm_s"] = distances(lambda c: velocity_features(c, skeleton, rate))
    return content


def _bodies(prior: Prior, clips: Mapping[str, Float[Tensor, "B F J 3"]]) -> dict[str, Any]:
    """Bones and feet of samples and of recordings."""
    skeleton, rate = prior.skeleton, prior.header.frame_rate
    chosen = {name: clips[name] for name in ("samples", "held_out", "train")}
    content: dict[str, Any] = {
        "bone_asymmetry_mm": {
            n: float(bone_asymmetry(c, skeleton).mean()) for n, c in chosen.items()
        }
    }
    if clips["samples"].shape[1] > 1:
        content["bone_variation_mm"] = {
            name: float(bone_variation(c, skeleton).mean()) for name, c in chosen.items()
        }
        content["foot_skating_mm_s"] = {
            name: attrs.asdict(foot_skating(c, skeleton, rate)) for name, c in chosen.items()
        }
    return content


def _memorisation(
    prior: Prior,
    samples: Float[Tensor, "B F J 3"],
    train: Recorded,
    held_out: Recorded,
    frames: int,
) -> dict[str, Any]:
    """Distances to the nearest training pose, and clip, of samples and of recordings."""
    content = {"poses": _nearest(prior, samples[:, :1], train, held_out)}
    if frames > 1:
        content["clips"] = _nearest(prior, samples, train, held_out)
    return content


def _nearest(
    prior: Prior, samples: Float[Tensor, "B F J 3"], train: Recorded, held_out: Recorded
) -> dict[str, Any]:
    count, frames = samples.shape[:2]

    def features(clips: Tensor) -> Tensor:
        return clip_features(clips.to(prior.device), prior.skeleton)

    references = train.spread(max(REFERENCES // frames, 1), frames)
    known = features(references.clips)
    other = train.spread(count, frames)
    distances = {
        "samples": nearest(features(samples), known),
        "held_out": nearest(features(held_out.spread(count, frames).clips), known),
        # One's own recording has frames next to any frame; what repeats it would lie as near.
        "train": nearest(
            features(other.clips),
            known,
            of=other.recording.to(prior.device),
            among=references.recording.to(prior.device),
        ),
    }
    finite = {n: d[d.isfinite()].cpu().double() for n, d in distances.items()}
    present = {name: d for name, d in finite.items() if len(d)}
    levels = torch.tensor(_QUANTILES, dtype=torch.float64)
    threshold = torch.quantile(present["held_out"], 0.05)
    return {
        "references": len(known),
        "quantiles": list(_QUANTILES),
        "nearest_mm": {name: torch.quantile(d, levels).tolist() for name, d in present.items()},
        "nearer_than_held_out": nearer(present["samples"], present["held_out"]),
        "below_held_out_5_percent": float((present["samples"] < threshold).double().mean()),
    }
