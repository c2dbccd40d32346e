"""All figures of one clip."""

from __future__ import annotations

import attrs
from jaxtyping import Float, Int
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
    """

    figures: dict[str, float]
    frames: int
    hits: Int[Tensor, "Q B"]
    joint_mean: Float[Tensor, " J"]
    joint_posterior_mean: Float[Tensor, " J"]


def score(
    joints: Float[Tensor, "H F J 3"],
    truth: Float[Tensor, "F J 3"],
    *,
    skeleton: Skeleton,
    frame_rate: float,
) -> Score:
    """The figures of one clip, all but those of sampling.

    Errors are relative to the root, joint 0, whose own error of zero counts in the means as it
    does elsewhere; the calibration leaves it out.

    Arguments:
        joints: hypotheses in the world, metres.
        truth: in the world, metres.
        skeleton: of the joints.
        frame_rate: frames a second.
    """
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
        figures["bone_length_variation"] = metrics.bone_length_variation(x, skeleton.bones)
    if len(truth) > 2:
        acceleration = float(metrics.acceleration_errors(x, y).mean())
        figures["acceleration_error"] = acceleration
        figures["acceleration_error_per_second2"] = acceleration * frame_rate**2
    return Score(
        figures=figures,
        frames=len(truth),
        hits=hits(x[:, :, 1:], y[:, 1:]).cpu(),
        joint_mean=errors.mean(0).sum(0).double().cpu(),
        joint_posterior_mean=posterior.sum(0).double().cpu(),
    )


def reprojection_px(
    projected: Float[Tensor, "H F V K 2"],
    observed: Float[Tensor, "F V K 2"],
    seen: Float[Tensor, "F V K"],
) -> float:
    """The mean distance in the image from the keypoints that were seen, px."""
    distance = (projected - observed).norm(dim=-1)
    mask = (seen > 0).to(distance)
    return float((distance * mask).sum() / (mask.sum() * len(projected)).clamp(min=1))
