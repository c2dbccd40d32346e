"""The rows of a comparison, and their file. Imports neither torch nor numpy."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platypose.api import UserError
from platypose.files import write_atomically

if TYPE_CHECKING:
    from platypose.evaluation.compare.config import Job
    from platypose.evaluation.tally import Tally

FIGURES = {
    "energy_score": "energy_score",
    "ece": "ece",
    "mpjpe_mean": "mpjpe_mean",
    "mpjpe_posterior_mean": "mpjpe_posterior_mean",
    "mpjpe_best": "mpjpe_best_sequence",
    "root_error": "root_error",
    "reprojection_px": "reprojection_px",
    "seconds": "seconds",
}
"""The figures of a row, and what they are called in an evaluation."""
CONDITIONS = (
    *("experiment", "prior", "frames", "root", "noise_px", "occlude", "views", "keypoints"),
    *("samples", "repeats", "clips", "split"),
)
"""What rows must share to be compared with one another."""


def row(
    job: Job,
    tallies: Sequence[Tally],
    *,
    left_out: Mapping[str, int],
    prior_step: int,
    credit: str,
    machine: str,
) -> dict[str, Any]:
    """One line of the results, as plain values.

    Arguments:
        job: the sampler at its calls.
        tallies: of each repeat; means over them are given, and their standard deviations.
        left_out: clips that were not lifted, by reason.
        prior_step: to which the prior was trained.
        credit: whom to thank for data and prior.
        machine: what sampled.
    """
    import platform

    import torch

    from platypose import __version__
    from platypose.config import unstructure
    from platypose.evaluation.metrics import COUNTS
    from platypose.evaluation.tally import Tally

    config, first = job.config, tallies[0]
    names = (*FIGURES.values(), "denoiser_calls")
    each = [tally.figures(names) for tally in tallies]
    means = {name: _mean([figures[name] for figures in each]) for name in names}
    spread = {name: _deviation([figures[name] for figures in each]) for name in names}
    whole = Tally(skeleton=first.skeleton)
    for tally in tallies:
        whole.merge(tally)
    errors = first.standard_errors(names)
    best = whole.figures(tuple(f"best_of_{count}" for count in COUNTS))
    calls = means["denoiser_calls"]
    return {
        "sampler": job.entrant.sampler.name,
        "label": job.entrant.label,
        "calls": None if calls is None else round(calls),
        "prior": config.prior,
        **{key: means[name] for key, name in FIGURES.items()},
        **{f"{key}_sd": spread[name] for key, name in FIGURES.items()},
        "standard_error": {key: errors[name] for key, name in FIGURES.items()},
        "experiment": config.experiment,
        "frames": first.frames / first.clips,
        "root": config.root,
        "noise_px": config.noise_px,
        "occlude": config.occlude,
        "views": config.views,
        "keypoints": config.keypoints,
        "samples": config.samples,
        "repeats": len(tallies),
        "seed": config.seed,
        "clips": first.clips,
        "split": config.split,
        "left_out": {reason: clips for reason, clips in sorted(left_out.items()) if clips},
        "energy_scale": config.energy_scale,
        "energies": unstructure(config.energies),
        "options": unstructure(config.sampler),
        "data": [path.stem for path in config.data],
        "calibration": whole.calibration(),
        "best_of": {
            name.removeprefix("best_of_"): error
            for name, error in best.items()
            if error is not None
        },
        "prior_step": prior_step,
        "credit": credit,
        "machine": machine,
        "precision": config.precision,
        "versions": {
            "platypose": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _deviation(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.stdev(known) if len(known) > 1 else None


def content(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What reports are given."""
    return {"kind": "comparison", "rows": list(rows)}


def alike(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Rows of the same conditions together, in the order in which these come."""
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for each in rows:
        found.setdefault(tuple(each[name] for name in CONDITIONS), []).append(each)
    return list(found.values())


def reference(rows: Sequence[Mapping[str, Any]], sampler: str) -> Mapping[str, Any] | None:
    """What others are measured against: of that sampler, at its most calls, the best energy score.

    Arguments:
        rows: of the same conditions.
        sampler: its name, or its name with options as they were typed.
    """
    those = [each for each in rows if sampler in (each["sampler"], each["label"])]
    if not those:
        return None
    most = max(each["calls"] for each in those)
    return min(
        (each for each in those if each["calls"] == most), key=lambda each: each["energy_score"]
    )


def write_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the rows as JSON, whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    with write_atomically(path) as file:
        file.write((json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read what `write_rows` wrote.

    Raises:
        UserError: the file is missing or is something else.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no JSON ({error}).") from None
    needed = {"sampler", "label", "calls", "calibration", "best_of", *FIGURES, *CONDITIONS}
    if not isinstance(rows, list) or not all(
        isinstance(each, dict) and needed <= each.keys() for each in rows
    ):
        raise UserError(f"{path} holds no results of platypose compare.")
    return rows
