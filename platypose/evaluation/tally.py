"""Sums over clips: they stay small however many clips there are, and those of shards add up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import torch
from torch import Tensor

from platypose.evaluation.calibration import QUANTILES, calibration_error, curve, quantiles
from platypose.evaluation.score import Score
from platypose.skeleton import Skeleton

FIGURES = (
    "energy_score",
    "ece",
    "ece_mean",
    "mpjpe_mean",
    "mpjpe_posterior_mean",
    "mpjpe_best_sequence",
    "mpjpe_best_frame",
    "pa_mpjpe_best",
    "pck150",
    "auc",
    "mpjve",
    "acceleration_error",
    "root_error",
    "reprojection_px",
    "seconds",
    "denoiser_calls",
)
"""The figures of a result, in the order in which they are told."""
FURTHER = (
    "mpjpe_absolute",
    "mpjve_per_second",
    "acceleration_error_per_second2",
    "bone_length_variation",
)
"""More of them."""


def _zeros(shape: Callable[[int], tuple[int, ...]], dtype: torch.dtype) -> Any:
    """A field that begins with zeros, of a shape that follows from the number of joints."""

    def zeros(tally: Any) -> Tensor:
        return torch.zeros(shape(len(tally.skeleton.joints)), dtype=dtype)

    return attrs.field(default=attrs.Factory(zeros, takes_self=True))


@attrs.define(kw_only=True, eq=False)
class Tally:
    """Sums over the clips of a group.

    Attributes:
        skeleton: of the joints.
        clips: how many.
        frames: of all of them.
        sums: of each figure: clips that have it, sum and sum of squares over them.
        hits: (Q, J − 1) frames.
        joint_mean: (J,) mm, over frames.
        joint_posterior_mean: (J,) mm, over frames.
        measured: (J,) frames in which the joint's truth is known.
    """

    skeleton: Skeleton
    clips: int = 0
    frames: int = 0
    sums: dict[str, tuple[int, float, float]] = attrs.field(factory=dict)
    hits: Tensor = _zeros(lambda joints: (QUANTILES, joints - 1), torch.int64)
    joint_mean: Tensor = _zeros(lambda joints: (joints,), torch.float64)
    joint_posterior_mean: Tensor = _zeros(lambda joints: (joints,), torch.float64)
    measured: Tensor = _zeros(lambda joints: (joints,), torch.int64)

    def add(self, score: Score) -> None:
        """Count one clip."""
        self.clips += 1
        self.frames += score.frames
        for name, value in score.figures.items():
            count, total, square = self.sums.get(name, (0, 0.0, 0.0))
            self.sums[name] = (count + 1, total + value, square + value * value)
        self.hits += score.hits
        self.joint_mean += score.joint_mean
        self.joint_posterior_mean += score.joint_posterior_mean
        self.measured += score.frames * score.measured

    def merge(self, other: Tally) -> None:
        """Count the clips of another group."""
        self.clips += other.clips
        self.frames += other.frames
        for name, sums in other.sums.items():
            count, total, square = self.sums.get(name, (0, 0.0, 0.0))
            self.sums[name] = (count + sums[0], total + sums[1], square + sums[2])
        self.hits += other.hits
        self.joint_mean += other.joint_mean
        self.joint_posterior_mean += other.joint_posterior_mean
        self.measured += other.measured

    def figures(self, names: tuple[str, ...] = FIGURES) -> dict[str, float | None]:
        """The mean over clips of each; None for what no clip has."""
        frequency = self._frequency()
        error = {
            "ece": calibration_error(frequency) if self.clips else None,
            "ece_mean": calibration_error(frequency, "mean") if self.clips else None,
        }
        return {name: error[name] if name in error else self._mean(name) for name in names}

    def standard_errors(self, names: tuple[str, ...] = FIGURES) -> dict[str, float | None]:
        """Of the means, as if clips were independent; the calibration has none."""
        return {name: self._standard_error(name) for name in names}

    def calibration(self) -> dict[str, list[float]]:
        """The calibration curve: frequencies of hits at the quantiles."""
        frequency = self._frequency()
        return {
            "quantiles": quantiles().tolist(),
            "median": curve(frequency, "median").tolist(),
            "mean": curve(frequency, "mean").tolist(),
        }

    def joints(self) -> dict[str, dict[str, float | None]]:
        """Errors and calibration error of each joint measured; the root has no calibration."""
        frames = self.measured.clamp(min=1)
        errors: list[float | None] = [None]
        errors += [calibration_error(column[:, None]) for column in (self.hits / frames[1:]).T]
        return {
            name: {"mpjpe_mean": mean, "mpjpe_posterior_mean": posterior, "ece": error}
            for name, mean, posterior, error, measured in zip(
                self.skeleton.joints,
                (self.joint_mean / frames).tolist(),
                (self.joint_posterior_mean / frames).tolist(),
                errors,
                self.measured.tolist(),
            )
            if measured or not self.frames
        }

    def to_plain(self) -> dict[str, Any]:
        """Plain values that `from_plain` reads back."""
        return {
            "clips": self.clips,
            "frames": self.frames,
            "sums": {name: list(sums) for name, sums in self.sums.items()},
            "hits": self.hits.tolist(),
            "joint_mean": self.joint_mean.tolist(),
            "joint_posterior_mean": self.joint_posterior_mean.tolist(),
            "measured": self.measured.tolist(),
        }

    @classmethod
    def from_plain(cls, content: Mapping[str, Any], skeleton: Skeleton) -> Tally:
        """What `to_plain` gave.

        Raises:
            KeyError, TypeError, ValueError: it gave something else.
        """
        empty = cls(skeleton=skeleton)
        tally = cls(
            skeleton=skeleton,
            clips=int(content["clips"]),
            frames=int(content["frames"]),
            sums={
                str(name): (int(count), float(total), float(square))
                for name, (count, total, square) in content["sums"].items()
            },
            hits=torch.tensor(content["hits"], dtype=torch.int64),
            joint_mean=torch.tensor(content["joint_mean"], dtype=torch.float64),
            joint_posterior_mean=torch.tensor(content["joint_posterior_mean"], dtype=torch.float64),
            measured=torch.tensor(content["measured"], dtype=torch.int64),
        )
        for name in ("hits", "joint_mean", "joint_posterior_mean", "measured"):
            if getattr(tally, name).shape != getattr(empty, name).shape:
                raise ValueError(f"{name} has another shape")
        return tally

    def _frequency(self) -> Tensor:
        """(Q, B) of hits, of the joints that were measured, without the root."""
        frames = self.measured[1:]
        kept = frames > 0 if bool(frames.any()) else torch.ones_like(frames, dtype=torch.bool)
        return self.hits[:, kept] / frames[kept].clamp(min=1)

    def _mean(self, name: str) -> float | None:
        count, total, _ = self.sums.get(name, (0, 0.0, 0.0))
        return total / count if count else None

    def _standard_error(self, name: str) -> float | None:
        count, total, square = self.sums.get(name, (0, 0.0, 0.0))
        if count < 2:
            return None
        variance = max(square - total * total / count, 0.0) / (count - 1)
        return math.sqrt(variance / count)
