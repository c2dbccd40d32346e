"""All figures of one clip."""

from __future__ import annotations

import attrs
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from platypose.evaluation import metrics
from platypose.evaluation.calibration import hits
from platypose.skeleton import Skeleton


@attrs.frozen(kw_only=True, eq=False)
class Score:
    """What one clip adds to the results.

    Attributes:
        figures: by name; a figure that the clip is too short for is missing.
        frames: of the clip.
        hits: (Q, J − 1) frames in which the truth lies within a quantile, without the root.
        joint_mean: (J,) mean error over hypotheses, summed over frames, mm.
        joint_posterior_mean: (J,) error of the posterior mean, summed over frames, mm.
        measured: (J,) whose truth is known; of others the sums are 0.
    """

    figures: dict[str, float]
    frames: int
    hits: Int[Tensor, "Q B"]
    joint_mean: Float[Tensor, " J"]
    joint_posterior_mean: Float[Tensor, " J"]
    measured: Bool[Tensor, " J"]


def score(
    joints: Float[Tensor, "H F J 3"],
    truth: Float[Tensor, "F J 3"],
    *,
    skeleton: Skeleton,
    frame_rate: float,
    measured: Bool[Tensor, " J"] | None = None,
) -> Score:
    """The figures of one clip, all but those of sampling.

    Errors are relative to the root, joint 0, whose own error of zero counts in the means as it
    does elsewhere; the calibration leaves it out.

    Arguments:
        joints: hypotheses in the world, metres.
        truth: in the world, metres.
        skeleton: of the joints.
        frame_rate: frames a second.
        measured: whose truth is known, the root among them; None for all. Of the others nothing
            is counted but the variation of bones.
    """
    if measured is None:
        measured = torch.ones(joints.shape[2], dtype=torch.bool)
    bones = joints
    joints, truth = joints[:, :, measured], truth[:, measured]
    x, y = metrics.relative(joints), metrics.relative(truth)
    errors = metrics.joint_errors(x, y)
    best = metrics.best_sequence(errors)
    posterior = metrics.posterior_mean_errors(x, y)
    aligned = metrics.joint_errors(metrics.procrustes(x, y), y)
    root = metrics.joint_errors(joints[:, :, :1], truth[:, :1])
    figures = {
        "energy_score": float(metrics.energy_score(x, y).mean()),
        "mpjpe_mean": float(errors.mean()),
        "mpjpe_posterior_mean": float(posterior.mean()),
        "mpjpe_best_sequence": metrics.min_mpjpe_sequence(errors),
        "mpjpe_best_frame": metrics.min_mpjpe_frame(errors),
        **{f"best_of_{count}": error for count, error in metrics.best_of(errors).items()},
        "pa_mpjpe_best": metrics.min_mpjpe_sequence(aligned),
        "pck150": metrics.pck(errors[best]),
        "auc": metrics.auc(errors[best]),
        "root_error": float(root.mean()),
        "mpjpe_absolute": float(metrics.joint_errors(joints, truth).mean()),
    }
    if len(truth) > 1:
        velocity = float(metrics.velocity_errors(x, y).mean())
        figures["mpjve"] = velocity
        figures["mpjve_per_second"] = velocity * frame_rate
        figures["bone_length_variation"] = metrics.bone_length_variation(bones, skeleton.bones)
    if len(truth) > 2:
        acceleration = float(metrics.acceleration_errors(x, y).mean())
        figures["acceleration_error"] = acceleration
        figures["acceleration_error_per_second2"] = acceleration * frame_rate**2
    return Score(
        figures=figures,
        frames=len(truth),
        hits=_spread(hits(x[:, :, 1:], y[:, 1:]), measured[1:]),
        joint_mean=_spread(errors.mean(0).sum(0).double(), measured),
        joint_posterior_mean=_spread(posterior.sum(0).double(), measured),
        measured=measured,
    )


def _spread(values: Shaped[Tensor, "*N M"], measured: Bool[Tensor, " J"]) -> Shaped[Tensor, "*N J"]:
    """Values of the measured joints among zeros for the others, on the CPU."""
    spread = torch.zeros(*values.shape[:-1], len(measured), dtype=values.dtype)
    spread[..., measured] = values.cpu()
    return spread


def reprojection_px(
    projected: Float[Tensor, "H F V K 2"],
    observed: Float[Tensor, "F V K 2"],
    seen: Float[Tensor, "F V K"],
) -> float:
    """The mean distance in the image from the keypoints that were seen, px."""
    distance = (projected - observed).norm(dim=-1)
    mask = (seen > 0).to(distance)
    return float((distance * mask).sum() / (mask.sum() * len(projected)).clamp(min=1))
